import COpenSSL
import Glibc

/// A BIO over a socket. OpenSSL's own one writes with `write`, which raises SIGPIPE.
enum TLSSocketBIO {
    // Written once, before any thread can see it.
    nonisolated(unsafe) private static let method: OpaquePointer? = {
        let type = BIO_get_new_index() | BIO_TYPE_SOURCE_SINK
        guard let method = BIO_meth_new(type, "freshet socket") else { return nil }
        BIO_meth_set_write(method) { bio, bytes, count in
            guard let bio, let bytes, count > 0 else { return 0 }
            freshet_bio_clear_retry(bio)
            let buffer = UnsafeRawBufferPointer(start: bytes, count: Int(count)).bindMemory(to: UInt8.self)
            switch Socket.send(TLSSocketBIO.descriptor(bio), buffer) {
            case .bytes(let count): return Int32(count)
            case .wouldBlock: freshet_bio_set_retry_write(bio)
            case .ended, .failed: break
            }
            return -1
        }
        BIO_meth_set_read(method) { bio, bytes, count in
            guard let bio, let bytes, count > 0 else { return 0 }
            freshet_bio_clear_retry(bio)
            let buffer = UnsafeMutableRawBufferPointer(start: bytes, count: Int(count)).bindMemory(to: UInt8.self)
            switch Socket.receive(TLSSocketBIO.descriptor(bio), into: buffer) {
            case .bytes(let count): return Int32(count)
            case .ended: return 0
            case .wouldBlock: freshet_bio_set_retry_read(bio)
            case .failed: break
            }
            return -1
        }
        BIO_meth_set_ctrl(method) { _, command, _, _ in command == BIO_CTRL_FLUSH ? 1 : 0 }
        return method
    }()

    /// - Returns: A BIO that does not own `descriptor`; nil when memory is out.
    static func make(_ descriptor: Int32) -> OpaquePointer? {
        guard let method, let bio = BIO_new(method) else { return nil }
        BIO_set_data(bio, UnsafeMutableRawPointer(bitPattern: Int(descriptor) + 1))
        BIO_set_init(bio, 1)
        return bio
    }

    private static func descriptor(_ bio: OpaquePointer) -> Int32 {
        Int32(truncatingIfNeeded: Int(bitPattern: BIO_get_data(bio)) - 1)
    }
}
