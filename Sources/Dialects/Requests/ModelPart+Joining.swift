import FreshetGeneration

extension [ModelPart] {
    /// An answer that was cut anywhere, in one piece again: texts that follow one another are one, and so is reasoning up to
    /// its signature. O(bytes).
    var joinedAnswer: [ModelPart] {
        var joined: [ModelPart] = []
        // Grown in place: what stands in `joined` already would be copied for every piece.
        var growing: (part: ModelPart, text: String)?
        for part in self {
            if let text = growing?.part.text(joining: part) {
                growing?.text += text
                if case .reasoning(_, let signature) = part.content {
                    growing?.part.content = .reasoning("", signature)
                }
                continue
            }
            if let grown = growing { joined.append(grown.part.saying(grown.text)) }
            growing = (part, part.said)
        }
        if let grown = growing { joined.append(grown.part.saying(grown.text)) }
        return joined
    }
}

extension ModelPart {
    fileprivate var said: String {
        switch content {
        case .text(let text), .reasoning(let text, _): text
        case .image, .document, .audio, .video, .toolCall, .toolResult, .foreign: ""
        }
    }

    /// The text of the next part where it goes on with this one; nil where it is another.
    fileprivate func text(joining next: ModelPart) -> String? {
        switch (content, next.content) {
        case (.text, .text(let text)) where !endsCachedPrefix: text
        case (.reasoning(_, nil), .reasoning(let text, _)): text
        default: nil
        }
    }

    fileprivate func saying(_ text: String) -> ModelPart {
        var part = self
        switch content {
        case .text: part.content = .text(text)
        case .reasoning(_, let signature): part.content = .reasoning(text, signature)
        case .image, .document, .audio, .video, .toolCall, .toolResult, .foreign: break
        }
        return part
    }
}
