import COpenSSL
import Glibc

/// One TLS connection over a non-blocking socket; confined to its loop.
final class TLSSession {
    /// What one step did.
    enum Step {
        case done
        case bytes(Int)
        case wantsInput
        case wantsOutput
        /// The peer said that it sends nothing more.
        case closed
        case failed(TransportError)
    }
    private let ssl: OpaquePointer

    /// A client's session; the handshake is still to be made.
    ///
    /// - Parameters:
    ///   - profile: Whom to trust.
    ///   - descriptor: The connected socket, not owned: it must stay open as long as the session.
    ///   - host: Name or IP literal that the peer's certificate must bear.
    ///   - resumption: A session of an earlier connection to the same origin with the same key.
    /// - Throws: `tlsFailed` when memory is out or `host` is nothing a certificate can bear.
    init(
        _ profile: TLSProfile, descriptor: Int32, host: String, resumption: TLSResumption?
    ) throws(TransportError) {
        ERR_clear_error()
        guard let ssl = SSL_new(profile.context), let bio = TLSSocketBIO.make(descriptor) else {
            throw TransportError(.tlsFailed, "OpenSSL: \(TLSProfile.oldestError())")
        }
        SSL_set_bio(ssl, bio, bio)
        self.ssl = ssl
        guard expect(host) else { throw TransportError(.tlsFailed, "not a name a certificate can bear", of: host) }
        SSL_set_alpn_protos(ssl, Self.protocols, UInt32(Self.protocols.count))
        if let resumption { SSL_set_session(ssl, resumption.session) }
        SSL_set_connect_state(ssl)
    }

    deinit { SSL_free(ssl) }

    private static let protocols: [UInt8] = [8] + Array("http/1.1".utf8)

    private func expect(_ host: String) -> Bool {
        if let address = SocketAddress(literal: host, port: 0) {
            return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), address.host) == 1
        }
        SSL_set_hostflags(ssl, UInt32(X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS))
        return SSL_set1_host(ssl, host) == 1 && freshet_ssl_set_server_name(ssl, host) == 1
    }

    /// Goes on with the handshake.
    func handshake() -> Step {
        ERR_clear_error()
        let result = SSL_do_handshake(ssl)
        return result == 1 ? .done : step(after: result)
    }

    /// Reads what one TLS record holds; ask again while `hasPending`.
    func receive(into buffer: UnsafeMutableBufferPointer<UInt8>) -> Step {
        ERR_clear_error()
        let result = SSL_read(ssl, buffer.baseAddress, Int32(clamping: buffer.count))
        return result > 0 ? .bytes(Int(result)) : step(after: result)
    }

    /// Writes a part of `bytes`.
    func send(_ bytes: UnsafeBufferPointer<UInt8>) -> Step {
        ERR_clear_error()
        let result = SSL_write(ssl, bytes.baseAddress, Int32(clamping: bytes.count))
        return result > 0 ? .bytes(Int(result)) : step(after: result)
    }

    /// Whether bytes were read from the socket that `receive` has not given out; epoll will not tell of them.
    var hasPending: Bool { SSL_has_pending(ssl) == 1 }

    /// Says goodbye, without waiting for an answer.
    func shutDown() {
        ERR_clear_error()
        SSL_shutdown(ssl)
    }

    /// What the next connection to this peer can take up; nil when the peer gave no ticket.
    func resumption() -> TLSResumption? {
        guard let session = SSL_get1_session(ssl) else { return nil }
        guard SSL_SESSION_is_resumable(session) == 1 else {
            SSL_SESSION_free(session)
            return nil
        }
        return TLSResumption(session)
    }

    /// Whether this connection took up an earlier session.
    var isResumed: Bool { SSL_session_reused(ssl) == 1 }

    private func step(after result: Int32) -> Step {
        let reason = errno
        switch SSL_get_error(ssl, result) {
        case SSL_ERROR_WANT_READ: return .wantsInput
        case SSL_ERROR_WANT_WRITE: return .wantsOutput
        case SSL_ERROR_ZERO_RETURN: return .closed
        case SSL_ERROR_SYSCALL:
            let message = reason == 0 ? "cut off without goodbye" : systemMessage(reason)
            return .failed(TransportError(.connectionLost, message))
        default: return .failed(failure())
        }
    }

    private func failure() -> TransportError {
        let verdict = SSL_get_verify_result(ssl)
        guard verdict != Int(X509_V_OK) else { return TransportError(.tlsFailed, TLSProfile.oldestError()) }
        ERR_clear_error()
        return TransportError(.tlsFailed, "certificate: \(String(cString: X509_verify_cert_error_string(verdict)))")
    }
}

/// A finished TLS session from which a later connection can go on without a full handshake.
final class TLSResumption {
    fileprivate let session: OpaquePointer
    fileprivate init(_ session: OpaquePointer) { self.session = session }
    deinit { SSL_SESSION_free(session) }
}
