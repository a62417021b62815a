/// Replaces `${NAME}` in configuration values.
enum EnvironmentSubstitution {
    enum Failure: Error, Equatable {
        case unset(name: String)
        /// `${` without a name of letters, digits and `_` closed by `}`.
        case malformed
    }

    /// - Parameters:
    ///   - text: A value as written; `$${` stands for a literal `${`, any other `$` for itself.
    ///   - environment: The value of a variable, `nil` when it is not set.
    /// - Returns: The text with every variable's value in its place.
    /// - Throws: The first variable that is not set or not written properly.
    /// - Complexity: O(length). What was put in is not searched again.
    static func expand(
        _ text: String, environment: (String) -> String?
    ) throws(Failure) -> String {
        let bytes = Array(text.utf8)
        var result: [UInt8] = []
        var index = 0
        while index < bytes.count {
            if bytes[index...].starts(with: "$${".utf8) {
                result += "${".utf8
                index += 3
            } else if bytes[index...].starts(with: "${".utf8) {
                guard let close = bytes[index...].firstIndex(of: UInt8(ascii: "}")) else { throw .malformed }
                let name = bytes[(index + 2)..<close]
                guard isName(name) else { throw .malformed }
                let key = String(decoding: name, as: UTF8.self)
                guard let value = environment(key) else { throw .unset(name: key) }
                result += value.utf8
                index = close + 1
            } else {
                result.append(bytes[index])
                index += 1
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    private static func isName(_ bytes: ArraySlice<UInt8>) -> Bool {
        guard let first = bytes.first, !(0x30...0x39).contains(first) else { return false }
        return bytes.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"):
                true
            default: false
            }
        }
    }
}
