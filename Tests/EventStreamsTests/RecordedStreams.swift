import Foundation
import FreshetTestSupport

extension Corpus {
    private struct Index: Decodable {
        struct Stream: Decodable {
            let file: String
            let form: String
        }
        let streams: [Stream]
    }

    /// The recorded streams whose form in the index is wanted, with their names; empty when the corpus is not there.
    static func streams(form isWanted: (String) -> Bool) -> [(name: String, input: [UInt8])] {
        guard let index = bytes("streams/INDEX.json"),
            let table = try? JSONDecoder().decode(Index.self, from: Data(index))
        else { return [] }
        return table.streams.filter { isWanted($0.form) }.compactMap { stream in
            bytes("streams/" + stream.file).map { (stream.file, $0) }
        }
    }
}
