import Glibc

/// Output that is never kept back: each call is one write.
enum Terminal {
    static func print(_ text: String) { write(Array(text.utf8), to: STDOUT_FILENO) }

    static func printError(_ text: String) { write(Array(text.utf8), to: STDERR_FILENO) }

    /// Writes all of it; gives up when nobody reads any more.
    static func write(_ bytes: [UInt8], to descriptor: Int32) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }

    /// Whether a person sees what is printed.
    static var isInteractive: Bool { isatty(STDOUT_FILENO) == 1 }

    /// Takes control characters out of what came over the network: a model must not drive the terminal.
    static func harmless(_ text: String) -> String {
        let kept = text.unicodeScalars.filter { scalar in
            scalar == "\n" || scalar == "\t" || !(scalar.value < 0x20 || (0x7F..<0xA0).contains(scalar.value))
        }
        return String(String.UnicodeScalarView(kept))
    }
}

/// Files read whole.
enum InputFile {
    /// Reads a file to its end.
    ///
    /// - Parameters:
    ///   - path: `-` is standard input.
    ///   - limit: Bytes; past it the file is refused, not cut.
    /// - Returns: The bytes.
    /// - Throws: A message that begins with the path.
    static func read(_ path: String, limit: Int = 256 << 20) throws(CommandError) -> [UInt8] {
        let descriptor = path == "-" ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw CommandError("\(path): \(String(cString: strerror(errno)))") }
        defer { if descriptor != STDIN_FILENO { close(descriptor) } }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw CommandError("\(path): \(String(cString: strerror(errno)))") }
            if count == 0 { return bytes }
            bytes += chunk[..<count]
            guard bytes.count <= limit else { throw CommandError("\(path): larger than \(limit >> 20) MiB") }
        }
    }
}
