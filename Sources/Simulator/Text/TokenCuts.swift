/// Cuts text as a tokenizer would: a word with the space before it, a run of the same white space, one or two
/// characters of scripts without spaces, a few marks. Emoji are cut between their scalars, which readers must survive.
enum TokenCuts {
    private enum Class: Equatable {
        case word, blank, ideograph, mark, other
    }

    /// - Returns: The offset behind each token, in bytes; the last one is the text's length.
    static func ends(in text: String) -> [Int] {
        var ends: [Int] = []
        var end = 0
        var length = 0  // scalars in the token so far
        var last = Class.other
        for scalar in text.unicodeScalars {
            let current = classify(scalar)
            if end > 0, !joins(current, to: last, length: length, isSpace: scalar == " ") {
                ends.append(end)
                length = 0
            }
            // A single space belongs to the word behind it.
            last = current
            length += 1
            end += UTF8.width(scalar)
        }
        if end > 0 { ends.append(end) }
        return ends
    }

    private static func joins(_ current: Class, to last: Class, length: Int, isSpace: Bool) -> Bool {
        switch (last, current) {
        case (.word, .word): length < 12
        case (.blank, .word): length == 1
        case (.blank, .blank): length < 16
        case (.ideograph, .ideograph): length < 2
        case (.mark, .mark): length < 3
        default: false
        }
    }

    private static func classify(_ scalar: Unicode.Scalar) -> Class {
        switch scalar.value {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x5F, 0xC0...0x24F, 0x300...0x36F: .word
        case 0x0A, 0x20: .blank
        case 0x2E80...0x9FFF, 0xAC00...0xD7A3, 0xFF00...0xFFEF: .ideograph
        case 0x21...0x7E: .mark
        default: .other
        }
    }
}
