/// Reads amounts with a unit; an amount without one is refused, because nobody can tell what it meant.
enum Quantity {
    /// `250ms`, `5s`, `30m`, `2h`.
    ///
    /// - Returns: `nil` unless `text` is ASCII digits and one of these units, above zero and at most 7 days.
    static func duration(_ text: String) -> Duration? {
        let milliseconds = ["ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000]
        guard let amount = amount(text, units: milliseconds), (1...604_800_000).contains(amount) else { return nil }
        return .milliseconds(amount)
    }

    /// `64KiB`, `32MiB`.
    ///
    /// - Returns: Bytes; `nil` unless `text` is ASCII digits and one of these units, above zero and at most 4 GiB.
    static func bytes(_ text: String) -> Int? {
        guard let amount = amount(text, units: ["KiB": 1 << 10, "MiB": 1 << 20]) else { return nil }
        return (1...(4 << 30)).contains(amount) ? amount : nil
    }

    /// A size as the configuration writes it; `bytes` are whole KiB.
    static func text(bytes: Int) -> String {
        bytes % (1 << 20) == 0 ? "\(bytes >> 20)MiB" : "\(bytes >> 10)KiB"
    }

    /// ASCII digits only: `Int("+5")` and `Int("-0")` succeed, and neither is how an amount is written.
    static func count(_ text: some StringProtocol) -> Int? {
        guard !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return Int(text)
    }

    private static func amount(_ text: String, units: [String: Int]) -> Int? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard let number = count(digits), let unit = units[String(text[digits.endIndex...])] else { return nil }
        let (product, overflow) = number.multipliedReportingOverflow(by: unit)
        return overflow ? nil : product
    }
}

extension Duration {
    /// As the configuration writes it, in the largest unit that leaves a whole number.
    var inConfigurationUnits: String {
        let (seconds, attoseconds) = components
        let milliseconds = seconds * 1000 + attoseconds / 1_000_000_000_000_000
        for (unit, size) in [("h", 3_600_000), ("m", 60_000), ("s", 1000)] as [(String, Int64)]
        where milliseconds % size == 0 && milliseconds > 0 {
            return "\(milliseconds / size)\(unit)"
        }
        return "\(milliseconds)ms"
    }
}
