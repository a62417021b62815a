import COpenSSL

/// The named keys that callers present, kept as SHA-256 digests.
package struct KeyRing: Sendable, Equatable {
    /// A SHA-256 digest; prints as `***`, because that of a guessable key gives the key away.
    package struct Digest: Sendable, Equatable, CustomStringConvertible, CustomReflectable {
        fileprivate let bytes: [UInt8]

        /// The digest of a key.
        package init(of key: String) {
            var key = key
            bytes = key.withUTF8 { input in
                [UInt8](unsafeUninitializedCapacity: Int(SHA256_DIGEST_LENGTH)) { output, count in
                    _ = SHA256(input.baseAddress, input.count, output.baseAddress)
                    count = Int(SHA256_DIGEST_LENGTH)
                }
            }
        }

        /// - Parameter hexadecimal: 64 hexadecimal digits; anything else is `nil`.
        package init?(hexadecimal: String) {
            let digits = hexadecimal.utf8.map { UInt8(hexadecimalDigit: $0) }
            guard digits.count == 64, !digits.contains(nil) else { return nil }
            bytes = stride(from: 0, to: 64, by: 2).map { (digits[$0] ?? 0) << 4 | (digits[$0 + 1] ?? 0) }
        }

        /// Takes the same time wherever the two differ.
        fileprivate func matches(_ other: Digest) -> Bool {
            zip(bytes, other.bytes).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
        }

        /// Always `***`.
        package var description: String { "***" }
        /// Shows nothing.
        package var customMirror: Mirror { Mirror(self, children: []) }
    }

    private struct Entry: Sendable, Equatable {
        let owner: String
        let digest: Digest
    }
    private var entries: [Entry] = []

    /// No keys.
    package init() {}

    /// Whether there are no keys.
    package var isEmpty: Bool { entries.isEmpty }

    /// The names of the keys, in the order they were added.
    package var owners: [String] { entries.map(\.owner) }

    /// Adds a key; the owner that has the same one already if there is, and then nothing was added.
    package mutating func add(_ digest: Digest, owner: String) -> String? {
        if let same = entries.first(where: { $0.digest == digest }) { return same.owner }
        entries.append(Entry(owner: owner, digest: digest))
        return nil
    }

    /// Whose key this is.
    ///
    /// - Parameter key: What the caller presented, without `Bearer`.
    /// - Returns: `nil` for a key that is not listed. The time taken depends on the number of keys alone.
    package func owner(presenting key: String) -> String? {
        let presented = Digest(of: key)
        var owner: String?
        for entry in entries where entry.digest.matches(presented) { owner = entry.owner }
        return owner
    }
}

extension UInt8 {
    fileprivate init?(hexadecimalDigit digit: UInt8) {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): self = digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): self = digit - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): self = digit - UInt8(ascii: "A") + 10
        default: return nil
        }
    }
}
