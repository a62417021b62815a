import CZlib

/// A coding of a message's body that peers use unasked.
///
/// [RFC 9110 §8.4.1](https://www.rfc-editor.org/rfc/rfc9110#section-8.4.1)
public enum ContentCoding: Sendable {
    case gzip, deflate

    /// - Parameter name: The value of `Content-Encoding`; nil for several codings and for those not known here.
    public init?(_ name: String) {
        switch name.lowercased() {
        case "gzip", "x-gzip": self = .gzip
        case "deflate": self = .deflate
        default: return nil
        }
    }

    /// The decoded body, as far as it can be read and is not longer than `limit`.
    ///
    /// - Parameters:
    ///   - bytes: May break off.
    ///   - limit: In bytes; what would come behind is left out, so that a few bytes cannot become many.
    /// - Returns: Empty when nothing of it can be read.
    /// - Complexity: O(what is returned and what is given).
    public func decoding(_ bytes: [UInt8], limit: Int) -> [UInt8] {
        let plain = Self.inflate(bytes, windowBits: self == .gzip ? 31 : 15, limit: limit)
        // Many servers mean the bare form when they say `deflate`.
        return plain.isEmpty && self == .deflate ? Self.inflate(bytes, windowBits: -15, limit: limit) : plain
    }

    private static func inflate(_ bytes: [UInt8], windowBits: Int32, limit: Int) -> [UInt8] {
        var stream = z_stream()
        guard freshet_inflate_start(&stream, windowBits) == Z_OK else { return [] }
        defer { inflateEnd(&stream) }
        // zlib reads through a pointer that C says is mutable, and writes nothing there.
        var input = bytes
        return input.withUnsafeMutableBufferPointer { input in
            [UInt8](unsafeUninitializedCapacity: limit) { output, count in
                stream.next_in = input.baseAddress
                stream.avail_in = UInt32(clamping: input.count)
                stream.next_out = output.baseAddress
                stream.avail_out = UInt32(clamping: limit)
                _ = CZlib.inflate(&stream, Z_SYNC_FLUSH)
                count = limit - Int(stream.avail_out)
            }
        }
    }
}
