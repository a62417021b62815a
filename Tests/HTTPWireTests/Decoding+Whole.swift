import FreshetHTTPWire

/// What a decoder gave for a whole input: heads and ends as they came, the bytes of each body joined.
struct Decoded<Head: Equatable>: Equatable {
    var heads: [Head] = []
    var bodies: [String] = []
    var ends = 0
    var error: HTTPError?
    /// Bytes handed over before the decoder was satisfied or threw.
    var isIdle = false
}

typealias DecodedRequests = Decoded<HTTPRequestHead>
typealias DecodedResponses = Decoded<HTTPResponseHead>

/// Decodes requests from pieces of `input`, each piece handed over as an input of its own.
func requests(
    _ input: [UInt8], cut plan: [Range<Int>]? = nil, limits: HTTPLimits = .init()
) -> DecodedRequests {
    var decoder = HTTPRequestDecoder(limits: limits)
    var result = DecodedRequests()
    var bodies: [[UInt8]] = []
    do throws(HTTPError) {
        for piece in plan ?? [0..<input.count] {
            let bytes = Array(input[piece])
            var position = 0
            while let part = try decoder.next(bytes.span, from: &position) {
                switch part {
                case .head(let head):
                    result.heads.append(head)
                    bodies.append([])
                case .body(let range): bodies[bodies.count - 1] += bytes[range]
                case .end: result.ends += 1
                }
            }
            precondition(position == bytes.count, "nil means that all input is taken")
        }
    } catch {
        result.error = error
    }
    result.bodies = bodies.map { String(decoding: $0, as: UTF8.self) }
    result.isIdle = decoder.isIdle
    return result
}

func requests(_ text: String, limits: HTTPLimits = .init()) -> DecodedRequests {
    requests(Array(text.utf8), limits: limits)
}

/// Decodes the responses to requests of the given methods, in order, and then the connection's end.
func responses(_ input: [UInt8], cut plan: [Range<Int>]? = nil, to methods: [String] = ["GET"]) -> DecodedResponses {
    var decoder = HTTPResponseDecoder()
    var result = DecodedResponses()
    var bodies: [[UInt8]] = []
    var methods = methods[...]
    func expectNext() { if let method = methods.popFirst() { decoder.expect(method: method) } }
    func take(_ part: HTTPResponsePart, _ bytes: [UInt8]) {
        switch part {
        case .head(let head):
            result.heads.append(head)
            bodies.append([])
        case .body(let range): bodies[bodies.count - 1] += bytes[range]
        case .end:
            result.ends += 1
            expectNext()
        }
    }
    expectNext()
    do throws(HTTPError) {
        for piece in plan ?? [0..<input.count] {
            let bytes = Array(input[piece])
            var position = 0
            while let part = try decoder.next(bytes.span, from: &position) { take(part, bytes) }
            precondition(position == bytes.count, "nil means that all input is taken")
        }
        if let part = try decoder.finish() { take(part, []) }
    } catch {
        result.error = error
    }
    result.bodies = bodies.map { String(decoding: $0, as: UTF8.self) }
    result.isIdle = decoder.isIdle
    return result
}

func responses(_ text: String, to methods: [String] = ["GET"]) -> DecodedResponses {
    responses(Array(text.utf8), to: methods)
}
