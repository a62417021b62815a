import FreshetGeneration
import Glibc

/// Looks whether a later version of this program has worked in a folder, before anything in it is changed.
enum LaterVersion {
    /// - Parameters:
    ///   - catalogue: The file's path; it need not be there.
    ///   - segments: The folder's.
    /// - Throws: `tooNew`, and when the folder cannot be read. What is damaged is somebody else's to find.
    static func refuse(catalogue: String, segments: String) throws(StoreFailure) {
        if let failure = failure(ofCatalogue: catalogue) { throw failure }
        for name in try Files.names(in: segments) where SegmentName(name) != nil {
            if let failure = failure(ofSegment: segments + "/" + name) { throw failure }
        }
    }

    private static func failure(ofCatalogue path: String) -> StoreFailure? {
        do throws(StoreFailure) {
            try CatalogueSchema.check(try version(ofCatalogue: path), path: path)
        } catch { return error.kind == .tooNew ? error : nil }
        return nil
    }

    /// SQLite would make files beside one that was left in order: of that the head tells (bytes 60 to 63).
    ///
    /// - SeeAlso: https://www.sqlite.org/fileformat2.html#the_database_header
    private static func version(ofCatalogue path: String) throws(StoreFailure) -> Int {
        if Files.size(of: path + "-wal") > 0 {
            let database = try SQLite(path, isReadOnly: true)
            defer { database.close() }
            return try CatalogueSchema.version(of: database)
        }
        guard let head = try Files.read(path), head.count >= 100, head.starts(with: "SQLite format 3\0".utf8) else {
            return 0
        }
        return Int(Int32(truncatingIfNeeded: head[60..<64].reduce(0) { $0 << 8 | Int($1) }))
    }

    private static func failure(ofSegment path: String) -> StoreFailure? {
        guard let beginning = try? Files.read(path) else { return nil }
        var (splitter, failure) = (LogLineSplitter(), StoreFailure?.none)
        splitter.receive(beginning.span)
        _ = splitter.next { piece, _, line in
            guard piece == .line, let version = SegmentHead.version(of: line), version > SegmentHead.version else {
                return
            }
            failure = SegmentHead.refusal(of: path, version)
        }
        return failure
    }
}
