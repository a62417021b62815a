import FreshetHTTPWire

/// One parse by `HTTPWire`, told in the words that `OracleParse` uses.
struct OwnParse {
    private(set) var messages: [SeenMessage] = []
    private(set) var error: HTTPError?

    /// - Parameter methods: What the responses answer, in order; nil to parse requests.
    init(_ input: [UInt8], cut plan: [Range<Int>], responsesTo methods: [String]?) {
        do throws(HTTPError) {
            if let methods { try readResponses(input, plan, methods[...]) } else { try readRequests(input, plan) }
        } catch {
            self.error = error
        }
    }

    private mutating func readRequests(_ input: [UInt8], _ plan: [Range<Int>]) throws(HTTPError) {
        var decoder = HTTPRequestDecoder()
        for piece in plan {
            let bytes = Array(input[piece])
            var position = 0
            while let part = try decoder.next(bytes.span, from: &position) {
                switch part {
                case .head(let head):
                    var message = SeenMessage()
                    (message.method, message.target) = (head.method, Array(head.target.utf8))
                    begin(message, head.version, head.fields, head.keepAlive)
                case .body(let range): messages[messages.count - 1].body += bytes[range]
                case .end: messages[messages.count - 1].isWhole = true
                }
            }
        }
    }

    private mutating func readResponses(
        _ input: [UInt8], _ plan: [Range<Int>], _ methods: ArraySlice<String>
    ) throws(HTTPError) {
        var decoder = HTTPResponseDecoder()
        var methods = methods
        if let method = methods.popFirst() { decoder.expect(method: method) }
        for piece in plan {
            let bytes = Array(input[piece])
            var position = 0
            while let part = try decoder.next(bytes.span, from: &position) {
                take(part, bytes)
                if part == .end, let method = methods.popFirst() { decoder.expect(method: method) }
            }
        }
        if let part = try decoder.finish() { take(part, []) }
    }

    private mutating func take(_ part: HTTPResponsePart, _ bytes: [UInt8]) {
        switch part {
        case .head(let head):
            var message = SeenMessage()
            message.status = head.status
            message.isWhole = head.isInterim
            begin(message, head.version, head.fields, head.keepAlive)
        case .body(let range): messages[messages.count - 1].body += bytes[range]
        case .end: messages[messages.count - 1].isWhole = true
        }
    }

    private mutating func begin(
        _ message: SeenMessage, _ version: HTTPVersion, _ fields: HTTPFields, _ keepsConnection: Bool
    ) {
        var message = message
        message.version = version.major * 10 + version.minor
        message.fields = fields.map { SeenMessage.Field(name: Array($0.name.utf8), value: Array($0.value.utf8)) }
        (message.keepsConnection, message.isHeadWhole) = (keepsConnection, true)
        messages.append(message)
    }
}
