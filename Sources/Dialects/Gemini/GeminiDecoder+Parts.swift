import FreshetGeneration
import FreshetPartialJSON

/// What the parts of a chunk mean for the blocks of their candidate.
extension GeminiDecoder {
    /// - Parameters:
    ///   - part: One of the chunk's.
    ///   - candidate: The place of the one that says it.
    ///   - citations: Given to the block of text that is open before that ends.
    ///   - data: The chunk.
    /// - Throws: Where it goes on with a call that is over, or with what of it is written.
    mutating func show(
        _ part: GeminiChunk.Part, _ candidate: Int, _ citations: inout [Citation], _ data: Span<UInt8>
    ) throws(FrameError) {
        let text = part.text.flatMap { $0.range.isEmpty ? nil : $0 }
        if part.isThought, case .text = part.content {
            if let text { say(.reasoning, text, candidate, &citations) }
            sign(part, candidate, &citations, data)
            return
        }
        // What goes on belongs to the call that is open, whose signature stood in front of it.
        if case .call(let place) = part.content, !chunk.calls[place].isBeginning {
            return try goOn(chunk.calls[place], candidate, data)
        }
        sign(part, candidate, &citations, data)
        if let text { say(.text, text, candidate, &citations) }
        switch part.content {
        case .text: break
        case .call(let place): try call(chunk.calls[place], candidate, &citations, data)
        case .code(let range, let id):
            serverCall("code_execution", range, id, candidate, &citations, data)
        case .toolCall(let range, let type, let id):
            serverCall(type?.string(in: data).lowercased() ?? "", range, id, candidate, &citations, data)
        case .codeResult(let range, let id): serverResult(range, id, candidate, data)
        case .toolResponse(let range, let id): serverResult(range, id, candidate, data)
        case .file(let type, let content, let url):
            if !part.isThought { file(type, content, url, candidate, data) }
        }
    }

    // MARK: Text and reasoning

    private mutating func say(
        _ kind: BlockKind, _ token: JSONStringToken, _ candidate: Int, _ citations: inout [Citation]
    ) {
        if candidates[candidate].open?.kind != kind {
            endBlock(candidate, &citations)
            begin(kind, candidate)
        }
        guard let open = candidates[candidate].open else { return }
        pending.append(.delta(block: open.block, kind: kind, candidate: candidate, token: token))
        gaps.append(token.range)
        candidates[candidate].endsInCall = false
    }

    private mutating func sign(
        _ part: GeminiChunk.Part, _ candidate: Int, _ citations: inout [Citation], _ data: Span<UInt8>
    ) {
        guard let token = part.signature, !token.range.isEmpty else { return }
        if candidates[candidate].open?.kind != .reasoning {
            endBlock(candidate, &citations)
            begin(.reasoning, candidate)
        }
        guard let open = candidates[candidate].open else { return }
        let signature = Signature(dialect: .gemini, value: token.string(in: data))
        pending.append(.event(.signature(block: open.block, signature)))
        endBlock(candidate, &citations)
    }

    mutating func cite(_ citations: inout [Citation], _ candidate: Int) {
        guard let open = candidates[candidate].open, open.kind == .text else { return }
        for citation in citations {
            pending.append(.citation(block: open.block, candidate: candidate, citation))
        }
        citations.removeAll()
    }

    mutating func begin(_ kind: BlockKind, _ candidate: Int) {
        let start = BlockStart(block: nextBlock, kind: kind, choice: candidates[candidate].index)
        pending.append(.event(.blockStart(start)))
        candidates[candidate].open = (nextBlock, kind)
        nextBlock += 1
    }

    /// Ends the text or the reasoning that is open; a call whose arguments are coming goes on behind what stands between.
    private mutating func endBlock(_ candidate: Int, _ citations: inout [Citation]) {
        cite(&citations, candidate)
        closeBlock(candidate)
    }

    /// Ends whatever is open, a call too whose arguments were coming.
    ///
    /// - Parameters:
    ///   - candidate: The place of the one whose it is.
    ///   - isWhole: Whether the arguments end here, or are cut.
    mutating func close(_ candidate: Int, isWhole: Bool) {
        endCall(candidate, isWhole: isWhole)
        closeBlock(candidate)
    }

    private mutating func closeBlock(_ candidate: Int) {
        guard let open = candidates[candidate].open else { return }
        pending.append(.event(.blockEnd(block: open.block, kind: open.kind)))
        candidates[candidate].open = nil
    }

    // MARK: The client's tools

    private mutating func call(
        _ call: GeminiChunk.Call, _ candidate: Int, _ citations: inout [Citation], _ data: Span<UInt8>
    ) throws(FrameError) {
        endBlock(candidate, &citations)
        // Of two calls in pieces nobody could tell whose the pieces are.
        if call.isInPieces { endCall(candidate, isWhole: false) }
        let block = beginCall(call.name?.string(in: data) ?? "", call.id, candidate, isProviders: false, data)
        candidates[candidate].hasCalls = true
        candidates[candidate].endsInCall = false
        if !call.isInPieces, let args = call.args {
            pending.append(.raw(block: block, args))
            pending.append(.event(.blockEnd(block: block, kind: .toolInput)))
            return
        }
        let other = candidates[candidate].call
        candidates[candidate].call = OpenCall(block: block, id: call.id?.string(in: data))
        try goOn(call, candidate, data)
        if let other { candidates[candidate].call = other }
    }

    /// Takes pieces of arguments. The mark that a call has ended may come twice.
    private mutating func goOn(
        _ call: GeminiChunk.Call, _ candidate: Int, _ data: Span<UInt8>
    ) throws(FrameError) {
        guard var open = candidates[candidate].call else {
            guard call.partials.isEmpty else { throw .misplaced }
            return
        }
        if let id = call.id, let wanted = open.id, id.string(in: data) != wanted { throw .misplaced }
        candidates[candidate].call = nil
        var text: [UInt8] = []
        for place in call.partials { try open.arguments.accept(chunk.partials[place], data, into: &text) }
        if !text.isEmpty { pending.append(.bytes(block: open.block, kind: .toolInput, text)) }
        candidates[candidate].call = open
        if !call.willContinue { endCall(candidate, isWhole: true) }
    }

    private mutating func endCall(_ candidate: Int, isWhole: Bool) {
        guard var open = candidates[candidate].call else { return }
        candidates[candidate].call = nil
        if isWhole {
            var text: [UInt8] = []
            open.arguments.finish(into: &text)
            pending.append(.bytes(block: open.block, kind: .toolInput, text))
        }
        pending.append(.event(.blockEnd(block: open.block, kind: .toolInput)))
    }

    /// - Returns: The block of the call.
    private mutating func beginCall(
        _ name: String, _ id: JSONStringToken?, _ candidate: Int, isProviders: Bool, _ data: Span<UInt8>
    ) -> Int {
        let given = id.flatMap { $0.range.isEmpty ? nil : $0.string(in: data) }
        let start = BlockStart(
            block: nextBlock, kind: .toolInput, choice: candidates[candidate].index,
            // An id that is derived is the same for every reader and after every restart.
            callID: given ?? "call_\(generation)_\(nextBlock)", name: name, isProviderExecuted: isProviders)
        pending.append(.event(.blockStart(start)))
        if isProviders { candidates[candidate].waiting.append(start.callID) }
        nextBlock += 1
        return start.block
    }

    // MARK: The provider's tools

    private mutating func serverCall(
        _ name: String, _ input: Range<Int>?, _ id: JSONStringToken?, _ candidate: Int, _ citations: inout [Citation],
        _ data: Span<UInt8>
    ) {
        endBlock(candidate, &citations)
        let block = beginCall(name, id, candidate, isProviders: true, data)
        if let input {
            pending.append(.raw(block: block, input))
        } else {
            pending.append(.bytes(block: block, kind: .toolInput, Array("{}".utf8)))
        }
        pending.append(.event(.blockEnd(block: block, kind: .toolInput)))
        pending.append(.event(.progress(fraction: nil, status: "\(name) started")))
        candidates[candidate].endsInCall = true
    }

    private mutating func serverResult(
        _ result: Range<Int>?, _ id: JSONStringToken?, _ candidate: Int, _ data: Span<UInt8>
    ) {
        let given = id.flatMap { $0.range.isEmpty ? nil : $0.string(in: data) }
        let waiting = candidates[candidate].waiting
        let place = given.flatMap { waiting.firstIndex(of: $0) } ?? (waiting.isEmpty ? nil : 0)
        let call = given ?? place.map { waiting[$0] } ?? ""
        if let place { candidates[candidate].waiting.remove(at: place) }
        var bytes: [UInt8] = []
        if let result { bytes.appendJSON(raw: data.extracting(result)) } else { bytes += "null".utf8 }
        pending.append(.event(.toolOutput(callID: call, result: bytes)))
        candidates[candidate].endsInCall = false
    }

    // MARK: Files

    private mutating func file(
        _ type: JSONStringToken?, _ content: JSONStringToken?, _ url: JSONStringToken?, _ candidate: Int,
        _ data: Span<UInt8>
    ) {
        guard content != nil || url != nil else { return }
        // Files have no block: the text behind one is another block than the text before.
        closeBlock(candidate)
        let file = GeneratedFile(
            mediaType: type?.string(in: data) ?? "application/octet-stream", data: content?.string(in: data) ?? "",
            url: url?.string(in: data))
        if let content, url == nil { gaps.append(content.range) }
        pending.append(.event(.file(file)))
        candidates[candidate].endsInCall = false
    }
}
