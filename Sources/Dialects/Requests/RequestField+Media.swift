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
    /// The same in the common alphabet with padding; nil for what is no base64. Line breaks are taken out.
    static func common(_ text: String) -> String? {
        var (data, padding, isChanged) = (0, 0, false)
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "="): padding += 1
            case 0x0A, 0x0D, UInt8(ascii: "-"), UInt8(ascii: "_"):
                isChanged = true
                if byte > 0x0D { data += 1 }
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "/"):
                data += 1
            default: return nil
            }
            // Data behind padding.
            if padding > 0, byte != UInt8(ascii: "="), byte != 0x0A, byte != 0x0D { return nil }
        }
        let wanted = (4 - data % 4) % 4
        guard data % 4 != 1, padding == wanted || padding == 0 else { return nil }
        if !isChanged, padding == wanted { return text }
        var out: [UInt8] = []
        out.reserveCapacity(data + wanted)
        for byte in text.utf8 {
            switch byte {
            case 0x0A, 0x0D, UInt8(ascii: "="): continue
            case UInt8(ascii: "-"): out.append(UInt8(ascii: "+"))
            case UInt8(ascii: "_"): out.append(UInt8(ascii: "/"))
            default: out.append(byte)
            }
        }
        out += repeatElement(UInt8(ascii: "="), count: wanted)
        return String(decoding: out, as: UTF8.self)
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
