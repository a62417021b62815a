package import FreshetGeneration
package import FreshetPartialJSON

/// What comes from providers of other dialects and has no place of its own in Chat Completions; clients know it by the
/// names that other services gave it.
///
/// | what | where |
/// |---|---|
/// | signed or redacted reasoning, when it is complete | `reasoning_details` of the delta, to be sent back as it is (OpenRouter) |
/// | a signature of Gemini's right before a tool call | `extra_content.google.thought_signature` of the call (Gemini's own compatibility layer) |
/// | citations with a URL | `annotations` of the delta |
/// | images | `images` of the delta (OpenRouter) |
///
/// A fold of the events, as the encoder's whole state is.
struct ChatAsides {
    /// Reasoning that is open.
    private struct Reasoning {
        var block: Int
        var text: [UInt8] = []
        var signature: Signature?
    }

    private var open: [Reasoning] = []
    /// How many of each were told: the official client joins list entries by `index`.
    private var (details, annotations, images) = (0, 0, 0)
    /// Gemini's signature of the reasoning that has just ended.
    private var beforeCall: Signature?
    /// Entries of the delta's lists that are to be written.
    private var pending: [Entry] = []

    /// One entry of one list.
    private struct Entry {
        var list: List
        var bytes: [UInt8]
    }

    private enum List: String, CaseIterable {
        case details = "reasoning_details"
        case annotations
        case images
    }

    /// Whether anything is to be written.
    var isDue: Bool { !pending.isEmpty }

    init() {}

    init(resuming fold: GenerationFold) {
        for block in fold.blocks where block.start.choice == 0 {
            take(block)
            if block.start.isClientCall { beforeCall = nil }
            annotations += block.citations.count { $0.url != nil }
        }
        images = fold.files.count { $0.isImage }
        pending = []
    }

    /// A block of a fold.
    mutating func take(_ block: GenerationFold.Block) {
        begin(block.start)
        guard block.start.kind == .reasoning else { return }
        append(block.bytes.span, to: block.start.block)
        if let signature = block.signature { sign(block.start.block, signature) }
        if !block.isOpen { end(block.start.block) }
    }

    mutating func begin(_ start: BlockStart) {
        if start.kind == .reasoning, start.choice == 0 { open.append(Reasoning(block: start.block)) }
        if start.kind != .toolInput { beforeCall = nil }
    }

    mutating func append(_ text: Span<UInt8>, to block: Int) {
        guard let place = open.firstIndex(where: { $0.block == block }) else { return }
        WTF8.append(text, to: &open[place].text)
    }

    mutating func sign(_ block: Int, _ signature: Signature) {
        guard let place = open.firstIndex(where: { $0.block == block }) else { return }
        open[place].signature = signature
    }

    mutating func end(_ block: Int) {
        guard let place = open.firstIndex(where: { $0.block == block }) else { return }
        let reasoning = open.remove(at: place)
        guard let signature = reasoning.signature else { return }
        beforeCall = signature.dialect == .gemini ? signature : nil
        var entry: [UInt8] = []
        Self.append(signature, reasoning.text, index: details, to: &entry)
        pending.append(Entry(list: .details, bytes: entry))
        details += 1
    }

    mutating func cite(_ citation: Citation) {
        guard citation.url != nil else { return }
        var entry: [UInt8] = []
        Self.append(citation, index: annotations, to: &entry)
        pending.append(Entry(list: .annotations, bytes: entry))
        annotations += 1
    }

    mutating func show(_ file: GeneratedFile) {
        guard file.isImage else { return }
        var entry: [UInt8] = []
        Self.append(file, index: images, to: &entry)
        pending.append(Entry(list: .images, bytes: entry))
        images += 1
    }

    /// The member of a tool call that begins now, if it has one.
    mutating func takeCallMember() -> [UInt8]? {
        guard let signature = beforeCall else { return nil }
        beforeCall = nil
        return Self.member(ofCallBehind: signature)
    }

    /// Appends the delta's lists, each behind a comma unless it is the first member; nothing is due afterwards.
    mutating func write(into out: inout [UInt8]) {
        for list in List.allCases {
            let entries = pending.filter { $0.list == list }
            guard !entries.isEmpty else { continue }
            out += (out.last == 0x7B ? "\"\(list.rawValue)\":[" : ",\"\(list.rawValue)\":[").utf8
            for (place, entry) in entries.enumerated() {
                if place > 0 { out.append(0x2C) }
                out += entry.bytes
            }
            out.append(0x5D)
        }
        pending.removeAll(keepingCapacity: true)
    }

    // MARK: Forms

    static func append(_ signature: Signature, _ text: [UInt8], index: Int, to out: inout [UInt8]) {
        if signature.isRedacted {
            out += "{\"type\":\"reasoning.encrypted\",\"data\":".utf8
        } else {
            out += "{\"type\":\"reasoning.text\",\"text\":".utf8
            out.appendJSON(string: text.span)
            out += ",\"signature\":".utf8
        }
        out.appendJSON(string: signature.value)
        out += ",\"format\":".utf8
        out.appendJSON(string: signature.dialect == .gemini ? "google-gemini-v1" : "anthropic-claude-v1")
        out += ",\"index\":\(index)}".utf8
    }

    static func append(_ citation: Citation, index: Int, to out: inout [UInt8]) {
        out += "{\"type\":\"url_citation\",\"url_citation\":{\"url\":".utf8
        out.appendJSON(string: citation.url ?? "")
        out += ",\"title\":".utf8
        out.appendJSON(string: citation.title ?? "")
        // Other dialects count otherwise, or not at all.
        out += ",\"start_index\":0,\"end_index\":0},\"index\":\(index)}".utf8
    }

    static func append(_ file: GeneratedFile, index: Int, to out: inout [UInt8]) {
        out += "{\"type\":\"image_url\",\"image_url\":{\"url\":".utf8
        out.appendJSON(string: file.url ?? "data:\(file.mediaType);base64,\(file.data)")
        out += "},\"index\":\(index)}".utf8
    }

    /// `"extra_content":…`.
    static func member(ofCallBehind signature: Signature) -> [UInt8] {
        var member = Array("\"extra_content\":{\"google\":{\"thought_signature\":".utf8)
        member.appendJSON(string: signature.value)
        member += "}}".utf8
        return member
    }
}

extension GenerationFold {
    /// Gemini's signature of the reasoning right before a tool call; nil where there is none.
    package func signature(beforeCall block: Int) -> Signature? {
        guard block > 0, blocks.indices.contains(block), blocks[block].start.isClientCall,
            blocks[block - 1].start.kind == .reasoning, let signature = blocks[block - 1].signature,
            signature.dialect == .gemini
        else { return nil }
        return signature
    }

    /// The entries of `reasoning_details` that Chat's messages carry: signed and redacted reasoning of choice 0.
    package var reasoningDetails: [JSONValue] {
        let signed = blocks.filter { $0.start.kind == .reasoning && $0.start.choice == 0 && $0.signature != nil }
        return signed.enumerated().compactMap { index, block in
            guard let signature = block.signature else { return nil }
            var entry: [UInt8] = []
            ChatAsides.append(signature, block.bytes, index: index, to: &entry)
            return try? JSONValue(parsing: entry)
        }
    }
}

extension GeneratedFile {
    /// Whether clients that know only images are shown it.
    var isImage: Bool { mediaType.hasPrefix("image/") }
}
