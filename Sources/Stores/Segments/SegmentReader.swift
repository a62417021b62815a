import FreshetGeneration
import Glibc

/// Reads one segment file from beginning to end, at most a mebibyte and one line at a time in memory.
struct SegmentReader {
    private static let pieceBytes = 1 << 20

    /// Lends each sound line to `body`, which says whether it could read it.
    ///
    /// - Returns: What was found.
    static func read(_ path: String, _ body: (Span<UInt8>) -> Bool) -> SegmentReport {
        var report = SegmentReport(path: path)
        let file = Glibc.open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else {
            report.failure = StoreFailure("open", path)
            return report
        }
        defer { close(file) }
        var splitter = LogLineSplitter()
        var piece = [UInt8](repeating: 0, count: pieceBytes)
        while true {
            let count = Glibc.read(file, &piece, piece.count)
            if count < 0, errno == EINTR { continue }
            if count < 0 { report.failure = StoreFailure("read", path) }
            guard count > 0 else { break }
            splitter.receive(piece.span.extracting(0..<count))
            while splitter.next({ take($0, $1, $2, &report, body) }) {}
        }
        while splitter.finish({ take($0, $1, $2, &report, body) }) {}
        return report
    }

    private static func take(
        _ piece: LogLineSplitter.Piece, _ offset: UInt64, _ bytes: Span<UInt8>, _ report: inout SegmentReport,
        _ body: (Span<UInt8>) -> Bool
    ) {
        switch piece {
        case .torn: report.tornAt = offset
        case .line where body(bytes): report.lines += 1
        case .line, .damage: report.add(.init(offset: offset, bytes: bytes.count))
        }
    }
}
