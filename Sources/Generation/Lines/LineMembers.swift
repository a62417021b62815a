import FreshetPartialJSON

/// The members of one object, as places in its text: what they say is taken byte by byte, not through a `String`.
struct LineMembers {
    private let members: [JSONSplice.Member]

    init(_ object: Span<UInt8>) throws(NativeEventError) {
        do { members = try JSONSplice.members(of: object) } catch { throw .notJSON }
    }

    /// Where the value stands; the last one of duplicates, as everywhere.
    func place(of name: StaticString, in text: Span<UInt8>) -> Range<Int>? {
        for member in members.reversed() where member.name.equals(name, in: text) { return member.valueRange }
        return nil
    }

    func bool(_ name: StaticString, in text: Span<UInt8>) -> Bool? {
        guard let place = place(of: name, in: text) else { return nil }
        return text[place.lowerBound] == 0x74 ? true : text[place.lowerBound] == 0x66 ? false : nil
    }

    /// Where an object stands; nil for another value.
    func object(_ name: StaticString, in text: Span<UInt8>) -> Range<Int>? {
        guard let place = place(of: name, in: text), text[place.lowerBound] == 0x7B else { return nil }
        return place
    }

    /// A value's text as it stands.
    func raw(_ name: StaticString, in text: Span<UInt8>) -> [UInt8]? {
        guard let place = place(of: name, in: text) else { return nil }
        return text.extracting(place).withUnsafeBufferPointer { Array($0) }
    }

    /// What a string says, as WTF-8.
    func bytes(_ name: StaticString, in text: Span<UInt8>) throws(NativeEventError) -> [UInt8] {
        var bytes: [UInt8] = []
        guard let token = stringToken(name, in: text) else { throw .missing(String(describing: name)) }
        bytes.reserveCapacity(token.range.count)
        token.appendUnescaped(from: text, to: &bytes)
        return bytes
    }

    private func stringToken(_ name: StaticString, in text: Span<UInt8>) -> JSONStringToken? {
        guard let place = place(of: name, in: text), text[place.lowerBound] == 0x22 else { return nil }
        return JSONStringToken(in: text, from: place.lowerBound + 1)
    }

    func string(_ name: StaticString, in text: Span<UInt8>) throws(NativeEventError) -> String {
        String(decoding: try bytes(name, in: text), as: UTF8.self)
    }

    /// What `appendExact` wrote.
    func exactBytes(in text: Span<UInt8>) throws(NativeEventError) -> [UInt8] {
        guard place(of: "hex", in: text) != nil else { return try bytes("data", in: text) }
        let digits = try bytes("hex", in: text)
        guard let bytes = [UInt8](hex: digits.span) else { throw .missing("hex") }
        return bytes
    }

    /// An array of whole numbers below 2³²; nil when it is not there, empty for any other value.
    func integers(_ name: StaticString, in text: Span<UInt8>) -> [UInt32]? {
        guard let place = place(of: name, in: text) else { return nil }
        let array = text.extracting(place)
        var tokenizer = JSONTokenizer()
        var numbers: [UInt32] = []
        do throws(JSONError) {
            guard try tokenizer.next(in: array) == .arrayStart else { return [] }
            while case .number(let digits) = try tokenizer.next(in: array) {
                guard let number = Self.number(array.extracting(digits)) else { return [] }
                numbers.append(number)
            }
        } catch { return [] }
        return numbers
    }

    private static func number(_ digits: Span<UInt8>) -> UInt32? {
        var number: UInt64 = 0
        guard digits.count <= 10 else { return nil }
        for place in 0..<digits.count {
            guard (0x30...0x39).contains(digits[place]) else { return nil }
            number = number * 10 + UInt64(digits[place] - 0x30)
        }
        return UInt32(exactly: number)
    }
}
