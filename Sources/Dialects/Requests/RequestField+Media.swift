import FreshetGeneration
import FreshetPartialJSON

extension RequestField {
    /// This string as a media type in small letters, without parameters.
    func mediaType() throws(RequestError) -> String {
        let type = try string().lowercased().filter { $0 != " " }.prefix { $0 != ";" }
        guard type.isMediaType else { throw error("must be a media type, as in image/png") }
        return String(type)
    }

    /// This string as base64 in the common alphabet: some clients write the one for URLs.
    func base64() throws(RequestError) -> String {
        guard let text = Base64.common(try string()) else { throw error("must be base64") }
        return text
    }

    /// This string as a place of media: a `data:` URL with base64, or the URL of something.
    ///
    /// - Parameters:
    ///   - mediaType: For a `data:` URL that names none, and for any other.
    ///   - name: Of a document.
    /// - Returns: With the type that the URL names, where it does.
    /// - Throws: For what is no URL, or not base64.
    func media(_ mediaType: String = "", name: String? = nil) throws(RequestError) -> ModelMedia {
        let url = try string()
        guard url.hasPrefix("data:") else {
            guard url.contains(":") else { throw error("must be a URL: https://… or data:…;base64,…") }
            return ModelMedia(mediaType: mediaType, .url(url), name: name)
        }
        guard let comma = url.firstIndex(of: ",") else { throw error("must be data:TYPE;base64,DATA") }
        let words = url[url.index(url.startIndex, offsetBy: 5)..<comma].split(
            separator: ";", omittingEmptySubsequences: false)
        guard words.count > 1, words.last == "base64", let data = Base64.common(String(url[url.index(after: comma)...]))
        else { throw error("must be data:TYPE;base64,DATA") }
        let named = String(words[0]).lowercased()
        guard named.isEmpty || named.isMediaType else { throw error("must be data:TYPE;base64,DATA") }
        return ModelMedia(mediaType: named.isEmpty ? mediaType : named, .base64(data), name: name)
    }
}

extension Base64 {
    /// What a byte is to `common`.
    private enum Kind: UInt8 {
        case foreign, plain, dash, underscore, padding, lineEnd
    }

    private static let kinds: [UInt8] = {
        var kinds = Array(repeating: Kind.foreign.rawValue, count: 256)
        for byte in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8 {
            kinds[Int(byte)] = Kind.plain.rawValue
        }
        kinds[Int(UInt8(ascii: "-"))] = Kind.dash.rawValue
        kinds[Int(UInt8(ascii: "_"))] = Kind.underscore.rawValue
        kinds[Int(UInt8(ascii: "="))] = Kind.padding.rawValue
        (kinds[0x0A], kinds[0x0D]) = (Kind.lineEnd.rawValue, Kind.lineEnd.rawValue)
        return kinds
    }()

    /// The same in the common alphabet with padding; nil for what is no base64. Line breaks are taken out.
    static func common(_ text: String) -> String? {
        let given = text
        var text = text
        return text.withUTF8 { bytes in
            let kinds = Self.kinds.span
            var (other, lineEnds) = (0, 0)
            var end = bytes.count
            while end > 0, kinds[Int(bytes[end - 1])] >= Kind.padding.rawValue { end -= 1 }
            for byte in bytes[..<end] {
                switch Kind(rawValue: kinds[Int(byte)]) ?? .foreign {
                case .plain: continue
                case .foreign, .padding: return nil
                case .dash, .underscore: other += 1
                case .lineEnd: lineEnds += 1
                }
            }
            let padding = bytes[end...].count { $0 == UInt8(ascii: "=") }
            let data = end - lineEnds
            let wanted = (4 - data % 4) % 4
            guard data % 4 != 1, padding == wanted || padding == 0 else { return nil }
            if other == 0, lineEnds == 0, bytes.count - end == wanted { return given }
            var out: [UInt8] = []
            out.reserveCapacity(data + wanted)
            for byte in bytes[..<end] {
                switch Kind(rawValue: kinds[Int(byte)]) ?? .foreign {
                case .lineEnd: continue
                case .dash: out.append(UInt8(ascii: "+"))
                case .underscore: out.append(UInt8(ascii: "/"))
                case .plain, .foreign, .padding: out.append(byte)
                }
            }
            out += repeatElement(UInt8(ascii: "="), count: wanted)
            return String(decoding: out, as: UTF8.self)
        }
    }
}

extension StringProtocol {
    /// Whether it is a type and a subtype (RFC 6838), without parameters.
    fileprivate var isMediaType: Bool {
        let plain = Set("abcdefghijklmnopqrstuvwxyz0123456789!#$&-^_.+*".utf8)
        let words = split(separator: "/", omittingEmptySubsequences: false)
        return words.count == 2 && words.allSatisfy { !$0.isEmpty && $0.utf8.allSatisfy(plain.contains) }
    }
}
