import Glibc

extension Configuration {
    /// Reads and checks a configuration file.
    ///
    /// - Parameters:
    ///   - file: Its path, as errors name it.
    ///   - environment: The value of a variable, `nil` when it is not set.
    /// - Returns: Every value in force.
    /// - Throws: Everything that is wrong, at once, or why it could not be read.
    package static func load(
        file: String, environment: @escaping (String) -> String? = processEnvironment
    ) throws(ConfigurationErrors) -> Configuration {
        let bytes: [UInt8]
        do {
            bytes = try readBytes(of: file, limit: YAMLReader.maximumBytes + 1)
        } catch {
            throw ConfigurationErrors(
                file: file, unreadable: "cannot be read: \(String(cString: strerror(error.code)))")
        }
        return try parse(bytes, file: file, environment: environment)
    }

    /// Checks the text of a configuration and fills in its defaults.
    ///
    /// - Parameters:
    ///   - text: The YAML.
    ///   - file: What errors call it.
    ///   - environment: The value of a variable, `nil` when it is not set.
    /// - Returns: Every value in force.
    /// - Throws: Everything that is wrong, at once.
    package static func parse(
        _ text: [UInt8], file: String, environment: @escaping (String) -> String?
    ) throws(ConfigurationErrors) -> Configuration {
        var decoder = ConfigurationDecoder(environment: environment)
        let root: ConfigurationNode?
        do {
            let read = try YAMLReader.read(text)
            decoder.add(read.problems)
            root = read.root
        } catch {
            throw ConfigurationErrors(file: file, problems: [error])
        }
        let configuration = decoder.configuration(root)
        guard let configuration, decoder.problems.isEmpty else {
            throw ConfigurationErrors(file: file, problems: decoder.problems)
        }
        return configuration
    }

    /// A variable of this process.
    @Sendable package static func processEnvironment(_ name: String) -> String? {
        getenv(name).map { String(cString: $0) }
    }

    private struct SystemError: Error { let code: Int32 }

    private static func readBytes(of file: String, limit: Int) throws(SystemError) -> [UInt8] {
        let descriptor = open(file, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw SystemError(code: errno) }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 1 << 16)
        while bytes.count < limit {
            let count = read(descriptor, &piece, piece.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw SystemError(code: errno) }
            if count == 0 { break }
            bytes += piece[..<count]
        }
        return bytes
    }
}
