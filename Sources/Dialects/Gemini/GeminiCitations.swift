import FreshetGeneration
import FreshetPartialJSON

/// The sources that a candidate names: `citationMetadata` for what it recites, `groundingMetadata` for what it looked up.
///
/// Places are bytes of the candidate's whole text.
enum GeminiCitations {
    /// Sources of one candidate; more stay in its chunks' own members.
    private static let limit = 1024

    /// Appends what is not there already.
    ///
    /// - Parameters:
    ///   - raw: The value of `citationMetadata` or `groundingMetadata`; any JSON.
    ///   - known: What the candidate named before; grows.
    ///   - citations: Gets what is new.
    static func read(_ raw: Span<UInt8>, known: inout Set<Citation>, into citations: inout [Citation]) {
        guard let value = try? JSONValue(parsing: raw) else { return }
        for citation in cited(value) + grounded(value) where known.count < limit {
            if known.insert(citation).inserted { citations.append(citation) }
        }
    }

    private static func cited(_ value: JSONValue) -> [Citation] {
        let sources = (value["citationSources"]?.arrayValue ?? []) + (value["citations"]?.arrayValue ?? [])
        return sources.compactMap { source in
            let (url, title) = (source["uri"]?.stringValue, source["title"]?.stringValue)
            guard url != nil || title != nil else { return nil }
            // A place at the very beginning is left out, as zeros are.
            let end = place(source["endIndex"])
            return Citation(url: url, title: title, start: place(source["startIndex"]) ?? end.map { _ in 0 }, end: end)
        }
    }

    /// Each support's sources with the place they support, then the sources that support no place.
    private static func grounded(_ value: JSONValue) -> [Citation] {
        let sources = (value["groundingChunks"]?.arrayValue ?? []).map(source)
        var supported: Set<Int> = []
        var citations: [Citation] = []
        for support in value["groundingSupports"]?.arrayValue ?? [] {
            let end = place(support["segment"]?["endIndex"])
            let start = place(support["segment"]?["startIndex"]) ?? end.map { _ in 0 }
            for index in support["groundingChunkIndices"]?.arrayValue ?? [] {
                guard let index = index.intValue, sources.indices.contains(index), citations.count < limit,
                    var citation = sources[index]
                else { continue }
                supported.insert(index)
                (citation.start, citation.end) = (start, end)
                citations.append(citation)
            }
        }
        for (index, source) in sources.enumerated() where !supported.contains(index) {
            if let source { citations.append(source) }
        }
        return citations
    }

    private static func source(_ chunk: JSONValue) -> Citation? {
        let source = chunk["web"] ?? chunk["retrievedContext"] ?? chunk["maps"]
        let citation = Citation(
            url: source?["uri"]?.stringValue, title: source?["title"]?.stringValue, text: source?["text"]?.stringValue)
        return citation == Citation() ? nil : citation
    }

    private static func place(_ value: JSONValue?) -> Int? {
        value?.intValue.flatMap { (0...1 << 40).contains($0) ? $0 : nil }
    }
}
