import FreshetGeneration
import FreshetHTTPWire
import FreshetPartialJSON
import FreshetRouter
import FreshetStores

/// A generation as one JSON document.
enum GenerationDocument {
    static func fields(_ id: GenerationID? = nil) -> HTTPFields {
        var fields = HTTPFields()
        fields.append("content-type", "application/json")
        fields.append("cache-control", "no-store")
        if let id { fields.append("x-freshet-generation", String(describing: id)) }
        return fields
    }

    /// `{"id":…,"freshet":1,"state":…,"seq":…,"model":…,"dialect":…,"parent":…,"created_ms":…}`: what it is and how far
    /// it has come. Called on its loop.
    static func summary(of generation: LiveGeneration) -> [UInt8] {
        var out: [UInt8] = []
        open(generation, &out)
        out.append(0x7D)
        return out
    }

    /// The same with all that it amounts to so far. O(bytes of the answer); called on its loop, and only for one whose
    /// log is kept whole.
    static func whole(_ generation: LiveGeneration) -> [UInt8] {
        let fold = generation.live.log.fold()
        var out: [UInt8] = []
        out.reserveCapacity(512 + 2 * generation.live.log.textBytes)
        open(generation, &out)
        message(fold, &out)
        if !fold.blocks.isEmpty {
            out.appendJSON(raw: ",\"checksums\":")
            NativeJSON.append(checksums: fold.blocks.map(\.checksum), to: &out)
        }
        if let reason = fold.end?.finishReason ?? fold.finishes.first(where: { $0.choice == 0 })?.reason {
            out.appendJSON(raw: ",\"finish_reason\":")
            out.appendJSON(string: reason.wire)
        }
        if let usage = fold.usage {
            out.appendJSON(raw: ",\"usage\":")
            NativeJSON.append(usage, to: &out)
        }
        if let failure = fold.end?.failure {
            out.appendJSON(raw: ",\"error\":")
            NativeJSON.append(failure, to: &out)
        }
        out.append(0x7D)
        return out
    }

    /// One of a list.
    static func append(_ place: GenerationRegistry.Place, to out: inout [UInt8]) {
        open(place.summary, state: place.end?.outcome.rawValue ?? running, sequence: place.end?.sequence, &out)
        out.append(0x7D)
    }

    private static let running = "running"

    private static func open(_ generation: LiveGeneration, _ out: inout [UInt8]) {
        let summary = GenerationRegistry.Summary(
            id: generation.id, model: generation.model, dialect: generation.dialect,
            parent: generation.origin?.parent)
        open(
            summary, state: generation.end?.outcome.rawValue ?? running, sequence: generation.live.log.visibleSequence,
            &out)
    }

    private static func open(
        _ summary: GenerationRegistry.Summary, state: String, sequence: UInt64?, _ out: inout [UInt8]
    ) {
        out.appendJSON(raw: "{\"id\":\"")
        summary.id.append(to: &out)
        out.appendJSON(raw: "\",\"freshet\":1,\"state\":")
        out.appendJSON(string: state)
        if let sequence {
            out.appendJSON(raw: ",\"seq\":")
            out.appendJSON(integer: sequence)
        }
        out.appendJSON(raw: ",\"model\":")
        out.appendJSON(string: summary.model)
        out.appendJSON(raw: ",\"dialect\":")
        out.appendJSON(string: summary.dialect.rawValue)
        if let parent = summary.parent {
            out.appendJSON(raw: ",\"parent\":\"")
            parent.append(to: &out)
            out.append(0x22)
        }
        out.appendJSON(raw: ",\"created_ms\":")
        out.appendJSON(integer: summary.id.milliseconds)
    }

    /// One of a list, as the catalogue has it.
    static func append(_ entry: CatalogueEntry, to out: inout [UInt8]) {
        let summary = GenerationRegistry.Summary(
            id: entry.id, model: entry.model, dialect: DialectName(rawValue: entry.dialect) ?? .native,
            parent: entry.parent)
        open(summary, state: entry.end?.outcome.rawValue ?? running, sequence: entry.end?.lastSequence, &out)
        out.append(0x7D)
    }

    // MARK: The message

    /// What it amounts to, alone.
    static func message(of fold: GenerationFold) -> [UInt8] {
        var out: [UInt8] = []
        message(fold, &out)
        // Written behind other members everywhere else.
        return Array(out.dropFirst(",\"message\":".utf8.count))
    }

    private static func message(_ fold: GenerationFold, _ out: inout [UInt8]) {
        var text: [UInt8] = []
        for block in fold.blocks where block.start.kind == .text && block.start.choice == 0 { text += block.bytes }
        out.appendJSON(raw: ",\"message\":{\"role\":\"assistant\",\"content\":")
        out.appendJSON(string: text.span)
        out.appendJSON(raw: ",\"blocks\":[")
        for (place, block) in fold.blocks.enumerated() {
            if place > 0 { out.append(0x2C) }
            append(block, &out)
        }
        out.appendJSON(raw: "],\"tool_outputs\":[")
        for (place, output) in fold.toolOutputs.enumerated() {
            out.appendJSON(raw: place > 0 ? ",{\"call_id\":" : "{\"call_id\":")
            out.appendJSON(string: output.callID)
            out.appendJSON(raw: ",\"result\":")
            out.appendJSONOnOneLine(output.result)
            out.append(0x7D)
        }
        out.append(0x5D)
        appendList("files", fold.files, &out) { NativeJSON.append($0, to: &$1) }
        out.append(0x7D)
    }

    /// Appends a member with a list of objects, whose members `write` appends, each behind a comma; nothing for none.
    private static func appendList<Element>(
        _ name: StaticString, _ elements: [Element], _ out: inout [UInt8], _ write: (Element, inout [UInt8]) -> Void
    ) {
        guard !elements.isEmpty else { return }
        out.appendJSON(raw: ",\"")
        out.appendJSON(raw: name)
        out.appendJSON(raw: "\":[")
        for (place, element) in elements.enumerated() {
            out.appendJSON(raw: place > 0 ? ",{" : "{")
            let start = out.count
            write(element, &out)
            if out.count > start { out.remove(at: start) }
            out.append(0x7D)
        }
        out.append(0x5D)
    }

    private static func append(_ block: GenerationFold.Block, _ out: inout [UInt8]) {
        out.appendJSON(raw: "{\"block\":")
        out.appendJSON(integer: block.start.block)
        out.appendJSON(raw: ",\"type\":")
        out.appendJSON(string: block.start.kind.wire)
        if block.start.choice != 0 {
            out.appendJSON(raw: ",\"choice\":")
            out.appendJSON(integer: block.start.choice)
        }
        if block.start.kind == .toolInput {
            out.appendJSON(raw: ",\"call_id\":")
            out.appendJSON(string: block.start.callID)
            out.appendJSON(raw: ",\"name\":")
            out.appendJSON(string: block.start.name)
            if block.start.isProviderExecuted { out.appendJSON(raw: ",\"provider_executed\":true") }
        }
        out.appendJSON(raw: ",\"text\":")
        out.appendJSON(string: block.bytes.span)
        if let signature = block.signature {
            out.appendJSON(raw: ",\"signed\":{")
            let start = out.count
            NativeJSON.append(signature, to: &out)
            out.remove(at: start)
            out.append(0x7D)
        }
        appendList("citations", block.citations, &out) { NativeJSON.append($0, to: &$1) }
        if block.isOpen { out.appendJSON(raw: ",\"open\":true") }
        out.append(0x7D)
    }
}
