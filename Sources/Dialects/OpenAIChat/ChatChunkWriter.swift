import FreshetGeneration
import FreshetPartialJSON

/// Writes one Chat chunk from the events of one frame and the members that stood beside them.
struct ChatChunkWriter {
    private let extras: Extras?
    private let includesUsage: Bool
    /// Where the escaped text of the last delta stands in the output.
    private(set) var hole = 0..<0
    private(set) var wroteUsage = false

    init(extras: Extras?, includesUsage: Bool) {
        (self.extras, self.includesUsage) = (extras, includesUsage)
    }

    /// Appends the chunk's JSON.
    ///
    /// - Returns: false when there is nothing in it for this client; then what was appended is to be dropped.
    mutating func write(_ frame: ChatFrame, _ state: inout ChatAnswerState, into out: inout [UInt8]) -> Bool {
        let choices = choices(of: frame, state)
        // Who did not ask for usage gets no chunk without choices because of it, whatever members stand beside.
        if choices.isEmpty, !includesUsage, bringsUsage { return false }
        state.appendHeader(extras: extras, to: &out)
        var hasMembers = false
        appendMembers(.chunk, nil, to: &out, &hasMembers)
        out += ",\"choices\":[".utf8
        for (place, choice) in choices.enumerated() {
            if place > 0 { out.append(0x2C) }
            append(choice: choice, frame, &state, to: &out)
        }
        out.append(0x5D)
        appendUsage(to: &out)
        out.append(0x7D)
        return !choices.isEmpty || hasMembers || wroteUsage
    }

    /// The choices the frame speaks of, rising.
    private func choices(of frame: ChatFrame, _ state: ChatAnswerState) -> [Int] {
        var choices: [Int] = []
        func add(_ choice: Int) { if !choices.contains(choice) { choices.append(choice) } }
        for part in frame.parts {
            switch part {
            case .role(let choice): if !state.rolesAreTheirs { add(choice) }
            case .carrier: break
            case .asides: add(0)
            case .delta(let block, _): add(state.choice(of: block))
            case .toolStart(let start): add(start.choice)
            case .finish(let choice, _): add(choice)
            }
        }
        if let extras {
            ChatExtras.forEach(extras.bytes) { anchor, place, _ in
                switch anchor {
                case .choice, .delta, .contentParts, .mention: add(place)
                case .chunk, .toolCall, .usage, .reasoningName, .error: break
                }
            }
        }
        return choices.sorted()
    }

    private mutating func append(
        choice: Int, _ frame: ChatFrame, _ state: inout ChatAnswerState, to out: inout [UInt8]
    ) {
        out += "{\"index\":".utf8
        out.appendJSON(integer: choice)
        out += ",\"delta\":{".utf8
        if state.claimRole(choice) {
            out += "\"role\":\"assistant\"".utf8
            // As the provider's own first chunk, unless it says something else there.
            if extras == nil, frame.parts.count == 1, case .role = frame.parts[0] { out += ",\"content\":\"\"".utf8 }
        }
        appendTexts(choice, frame, state, to: &out)
        appendToolCalls(choice, frame, &state, to: &out)
        if choice == 0 { state.asides.write(into: &out) }
        var hasMembers = false
        appendMembers(.delta, choice, to: &out, &hasMembers)
        out.append(0x7D)
        appendMembers(.choice, choice, to: &out, &hasMembers)
        out += ",\"finish_reason\":".utf8
        var reason: FinishReason?
        for case .finish(choice, let given) in frame.parts { reason = given }
        if let reason {
            state.finish(choice)
            out.appendJSON(string: reason.wire)
        } else {
            out += "null".utf8
        }
        out.append(0x7D)
    }

    private mutating func appendTexts(
        _ choice: Int, _ frame: ChatFrame, _ state: ChatAnswerState, to out: inout [UInt8]
    ) {
        var kinds = [BlockKind.reasoning, .text, .refusal]
        if let parts = value(.contentParts, choice) {
            // The list says the same in the provider's own form.
            kinds = [.refusal]
            appendComma(to: &out)
            out += "\"content\":".utf8
            out += parts
        }
        for kind in kinds {
            // One member a kind, however many deltas of it the frame holds.
            var isOpen = false
            for case .delta(let block, let range) in frame.parts
            where state.choice(of: block) == choice && state.kind(of: block) == kind {
                if !isOpen {
                    appendComma(to: &out)
                    appendName(of: kind, choice, to: &out)
                    out += ":\"".utf8
                }
                isOpen = true
                appendText(frame.text.span.extracting(range), to: &out)
            }
            if isOpen { out.append(0x22) }
        }
    }

    private func appendName(of kind: BlockKind, _ choice: Int, to out: inout [UInt8]) {
        switch kind {
        case .text, .toolInput: out += "\"content\"".utf8
        case .refusal: out += "\"refusal\"".utf8
        case .reasoning:
            if let name = value(.reasoningName, choice) { out += name } else { out += "\"reasoning_content\"".utf8 }
        }
    }

    /// One entry a tool call, in order of the frame's events: a start and the text behind it are one.
    private mutating func appendToolCalls(
        _ choice: Int, _ frame: ChatFrame, _ state: inout ChatAnswerState, to out: inout [UInt8]
    ) {
        var open: Int?
        var isFirst = true
        for part in frame.parts {
            switch part {
            case .toolStart(let start) where start.choice == choice:
                closeToolCall(&open, to: &out)
                openToolCall(start.block, &isFirst, state, to: &out)
                out += ",\"id\":".utf8
                out.appendJSON(string: start.callID)
                if let member = state.asides.takeCallMember() {
                    out.append(0x2C)
                    out += member
                }
                out += ",\"type\":\"function\",\"function\":{\"name\":".utf8
                out.appendJSON(string: start.name)
                out += ",\"arguments\":\"".utf8
                open = start.block
            case .delta(let block, let range)
            where state.choice(of: block) == choice && state.kind(of: block) == .toolInput:
                if open != block {
                    closeToolCall(&open, to: &out)
                    openToolCall(block, &isFirst, state, to: &out)
                    out += ",\"function\":{\"arguments\":\"".utf8
                    open = block
                }
                appendText(frame.text.span.extracting(range), to: &out)
            case .role, .asides, .carrier, .delta, .toolStart, .finish: break
            }
        }
        closeToolCall(&open, to: &out)
        if !isFirst { out.append(0x5D) }
    }

    private func openToolCall(_ block: Int, _ isFirst: inout Bool, _ state: ChatAnswerState, to out: inout [UInt8]) {
        if isFirst {
            appendComma(to: &out)
            out += "\"tool_calls\":[{\"index\":".utf8
        } else {
            out += ",{\"index\":".utf8
        }
        isFirst = false
        out.appendJSON(integer: state.toolIndex(of: block))
    }

    private func closeToolCall(_ open: inout Int?, to out: inout [UInt8]) {
        guard let block = open else { return }
        out += "\"}".utf8
        var hasMembers = false
        appendMembers(.toolCall, block, to: &out, &hasMembers)
        out.append(0x7D)
        open = nil
    }

    private mutating func appendText(_ text: Span<UInt8>, to out: inout [UInt8]) {
        let start = out.count
        out.appendJSON(stringContent: text)
        hole = start..<out.count
    }

    private mutating func appendUsage(to out: inout [UInt8]) {
        guard includesUsage, let usage else { return }
        out += ",\"usage\":".utf8
        out += usage
        wroteUsage = bringsUsage
    }

    /// The raw value of the provider's own `usage`.
    private var usage: ArraySlice<UInt8>? { value(.usage, 0) }

    /// The raw bytes of the last member with this anchor and place.
    private func value(_ wanted: ChatAnchor, _ owner: Int) -> ArraySlice<UInt8>? {
        guard let extras else { return nil }
        var range: Range<Int>?
        ChatExtras.forEach(extras.bytes) { anchor, place, raw in
            if anchor == wanted, place == owner { range = raw }
        }
        return range.map { extras.bytes[$0] }
    }

    private var bringsUsage: Bool { usage.map { !$0.elementsEqual("null".utf8) } ?? false }

    private func appendMembers(
        _ wanted: ChatAnchor, _ owner: Int?, to out: inout [UInt8], _ hasMembers: inout Bool
    ) {
        guard let extras else { return }
        ChatExtras.forEach(extras.bytes) { anchor, place, range in
            guard anchor == wanted, owner == nil || place == owner else { return }
            appendComma(to: &out)
            out += extras.bytes[range]
            hasMembers = true
        }
    }

    private func appendComma(to out: inout [UInt8]) {
        if let last = out.last, last != 0x7B, last != 0x5B { out.append(0x2C) }
    }
}
