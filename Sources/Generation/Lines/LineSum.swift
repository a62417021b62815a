import FreshetPartialJSON

/// How every line ends, so that one that was damaged or cut is known from a sound one:
///
/// ```
/// {…,"sum":"89abcdef"}␊      CRC-32 of all bytes before the comma, eight lower-case digits
/// ```
package enum LineSum {
    /// Bytes from the comma to the brace.
    package static let length = 18

    /// Closes the line that begins at `start` in `out` and lacks its brace.
    package static func close(_ out: inout [UInt8], from start: Int) {
        var sum = CRC32.sum(of: out.span.extracting(start..<out.count))
        out.appendJSON(raw: ",\"sum\":\"00000000\"}\n")
        for place in 1...8 {
            let digit = UInt8(truncatingIfNeeded: sum) & 0xF
            out[out.count &- 3 &- place] = digit < 10 ? 0x30 &+ digit : 0x57 &+ digit
            sum &>>= 4
        }
    }

    /// Whether `line`, without its line feed, is one that was closed so and has not changed since.
    package static func isSound(_ line: Span<UInt8>) -> Bool {
        guard line.count > length, line[0] == 0x7B else { return false }
        let end = line.count - length
        var expected: [UInt8] = []
        expected.reserveCapacity(length + 1)
        let sum = CRC32.sum(of: line.extracting(0..<end))
        expected.appendJSON(raw: ",\"sum\":\"")
        for place in 1...8 {
            let digit = UInt8(truncatingIfNeeded: sum &>> UInt32(32 - 4 * place)) & 0xF
            expected.append(digit < 10 ? 0x30 + digit : 0x57 + digit)
        }
        expected.appendJSON(raw: "\"}")
        return line.extracting(end..<line.count).equals(expected.span)
    }
}
