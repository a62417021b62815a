/// SplitMix64: the same numbers for the same seed on every machine.
struct SeededNumbers: Equatable, Sendable {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// A number in `0..<bound`; `bound` is above zero.
    mutating func next(below bound: Int) -> Int { Int(next() % UInt64(bound)) }

    /// A number in `range`.
    mutating func next(in range: ClosedRange<Int>) -> Int {
        let width = UInt64(bitPattern: Int64(range.upperBound)) &- UInt64(bitPattern: Int64(range.lowerBound))
        let offset = width == .max ? next() : next() % (width + 1)
        return range.lowerBound &+ Int(truncatingIfNeeded: offset)
    }

    mutating func pick<Element>(_ elements: [Element]) -> Element { elements[next(below: elements.count)] }

    /// `count` letters and digits.
    mutating func identifier(_ count: Int) -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789".utf8)
        return String(decoding: (0..<count).map { _ in alphabet[next(below: alphabet.count)] }, as: UTF8.self)
    }
}

extension UInt64 {
    /// FNV-1a over a text, going on from an earlier one.
    func hashed(with text: String) -> UInt64 {
        text.utf8.reduce(self ^ 0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3 }
    }
}
