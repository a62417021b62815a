import FreshetPartialJSON

/// Cuts a file of lines into its sound lines and what was damaged. A line is sound when its sum says so.
public struct LogLineSplitter: Sendable {
    /// What the next bytes are.
    public enum Piece: Equatable, Sendable {
        /// A sound line, without its line feed.
        case line
        /// Bytes that were changed after they had been written.
        case damage
        /// The end of the file, cut within a line.
        case torn
    }

    private var bytes: [UInt8] = []
    private var head = 0
    /// `head..<scanned` holds no line feed.
    private var scanned = 0
    /// Where `bytes[0]` stands in the file.
    private var base: UInt64 = 0
    /// Pieces that were found in a damaged line, last first.
    private var found: [(piece: Piece, range: Range<Int>)] = []
    /// Bytes of a line that is too long, passed over so far.
    private var isPassingOver = false
    private let limit: Int
    /// Places in a damaged line where a sound one is looked for: a line feed that is lost joins two lines.
    private static let seams = 6

    /// - Parameter limit: Bytes of one line; a longer one is damage.
    public init(limit: Int = 64 << 20) { self.limit = limit }

    /// Takes the file's next bytes.
    public mutating func receive(_ chunk: Span<UInt8>) {
        if found.isEmpty, head > 0 {
            bytes.removeFirst(head)
            base += UInt64(head)
            (scanned, head) = (scanned - head, 0)
        }
        chunk.withUnsafeBufferPointer { bytes.append(contentsOf: $0) }
    }

    /// Lends the next piece and the place of its first byte in the file.
    ///
    /// - Returns: false when no whole line is there yet.
    public mutating func next(_ body: (Piece, _ offset: UInt64, Span<UInt8>) -> Void) -> Bool {
        while found.isEmpty {
            let end = bytes.span.firstLineFeed(from: scanned)
            guard let end else {
                scanned = bytes.count
                return passOver(body)
            }
            found(in: head..<end)
            (head, scanned) = (end + 1, end + 1)
        }
        lend(body)
        return true
    }

    /// The file ends here: lends what is left, if anything is.
    public mutating func finish(_ body: (Piece, _ offset: UInt64, Span<UInt8>) -> Void) -> Bool {
        if !found.isEmpty { return next(body) }
        guard head < bytes.count || isPassingOver else { return false }
        found = [(isPassingOver ? .damage : .torn, head..<bytes.count)]
        (head, scanned, isPassingOver) = (bytes.count, bytes.count, false)
        lend(body)
        return true
    }

    private mutating func lend(_ body: (Piece, UInt64, Span<UInt8>) -> Void) {
        guard let (piece, range) = found.popLast() else { return }
        body(piece, base + UInt64(range.lowerBound), bytes.span.extracting(range))
    }

    /// Gives up the beginning of a line that is too long.
    private mutating func passOver(_ body: (Piece, UInt64, Span<UInt8>) -> Void) -> Bool {
        guard bytes.count - head > limit else { return false }
        found = [(.damage, head..<bytes.count)]
        (head, isPassingOver) = (bytes.count, true)
        lend(body)
        return true
    }

    private mutating func found(in line: Range<Int>) {
        defer { isPassingOver = false }
        guard !isPassingOver else {
            found = [(.damage, line)]
            return
        }
        guard !line.isEmpty else { return }
        guard !LineSum.isSound(bytes.span.extracting(line)) else {
            found = [(.line, line)]
            return
        }
        var starts = bytes.span.lineStarts(in: line, atMost: Self.seams)
        if starts.first != line.lowerBound { starts.insert(line.lowerBound, at: 0) }
        var pieces: [(piece: Piece, range: Range<Int>)] = []
        for (place, start) in starts.enumerated() where start >= (pieces.last?.range.upperBound ?? 0) {
            // The line feed between two lines became some other byte.
            let ends = starts[(place + 1)...].map { $0 - 1 } + [line.upperBound]
            guard let end = ends.first(where: { start < $0 && LineSum.isSound(bytes.span.extracting(start..<$0)) })
            else { continue }
            pieces.append((.line, start..<end))
        }
        found = Self.withDamage(between: pieces, in: line).reversed()
    }

    private static func withDamage(
        between pieces: [(piece: Piece, range: Range<Int>)], in line: Range<Int>
    ) -> [(piece: Piece, range: Range<Int>)] {
        var all: [(piece: Piece, range: Range<Int>)] = []
        var at = line.lowerBound
        for piece in pieces {
            if at < piece.range.lowerBound || !all.isEmpty { all.append((.damage, at..<piece.range.lowerBound)) }
            all.append(piece)
            at = piece.range.upperBound
        }
        if at < line.upperBound || all.isEmpty { all.append((.damage, at..<line.upperBound)) }
        return all
    }
}

extension Span<UInt8> {
    fileprivate func firstLineFeed(from start: Int) -> Int? {
        var at = start
        while at < count {
            if self[at] == 0x0A { return at }
            at &+= 1
        }
        return nil
    }

    /// Where a line may begin.
    fileprivate func lineStarts(in range: Range<Int>, atMost limit: Int) -> [Int] {
        let mark = Array("{\"type\":\"".utf8)
        var starts: [Int] = []
        var at = range.lowerBound
        while at + mark.count <= range.upperBound, starts.count < limit {
            if self[at] == mark[0], extracting(at..<at + mark.count).equals(mark.span) { starts.append(at) }
            at += 1
        }
        return starts
    }
}
