/// How a segment file is named, `0000000007-02-000013.ndjson`: epoch, loop, number. Names sort as they were written.
struct SegmentName: Equatable {
    var epoch: UInt64
    var loop: Int
    var number: Int

    var text: String {
        "\(Self.digits(epoch, 10))-\(Self.digits(UInt64(loop), 2))-\(Self.digits(UInt64(number), 6)).ndjson"
    }

    init(epoch: UInt64, loop: Int, number: Int) { (self.epoch, self.loop, self.number) = (epoch, loop, number) }

    /// nil for the name of any other file.
    init?(_ text: String) {
        guard text.hasSuffix(".ndjson") else { return nil }
        let parts = text.dropLast(".ndjson".count).split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 3, let epoch = UInt64(parts[0]), let loop = Int(parts[1]), let number = Int(parts[2])
        else { return nil }
        self.init(epoch: epoch, loop: loop, number: number)
    }

    private static func digits(_ number: UInt64, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}
