import FreshetHTTPWire

/// Takes a secret out of what a provider says.
enum SecretMask {
    /// Every occurrence of `secret` in `bytes` becomes `***`. O(bytes × secret) at worst; errors are short.
    static func masking(_ secret: String?, in bytes: [UInt8]) -> [UInt8] {
        guard let secret = secret.map({ Array($0.utf8) }), secret.count >= 4 else { return bytes }
        var masked: [UInt8] = []
        var position = 0
        while position < bytes.count {
            if bytes[position] == secret[0], bytes[position...].starts(with: secret) {
                masked += "***".utf8
                position += secret.count
            } else {
                masked.append(bytes[position])
                position += 1
            }
        }
        return masked
    }

    static func masking(_ secret: String?, in text: String) -> String {
        String(decoding: masking(secret, in: Array(text.utf8)), as: UTF8.self)
    }

    /// The values alone: a name with a secret in it is not among those that are relayed.
    static func masking(_ secret: String?, in fields: HTTPFields) -> HTTPFields {
        var masked = HTTPFields()
        for (name, value) in fields { masked.append(name, masking(secret, in: value)) }
        return masked
    }
}
