package import FreshetHTTPWire

/// Takes a secret out of what a provider says.
package enum SecretMask {
    /// Shorter ones are no keys, and would be found everywhere.
    private static let shortest = 4

    /// Every occurrence of `secret` in `bytes` becomes `***`, be it as it is or as a JSON string may write it.
    /// O(bytes × secret) at worst; errors are short.
    package static func masking(_ secret: String?, in bytes: [UInt8]) -> [UInt8] {
        guard let secret = secret.map({ Array($0.utf8) }), secret.count >= shortest else { return bytes }
        var masked: [UInt8] = []
        var position = 0
        while position < bytes.count {
            if let end = end(of: secret, in: bytes, at: position) {
                masked += "***".utf8
                position = end
            } else {
                masked.append(bytes[position])
                position += 1
            }
        }
        return masked
    }

    /// The same in text.
    package static func masking(_ secret: String?, in text: String) -> String {
        String(decoding: masking(secret, in: Array(text.utf8)), as: UTF8.self)
    }

    /// The values alone: a name with a secret in it is not among those that are relayed.
    package static func masking(_ secret: String?, in fields: HTTPFields) -> HTTPFields {
        guard secret != nil, !fields.isEmpty else { return fields }
        var masked = HTTPFields()
        for (name, value) in fields { masked.append(name, masking(secret, in: value)) }
        return masked
    }

    private static func end(of secret: [UInt8], in bytes: [UInt8], at start: Int) -> Int? {
        guard bytes[start] == secret[0] || bytes[start] == backslash else { return nil }
        if bytes[start...].starts(with: secret) { return start + secret.count }
        var position = start
        for byte in secret {
            guard let (read, length) = character(in: bytes, at: position), read == byte else { return nil }
            position += length
        }
        return position
    }

    private static let backslash = UInt8(ascii: "\\")

    /// One ASCII character of a JSON string, which may be escaped, and how many bytes it takes.
    private static func character(in bytes: [UInt8], at position: Int) -> (UInt8, Int)? {
        guard position < bytes.count else { return nil }
        guard bytes[position] == backslash else { return (bytes[position], 1) }
        guard position + 1 < bytes.count else { return nil }
        guard bytes[position + 1] == UInt8(ascii: "u") else { return (bytes[position + 1], 2) }
        guard position + 6 <= bytes.count else { return nil }
        let digits = String(decoding: bytes[position + 2..<position + 6], as: UTF8.self)
        return UInt8(digits, radix: 16).map { ($0, 6) }
    }
}
