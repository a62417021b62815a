/// The first line of a response: `version SP status SP reason`; the last space may be missing with its reason.
struct StatusLine: Sendable {
    let version: HTTPVersion
    let status: Int
    let reason: String

    /// `line` is a line of `bytes` without its end, free of control bytes.
    init(_ line: Range<Int>, in bytes: Span<UInt8>) throws(HTTPError) {
        let start = line.lowerBound
        guard line.count >= 12, bytes[start &+ 8] == .space else { throw .badStatusLine }
        version = try HTTPVersion(start..<start &+ 8, in: bytes, otherwise: .badStatusLine)
        guard let number = bytes.decimal(start &+ 9..<start &+ 12), number >= 100, number < 600 else {
            throw .badStatusLine
        }
        guard line.count == 12 || bytes[start &+ 12] == .space else { throw .badStatusLine }
        status = Int(number)
        reason = bytes.string(min(start &+ 13, line.upperBound)..<line.upperBound)
    }
}
