import FreshetGeneration

/// The first line of a segment file: which process and loop wrote it, and in which version of the form.
enum SegmentHead {
    /// Of what this program writes.
    static let version = 1
    private static let beginning = Array("{\"type\":\"segment\",\"freshet\":".utf8)

    /// The line as it is written.
    static func line(epoch: UInt64, loop: Int, number: Int) -> [UInt8] {
        var line = beginning
        line += "\(version),\"epoch\":\(epoch),\"loop\":\(loop),\"number\":\(number)".utf8
        LineSum.close(&line, from: 0)
        return line
    }

    /// The version that a line names; nil when it is no head.
    static func version(of line: Span<UInt8>) -> Int? {
        guard line.count > beginning.count else { return nil }
        for place in beginning.indices where line[place] != beginning[place] { return nil }
        var (version, place) = (0, beginning.count)
        while place < line.count, (0x30...0x39).contains(line[place]), version < 1_000_000 {
            version = version * 10 + Int(line[place] - 0x30)
            place += 1
        }
        return version
    }

    static func refusal(of path: String, _ version: Int) -> StoreFailure {
        StoreFailure(
            .tooNew, "segment \(path) is of a later version (\(version)); this program knows \(Self.version)")
    }
}
