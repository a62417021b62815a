import Glibc

/// System calls on files, with typed failures.
enum Files {
    /// Opens a file that only its owner may read; closed on exec.
    static func open(_ path: String, _ flags: Int32, _ action: String) throws(StoreFailure) -> Int32 {
        while true {
            let file = Glibc.open(path, flags | O_CLOEXEC, 0o600)
            if file >= 0 { return file }
            guard errno == EINTR else { throw StoreFailure(action, path) }
        }
    }

    /// Makes a folder that only its owner may enter, and those above it. One that is there stays as it is.
    static func makeFolder(_ path: String) throws(StoreFailure) {
        if mkdir(path, 0o700) == 0 { return }
        switch errno {
        case EEXIST:
            var status = stat()
            guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
                throw StoreFailure("use", path, ENOTDIR)
            }
        case ENOENT:
            guard let parent = parent(of: path) else { throw StoreFailure("make", path) }
            try makeFolder(parent)
            guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw StoreFailure("make", path) }
        default: throw StoreFailure("make", path)
        }
    }

    private static func parent(of path: String) -> String? {
        guard let slash = path.lastIndex(of: "/"), slash > path.startIndex else { return nil }
        return String(path[..<slash])
    }

    /// Writes all of `bytes` with as few calls as the system allows, normally one.
    ///
    /// - Returns: nil, or the error's number; then some of them may have been written.
    static func write(_ bytes: [UInt8], to file: Int32) -> Int32? {
        bytes.withUnsafeBytes { raw in
            var rest = raw[...]
            while !rest.isEmpty {
                let count = Glibc.write(file, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
                if count > 0 {
                    rest = rest.dropFirst(count)
                } else if count == 0 || errno != EINTR {
                    return count == 0 ? EIO : errno
                }
            }
            return nil
        }
    }

    /// A small file's bytes; nil when it is not there.
    static func read(_ path: String) throws(StoreFailure) -> [UInt8]? {
        let file = Glibc.open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else {
            if errno == ENOENT { return nil }
            throw StoreFailure("open", path)
        }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = Glibc.read(file, &bytes, bytes.count)
        guard count >= 0 else { throw StoreFailure("read", path) }
        return Array(bytes[..<count])
    }

    /// In bytes; 0 for a file that is not there.
    static func size(of path: String) -> Int {
        var status = stat()
        return stat(path, &status) == 0 ? Int(status.st_size) : 0
    }

    /// Puts a small file into its place whole: whoever reads it sees the old one or the new one, also after a crash.
    static func replace(_ path: String, with bytes: [UInt8]) throws(StoreFailure) {
        let fresh = path + ".new"
        let file = try open(fresh, O_WRONLY | O_CREAT | O_TRUNC, "make")
        let error = write(bytes, to: file) ?? (fsync(file) == 0 ? nil : errno)
        close(file)
        if let error { throw StoreFailure("write to", fresh, error) }
        guard rename(fresh, path) == 0 else { throw StoreFailure("replace", path) }
    }

    /// The names in a folder, sorted.
    static func names(in folder: String) throws(StoreFailure) -> [String] {
        guard let stream = opendir(folder) else { throw StoreFailure("read", folder) }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }
}
