import Glibc

/// Why something could not be kept or read back.
package struct StoreFailure: Error, Equatable, Sendable {
    /// What a program does about it.
    package enum Kind: Equatable, Sendable {
        /// No space, or the quota or the largest size of a file is reached: it may go on when somebody makes room.
        case full
        /// The file system takes no writes.
        case readOnly
        /// This user may not.
        case denied
        /// The device failed.
        case failing
        /// The file is not what it should be.
        case damaged
        /// One generation's log in a sound catalogue is not what it was.
        case damagedLog
        /// Another process works there; its id, where it told.
        case inUse(pid: Int32?)
        /// A later version wrote it.
        case tooNew
        /// More waits than a queue may hold.
        case busy
        /// Something else; see the message.
        case other
    }

    /// For programs.
    package var kind: Kind
    /// For people: what was tried, on which file, and what the system said.
    package var message: String

    /// What to do about it, where that is known: for whoever starts a program.
    package var advice: String? {
        switch kind {
        case .full: "make room there, or name another data directory (`--data DIR`; `off` keeps nothing)"
        case .readOnly, .denied:
            "let this user write there, or name another data directory (`--data DIR`; `off` keeps nothing)"
        case .tooNew: "start that version again, or name another data directory (`--data DIR`)"
        case .damaged: "move that file away and start again: what segments have is found again"
        case .inUse, .busy, .damagedLog: nil
        case .failing, .other: "mend it, or name another data directory (`--data DIR`; `off` keeps nothing)"
        }
    }

    /// A failure that the system did not name.
    package init(_ kind: Kind, _ message: String) { (self.kind, self.message) = (kind, message) }

    /// What a system call left in `errno`.
    ///
    /// - Parameters:
    ///   - action: What was tried, as in "write to".
    ///   - path: Of the file.
    ///   - number: The error's number.
    init(_ action: String, _ path: String, _ number: Int32 = errno) {
        kind =
            switch number {
            case ENOSPC, EDQUOT, EFBIG: .full
            case EROFS: .readOnly
            case EACCES, EPERM: .denied
            case EIO: .failing
            default: .other
            }
        let words = strerror(number).map { String(cString: $0) } ?? "error \(number)"
        message = "cannot \(action) \(path): \(words)"
    }
}

extension StoreFailure: CustomStringConvertible {
    /// The message.
    package var description: String { message }
}
