/// Makes one block of Markdown after another.
struct MarkdownBlocks: Equatable, Sendable {
    /// What the blocks are like.
    enum Style: Equatable, Sendable {
        case talk, code, thought
    }

    private enum Kind: Equatable {
        case heading, prose, bullets, numbered, code, shortCode, table, ideographs, quote, emphasis, formula
    }

    private let style: Style
    private var numbers: SeededNumbers
    private var made = 0

    init(style: Style, seed: UInt64) {
        self.style = style
        numbers = SeededNumbers(seed: seed)
    }

    /// The next block, without the blank line before it.
    mutating func next() -> String {
        defer { made += 1 }
        if style == .thought { return thought() }
        if style == .code { return made % 2 == 0 ? sentence() : CodeSamples.block(&numbers) }
        // A beginning that shows everything within the default length, then anything.
        let opening: [Kind] = [.heading, .emphasis, .bullets, .shortCode, .ideographs, .table, .prose]
        let others: [Kind] = [
            .heading, .prose, .prose, .bullets, .numbered, .code, .table, .ideographs, .quote, .emphasis, .formula,
        ]
        return block(made < opening.count ? opening[made] : numbers.pick(others))
    }

    /// One word for a sentence that must have a certain length.
    mutating func word() -> String {
        numbers.pick([
            "slowly", "water", "then", "again", "further", "downstream", "quietly", "onwards", "still", "more",
        ])
    }

    private mutating func block(_ kind: Kind) -> String {
        switch kind {
        case .heading: return "## \(numbers.pick(Phrases.titles)) \(numbers.pick(Phrases.emoji))"
        case .prose: return "\(sentence()) \(sentence())"
        case .bullets: return list { _ in "-" }
        case .numbered: return list { "\($0 + 1)." }
        case .code: return CodeSamples.block(&numbers)
        case .shortCode: return CodeSamples.block(&numbers, isShort: true)
        case .table: return table()
        case .ideographs: return "\(numbers.pick(Phrases.ideographs))\(numbers.pick(Phrases.emoji))"
        case .quote: return "> \(sentence())\n>\n> — *\(numbers.pick(Phrases.items))*"
        case .emphasis:
            let link = "[\(numbers.pick(Phrases.items))](https://example.com/\(numbers.next(in: 1...99))?a=1&b=2)"
            return "\(sentence()) It needs **\(numbers.pick(Phrases.items))**, `\(numbers.identifier(6))` and \(link)."
        case .formula: return numbers.pick(Phrases.formulas)
        }
    }

    /// A line of prose, 5 to 20 tokens.
    mutating func sentence() -> String {
        let subject = numbers.pick(Phrases.subjects)
        let words = [numbers.pick(Phrases.verbs), numbers.pick(Phrases.objects), numbers.pick(Phrases.endings)]
        let rest = words.filter { !$0.isEmpty }.joined(separator: " ")
        return "\(subject.prefix(1).uppercased())\(subject.dropFirst()) \(rest)."
    }

    private mutating func thought() -> String {
        "\(numbers.pick(Phrases.thoughts)) \(numbers.pick(Phrases.subjects)). \(sentence())"
    }

    private mutating func list(_ mark: (Int) -> String) -> String {
        var lines: [String] = []
        for index in 0..<numbers.next(in: 2...4) {
            let item = numbers.pick(Phrases.items)
            lines.append("\(mark(index)) \(index % 2 == 0 ? item : "**\(item)**")")
        }
        return lines.joined(separator: "\n")
    }

    private mutating func table() -> String {
        var lines = ["| what | how many |", "|---|---:|"]
        for _ in 0..<numbers.next(in: 2...3) {
            lines.append("| \(numbers.pick(Phrases.items)) | \(numbers.next(in: 1...9999)) |")
        }
        return lines.joined(separator: "\n")
    }
}
