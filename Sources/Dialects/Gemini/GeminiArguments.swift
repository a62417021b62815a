import FreshetPartialJSON

/// Writes a call's arguments, which come as values with paths, as one growing JSON text: objects and arrays are opened
/// and closed as the paths move.
///
/// What was written is never taken back: a path that leads back to what is written already is refused.
struct GeminiArguments {
    private struct Container {
        /// The step that led into it; the outermost one has none.
        var step: GeminiArgumentPath.Step?
        var isArray: Bool
        /// Members or elements begun.
        var count = 0
        /// Names of the members begun.
        var names: Set<[UInt8]> = []
    }

    private static let gap = 8

    /// The open objects and arrays, the outermost first; empty before the first value.
    private var open: [Container] = []
    /// Where the string leads that is being written; nil while none is.
    private var string: [GeminiArgumentPath.Step]?

    /// Takes the next piece.
    ///
    /// - Parameters:
    ///   - piece: Its ranges are places in `text`.
    ///   - text: The chunk it came from.
    ///   - out: Gets what the piece adds to the arguments' JSON.
    /// - Throws: Where the piece belongs to what is written already.
    mutating func accept(
        _ piece: GeminiPartialArgument, _ text: Span<UInt8>, into out: inout [UInt8]
    ) throws(FrameError) {
        guard let value = piece.value else {
            if !piece.willContinue, string == piece.path { endString(&out) }
            return
        }
        guard case .string(let token) = value else {
            endString(&out)
            try move(to: piece.path, &out)
            if case .raw(let range) = value { out.appendJSON(raw: text.extracting(range)) } else { out += "null".utf8 }
            return
        }
        if string != piece.path {
            endString(&out)
            try move(to: piece.path, &out)
            out.append(0x22)
            string = piece.path
        }
        var content: [UInt8] = []
        token.appendUnescaped(from: text, to: &content)
        out.appendJSON(stringContent: content.span)
        if !piece.willContinue { endString(&out) }
    }

    /// Closes whatever is open.
    mutating func finish(into out: inout [UInt8]) {
        endString(&out)
        if open.isEmpty { begin(nil, isArray: false, &out) }
        while !open.isEmpty { close(&out) }
    }

    private mutating func endString(_ out: inout [UInt8]) {
        if string != nil { out.append(0x22) }
        string = nil
    }

    /// Goes to where the value at `path` is to be written.
    private mutating func move(to path: [GeminiArgumentPath.Step], _ out: inout [UInt8]) throws(FrameError) {
        if open.isEmpty { begin(nil, isArray: false, &out) }
        var depth = 1
        while depth < path.count, depth < open.count, open[depth].step == path[depth - 1],
            open[depth].isArray == path[depth].isIndex
        { depth += 1 }
        while open.count > depth { close(&out) }
        while depth < path.count {
            try enter(path[depth - 1], &out)
            begin(path[depth - 1], isArray: path[depth].isIndex, &out)
            depth += 1
        }
        try enter(path[path.count - 1], &out)
    }

    private mutating func begin(_ step: GeminiArgumentPath.Step?, isArray: Bool, _ out: inout [UInt8]) {
        out.append(isArray ? 0x5B : 0x7B)
        open.append(Container(step: step, isArray: isArray))
    }

    private mutating func close(_ out: inout [UInt8]) {
        if let container = open.popLast() { out.append(container.isArray ? 0x5D : 0x7D) }
    }

    /// Writes what stands before a value in the innermost container.
    private mutating func enter(_ step: GeminiArgumentPath.Step, _ out: inout [UInt8]) throws(FrameError) {
        let last = open.count - 1
        if open[last].count > 0 { out.append(0x2C) }
        switch step {
        case .index(let index) where open[last].isArray:
            // A few may be left out; more would be text that nobody sent.
            guard index >= open[last].count, index - open[last].count <= Self.gap else { throw .misplaced }
            while open[last].count < index {
                out += "null,".utf8
                open[last].count += 1
            }
        case .index(let index): try name(Array(String(index).utf8), &out)
        case .name(let name): try self.name(name, &out)
        }
        open[last].count += 1
    }

    private mutating func name(_ name: [UInt8], _ out: inout [UInt8]) throws(FrameError) {
        guard open[open.count - 1].names.insert(name).inserted else { throw .misplaced }
        out.appendJSON(string: name.span)
        out.append(0x3A)
    }
}
