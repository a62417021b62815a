import FreshetEventStreams
public import FreshetGeneration
import FreshetHTTPWire
import FreshetTransport

/// Asks a Freshet gateway and hands on the events of its answers. It speaks the native dialect only.
///
/// One connection thread serves all streams of a client.
public final class GenerationClient: Sendable {
    private let group: EventLoopGroup
    private let origin: HTTPOrigin
    private let path: String
    private let key: String?
    private let http: LoopBound<HTTPClient>

    /// - Parameters:
    ///   - url: The gateway's, as `http://127.0.0.1:8080`.
    ///   - key: Sent as `Authorization: Bearer`; nil where the gateway asks for none.
    /// - Throws: `ClientError` when the URL cannot be used or no thread can be started.
    public init(url: String, key: String? = nil) throws(ClientError) {
        let parsed: HTTPURL
        do { parsed = try HTTPURL(parsing: url) } catch {
            throw ClientError(code: .invalidURL, message: "\(url) is not a gateway's URL: \(error.reason)")
        }
        origin = HTTPOrigin(
            scheme: parsed.scheme == .https ? .https : .http, host: parsed.host.name, port: parsed.port)
        path = parsed.path.hasSuffix("/") ? String(parsed.path.dropLast()) : parsed.path
        self.key = key
        do {
            group = try EventLoopGroup.start(count: 1)
            let tls = parsed.scheme == .https ? try TLSProfile() : nil
            let loop = group.loops[0]
            http = LoopBound(HTTPClient(loop: loop, tls: tls, resolver: Resolver()), on: loop)
        } catch {
            throw ClientError(code: .unreachable, message: "\(error)")
        }
    }

    /// Ends the client's thread; streams that are open break off. Not to be called from within a stream's closures.
    public func close() { group.shutdown() }

    /// Begins one answer.
    ///
    /// - Parameters:
    ///   - request: Sent as it is; the gateway checks it.
    ///   - onEvent: Called on the client's thread for each event, in order. While it runs nothing is read, of no stream of
    ///     this client: what takes long belongs elsewhere.
    ///   - onEnd: Called once on the client's thread: nil after `generation-end`, else why the stream broke off.
    /// - Returns: A handle to leave the stream.
    public func stream(
        _ request: GenerationRequest, onEvent: @escaping @Sendable (NativeEvent) -> Void,
        onEnd: @escaping @Sendable (ClientError?) -> Void
    ) -> StreamHandle {
        var fields = HTTPFields()
        fields.append("accept", "text/event-stream")
        fields.append("content-type", "application/json")
        fields.append("x-freshet-log", "off")
        if let key { fields.append("authorization", "Bearer " + key) }
        let message = HTTPClientRequest(
            origin: origin, method: "POST", target: path + "/v1/generations", fields: fields, body: request.body)
        let handle = StreamHandle(loop: http.loop)
        http.loop.execute { [http] in
            let stream = GenerationStream(onEvent: onEvent, onEnd: onEnd)
            handle.begin(stream, http.value.send(message, to: stream))
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
