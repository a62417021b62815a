import FreshetGeneration
import FreshetPartialJSON

/// What stands in a `message_start`.
extension AnthropicDecoder {
    /// A message as it stands in a `message_start`: with nothing said yet, and all that the vendor's SDK relies on.
    func emptied(_ message: Span<UInt8>) -> [UInt8] {
        let raw = message.withUnsafeBufferPointer { Array($0) }
        guard let members = try? JSONSplice.members(of: message, limits: frame.limits) else { return raw }
        var edits: [JSONSplice.Edit] = []
        for (name, value) in missing {
            guard let member = members.last(where: { $0.isNamed(name, in: message) }),
                member.hasForm(of: value, in: message)
            else {
                edits.append((name, value))
                continue
            }
            if name == "usage", let whole = completed(message.extracting(member.valueRange)) {
                edits.append((name, whole))
            }
        }
        return edits.isEmpty ? raw : JSONSplice.applying(edits, to: message, members: members)
    }

    /// Usage with the two counts that are always there; nil where it has them.
    private func completed(_ usage: Span<UInt8>) -> [UInt8]? {
        guard let members = try? JSONSplice.members(of: usage, limits: frame.limits) else { return nil }
        let names = ["input_tokens", "output_tokens"].filter { name in
            !members.contains { $0.isNamed(name, in: usage) }
        }
        guard !names.isEmpty else { return nil }
        return JSONSplice.applying(names.map { ($0, [0x30]) }, to: usage, members: members)
    }

    /// What stands in a `message_start` for what its provider left out, or said already.
    private var missing: [(String, [UInt8])] {
        let id = "\"msg_\(String(describing: generation).dropFirst(4))\""
        return [
            ("id", id), ("type", "\"message\""), ("role", "\"assistant\""), ("model", "\"\""), ("content", "[]"),
            ("stop_reason", "null"), ("stop_sequence", "null"), ("usage", "{\"input_tokens\":0,\"output_tokens\":0}"),
        ].map { ($0, Array($1.utf8)) }
    }
}

extension JSONSplice.Member {
    /// Whether the value is of the same kind as `other`, and empty where that is an array.
    fileprivate func hasForm(of other: [UInt8], in text: Span<UInt8>) -> Bool {
        guard text[valueRange.lowerBound] == other[0] else { return false }
        return other[0] != 0x5B || valueRange.count == 2
    }
}
