import FreshetPartialJSON

/// Writes a call's arguments, which come as values with paths, as one growing JSON text: objects and arrays are opened
/// and closed as the paths move.
///
/// What was written is never taken back. A path that leads back into what was closed begins it anew: the text stays
/// well-formed, and of two members with one name the later counts.
struct GeminiArguments {
    private struct Container {
        /// The step that led into it; the outermost one has none.
        var step: GeminiArgumentPath.Step?
        var isArray: Bool
        /// Members or elements begun.
        var count = 0
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
    mutating func accept(_ piece: GeminiPartialArgument, _ text: Span<UInt8>, into out: inout [UInt8]) {
        guard let value = piece.value else {
            if !piece.willContinue, string == piece.path { endString(&out) }
            return
        }
        guard case .string(let token) = value else {
            endString(&out)
            move(to: piece.path, &out)
            if case .raw(let range) = value { out.appendJSON(raw: text.extracting(range)) } else { out += "null".utf8 }
            return
        }
        if string != piece.path {
            endString(&out)
            move(to: piece.path, &out)
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
    private mutating func move(to path: [GeminiArgumentPath.Step], _ out: inout [UInt8]) {
        if open.isEmpty { begin(nil, isArray: false, &out) }
        var depth = 1
        while depth < path.count, depth < open.count, open[depth].step == path[depth - 1],
            open[depth].isArray == path[depth].isIndex
        { depth += 1 }
        // An element that was passed cannot be gone back to: what comes for it begins a new one.
        while open.count > depth { close(&out) }
        while depth < path.count {
            enter(path[depth - 1], &out)
            begin(path[depth - 1], isArray: path[depth].isIndex, &out)
            depth += 1
        }
        enter(path[path.count - 1], &out)
    }

    private mutating func begin(_ step: GeminiArgumentPath.Step?, isArray: Bool, _ out: inout [UInt8]) {
        out.append(isArray ? 0x5B : 0x7B)
        open.append(Container(step: step, isArray: isArray))
    }

    private mutating func close(_ out: inout [UInt8]) {
        if let container = open.popLast() { out.append(container.isArray ? 0x5D : 0x7D) }
    }

    /// Writes what stands before a value in the innermost container.
    private mutating func enter(_ step: GeminiArgumentPath.Step, _ out: inout [UInt8]) {
        let last = open.count - 1
        if open[last].count > 0 { out.append(0x2C) }
        switch step {
        case .index(let index) where open[last].isArray:
            // A few that were left out; more would be text that nobody sent.
            while open[last].count < index, index - open[last].count <= Self.gap {
                out += "null,".utf8
                open[last].count += 1
            }
        case .index(let index):
            out.appendJSON(string: String(index))
            out.append(0x3A)
        case .name(let name):
            out.appendJSON(string: name.span)
            out.append(0x3A)
        }
        open[last].count += 1
    }
}
