import Foundation
import FreshetPartialJSON
import FreshetTestSupport
import Testing

/// One recorded stream of the corpus.
struct Recording: CustomTestStringConvertible, Sendable {
    /// Its path below `streams/`.
    let name: String
    /// As an event stream; a list of chunks was framed, with `[DONE]`.
    let body: [UInt8]
    /// What the vendor's own SDK accumulates; nil where it rejects the stream.
    let final: JSONValue?

    var testDescription: String { name }

    /// All that the index lists for a dialect; empty when the corpus is not there.
    static func all(_ dialect: String) -> [Recording] {
        guard let bytes = Corpus.bytes("streams/INDEX.json"), let index = try? JSONValue(parsing: bytes) else {
            return []
        }
        return (index["streams"]?.arrayValue ?? []).filter { $0["dialect"]?.stringValue == dialect }.compactMap(
            Self.init)
    }

    private init?(_ entry: JSONValue) {
        guard let name = entry["file"]?.stringValue, let bytes = Corpus.bytes("streams/" + name) else { return nil }
        self.name = name
        body = entry["form"]?.stringValue == "chunk-lines" ? Self.framed(bytes) : bytes
        let folder = name.split(separator: "/").dropLast().joined(separator: "/")
        final = entry["final"]?.stringValue
            .flatMap { Corpus.bytes("streams/\(folder)/\($0)") }.flatMap { try? JSONValue(parsing: $0) }
    }

    private static func framed(_ lines: [UInt8]) -> [UInt8] {
        let frames = lines.split(separator: 0x0A).map { Array("data: ".utf8) + $0 + Array("\n\n".utf8) }
        return frames.flatMap(\.self) + Array("data: [DONE]\n\n".utf8)
    }
}
