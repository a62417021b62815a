/// IPv4 addresses written as four plain decimal numbers.
enum IPv4Text {
    static func isValid(_ text: some StringProtocol) -> Bool {
        let parts = text.utf8.split(separator: .dot, omittingEmptySubsequences: false)
        return parts.count == 4
            && parts.allSatisfy { part in
                // A leading zero means octal to some readers.
                guard (1...3).contains(part.count), part.allSatisfy(\.isDigit), part.count == 1 || part.first != .zero
                else { return false }
                return part.reduce(0) { $0 * 10 + Int($1 &- .zero) } <= 255
            }
    }
}

/// IPv6 addresses: RFC 4291 §2.2, without zones.
enum IPv6Text {
    static func isValid(_ text: String) -> Bool { groups(text) != nil }

    static func isLoopback(_ text: String) -> Bool { groups(text) == [0, 0, 0, 0, 0, 0, 0, 1] }

    /// The eight groups; nil when `text` is no address. An IPv4 tail gives two groups.
    static func groups(_ text: String) -> [UInt16]? {
        guard text.utf8.count <= 45 else { return nil }
        let bytes = Array(text.utf8)
        guard let gap = bytes.indices.dropLast().first(where: { bytes[$0] == .colon && bytes[$0 + 1] == .colon }) else {
            guard let groups = run(bytes[...]), groups.count == 8 else { return nil }
            return groups
        }
        guard let front = run(bytes[..<gap]), let back = run(bytes[(gap + 2)...]), front.count + back.count < 8,
            !bytes[..<gap].contains(.dot)
        else { return nil }
        return front + Array(repeating: 0, count: 8 - front.count - back.count) + back
    }

    /// Groups with one colon between them; none for no bytes.
    private static func run(_ bytes: ArraySlice<UInt8>) -> [UInt16]? {
        guard !bytes.isEmpty else { return [] }
        var groups: [UInt16] = []
        let parts = bytes.split(separator: .colon, omittingEmptySubsequences: false)
        for (number, part) in parts.enumerated() {
            if part.contains(.dot) {
                guard number == parts.count - 1, let tail = tail(part) else { return nil }
                groups += tail
            } else {
                guard (1...4).contains(part.count), part.allSatisfy({ $0.hexValue != nil }) else { return nil }
                groups.append(part.reduce(0) { $0 << 4 | UInt16($1.hexValue ?? 0) })
            }
        }
        return groups
    }

    private static func tail(_ bytes: ArraySlice<UInt8>) -> [UInt16]? {
        let text = String(decoding: bytes, as: UTF8.self)
        guard IPv4Text.isValid(text) else { return nil }
        let numbers = text.split(separator: ".").compactMap { UInt16($0) }
        return [numbers[0] << 8 | numbers[1], numbers[2] << 8 | numbers[3]]
    }
}
