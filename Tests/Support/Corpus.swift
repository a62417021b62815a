public import Foundation

/// Where the recorded corpus lies: `FRESHET_CORPUS`, else `../shared/fixtures` beside the project.
public enum Corpus {
    /// The project's root folder.
    public static let project = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// The corpus' root folder; nil when it is not there, so that a test can say that it was left out.
    public static let root: URL? = {
        let named = ProcessInfo.processInfo.environment["FRESHET_CORPUS"].map { URL(filePath: $0) }
        let folder = named ?? project.deletingLastPathComponent().appending(path: "shared/fixtures")
        return FileManager.default.fileExists(atPath: folder.path) ? folder : nil
    }()

    /// The bytes of one file below the corpus; nil when the corpus or the file is not there.
    public static func bytes(_ path: String) -> [UInt8]? {
        guard let file = root?.appending(path: path), let data = try? Data(contentsOf: file) else { return nil }
        return [UInt8](data)
    }

    /// The names of the files in one folder of the corpus, sorted; empty when it is not there.
    public static func files(_ folder: String) -> [String] {
        guard let url = root?.appending(path: folder) else { return [] }
        return ((try? FileManager.default.contentsOfDirectory(atPath: url.path)) ?? []).sorted()
    }
}
