import COpenSSL
import FreshetGeneration
import FreshetHTTPWire
import FreshetRelay
import FreshetTransport

/// What a request that makes a generation asks for beside the answer: whether it is logged, and under which key.
struct Keeping {
    private let isOn: Bool?
    /// Nil when the client sent no `Idempotency-Key`.
    let scope: IdempotencyKeys.Scope?
    /// Of the request's body; empty without a key.
    let digest: [UInt8]
    /// Nil for a request that does not go on with another one's conversation.
    var parent: GenerationID?

    /// What the fields of a POST say.
    ///
    /// - Throws: What is wrong with them.
    init(_ exchange: HTTPServerExchange, owner: String) throws(Caller.Refused) {
        switch try exchange.head.fields.only("x-freshet-log")?.lowercased() {
        case nil: isOn = nil
        case "on": isOn = true
        case "off": isOn = false
        case .some: throw Caller.Refused(RequestError("x-freshet-log", "must be `on` or `off`"))
        }
        guard let key = try exchange.head.fields.only("Idempotency-Key") else {
            (scope, digest) = (nil, [])
            return
        }
        guard (1...255).contains(key.utf8.count), key.utf8.allSatisfy({ (0x20...0x7E).contains($0) }) else {
            throw Caller.Refused(RequestError("Idempotency-Key", "must be 1 to 255 printable ASCII characters"))
        }
        guard isOn != false else {
            throw Caller.Refused(RequestError("x-freshet-log", "cannot be `off` beside an `Idempotency-Key`"))
        }
        scope = IdempotencyKeys.Scope(owner: owner, path: exchange.head.path, key: key)
        digest = Self.digest(of: exchange.body)
    }

    /// What a query says.
    init(isLogged: Bool) { (isOn, scope, digest) = (isLogged ? true : nil, nil, []) }

    /// - Parameters:
    ///   - byDefault: Of the endpoint, where the request does not say.
    ///   - limits: How long what is logged stays.
    /// - Returns: What it asked for; `byDefault` when it did not ask.
    func retention(byDefault: Retention, _ limits: Configuration.Limits) -> Retention {
        if isOn == true || scope != nil { return .logged(grace: nil, beyondEnd: limits.memoryTime) }
        return isOn == false ? .untilRead : byDefault
    }

    /// What native generations are where the request does not say.
    static func native(_ limits: Configuration.Limits) -> Retention {
        .logged(grace: limits.orphanTime, beyondEnd: limits.memoryTime)
    }

    private static func digest(of body: [UInt8]) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: Int(SHA256_DIGEST_LENGTH)) { output, count in
            body.withUnsafeBufferPointer { input in
                _ = SHA256(input.baseAddress, input.count, output.baseAddress)
            }
            count = Int(SHA256_DIGEST_LENGTH)
        }
    }
}
