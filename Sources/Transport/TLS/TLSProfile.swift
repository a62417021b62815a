import COpenSSL
import Glibc

/// How the client side of TLS decides whom to trust; one per configuration, shared by every loop.
///
/// The peer's chain, name and dates are always verified, and nothing older than TLS 1.2 is spoken.
public final class TLSProfile: Sendable {
    // SSL_CTX may be used by any number of threads once it is set up.
    nonisolated(unsafe) let context: OpaquePointer

    /// - Parameter certificateFile: PEM file of the authorities to trust instead of the system's. The system's are
    ///   those of OpenSSL, which honours `SSL_CERT_FILE` and `SSL_CERT_DIR`.
    /// - Throws: `tlsFailed` when the file cannot be read or holds no certificate.
    public init(certificateFile: String? = nil) throws(TransportError) {
        ERR_clear_error()
        guard let context = SSL_CTX_new(TLS_client_method()) else {
            throw TransportError(.tlsFailed, "OpenSSL: \(TLSProfile.oldestError())")
        }
        let loaded =
            if let certificateFile { SSL_CTX_load_verify_locations(context, certificateFile, nil) } else {
                SSL_CTX_set_default_verify_paths(context)
            }
        guard loaded == 1 else {
            SSL_CTX_free(context)
            throw TransportError(.tlsFailed, "certificates of the authorities: \(TLSProfile.oldestError())")
        }
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nil)
        _ = freshet_ssl_ctx_set_minimum_version(context, TLS1_2_VERSION)
        _ = freshet_ssl_ctx_set_mode(context, freshet_ssl_modes)
        // Sessions are kept by the client per origin and key, never where another key's connection could find them.
        _ = freshet_ssl_ctx_set_session_cache(context, Int(SSL_SESS_CACHE_OFF))
        self.context = context
    }

    deinit { SSL_CTX_free(context) }

    /// The oldest entry of this thread's error queue, in OpenSSL's words; the queue is empty afterwards.
    static func oldestError() -> String {
        let code = ERR_get_error()
        defer { ERR_clear_error() }
        guard code != 0 else { return "no reason given" }
        return ERR_reason_error_string(code).map { String(cString: $0) } ?? "error \(code)"
    }
}
