public import FreshetGeneration
import FreshetHTTPWire
import FreshetTransport

/// Asks a Freshet gateway and hands on the events of its answers. It speaks the native dialect only.
///
/// One connection thread serves all streams of a client.
public final class GenerationClient: Sendable {
    private let group: EventLoopGroup
    private let gateway: LoopBound<GatewayPlace>

    /// - Parameters:
    ///   - url: The gateway's, as `http://127.0.0.1:8080`.
    ///   - key: Sent as `Authorization: Bearer`; nil where the gateway asks for none.
    /// - Throws: `ClientError` when the URL cannot be used or no thread can be started.
    public init(url: String, key: String? = nil) throws(ClientError) {
        let parsed: HTTPURL
        do { parsed = try HTTPURL(parsing: url) } catch {
            throw ClientError(code: .invalidURL, message: "\(url) is not a gateway's URL: \(error.reason)")
        }
        let origin = HTTPOrigin(
            scheme: parsed.scheme == .https ? .https : .http, host: parsed.host.name, port: parsed.port)
        let path = parsed.path.hasSuffix("/") ? String(parsed.path.dropLast()) : parsed.path
        do {
            group = try EventLoopGroup.start(count: 1)
            let tls = parsed.scheme == .https ? try TLSProfile() : nil
            let loop = group.loops[0]
            let http = HTTPClient(loop: loop, tls: tls, resolver: Resolver())
            let place = GatewayPlace(loop: loop, http: http, origin: origin, path: path, key: key)
            gateway = LoopBound(place, on: loop)
        } catch {
            throw ClientError(code: .unreachable, message: "\(error)")
        }
    }

    /// Ends the client's thread; streams that are open break off. Not to be called from within a stream's closures.
    public func close() {
        gateway.loop.execute { [gateway] in gateway.value.close() }
        group.shutdown()
    }

    /// Begins one answer. Where its connection breaks it is read on over another one: nothing is missing, nothing comes
    /// twice. The request that makes it is sent once.
    ///
    /// - Parameters:
    ///   - request: Sent as it is; the gateway checks it.
    ///   - onConnection: Called on the client's thread when the connection is lost, and when it is there again.
    ///   - onEvent: Called on the client's thread for each event, in order. While it runs nothing is read, of no stream of
    ///     this client: what takes long belongs elsewhere.
    ///   - onEnd: Called once on the client's thread: nil after `generation-end`, else why the stream broke off for good:
    ///     the gateway refused, broke the protocol, or was not to be reached for a minute.
    /// - Returns: A handle to leave the stream, or to stop the answer.
    public func stream(
        _ request: GenerationRequest, onConnection: @escaping @Sendable (ConnectionChange) -> Void = { _ in },
        onEvent: @escaping @Sendable (NativeEvent) -> Void, onEnd: @escaping @Sendable (ClientError?) -> Void
    ) -> StreamHandle {
        let handle = StreamHandle(gateway)
        let listener = StreamListener(onConnection: onConnection, onEvent: onEvent, onEnd: onEnd)
        gateway.loop.execute { [gateway] in
            let stream = GenerationStream(gateway.value, listener)
            if handle.begin(stream) { stream.start(request) }
        }
        return handle
    }
}

/// Why a client could not go on.
public struct ClientError: Error, Equatable, Sendable {
    /// What went wrong, in one word.
    public struct Code: Hashable, Sendable {
        let name: String
        /// The URL is not one of a gateway.
        public static let invalidURL = Code(name: "invalid_url")
        /// No connection to the gateway.
        public static let unreachable = Code(name: "unreachable")
        /// The gateway refused the request.
        public static let refused = Code(name: "refused")
        /// It refused the key, or none was sent.
        public static let unauthorized = Code(name: "unauthorized")
        /// The stream ended before `generation-end`.
        public static let interrupted = Code(name: "interrupted")
        /// The gateway said what the protocol does not allow.
        public static let malformed = Code(name: "malformed")
    }

    /// For programs; the set grows.
    public let code: Code
    /// For people.
    public let message: String
}
