/// What the simulator does for one request, step by step: a head, and then times and actions.
///
/// The head goes out together with the first step that is a `write`, `end` or `cut`. Steps are made when they are
/// asked for, so that a long answer takes no memory. The same model, seed, body and request number give the same steps.
package struct SimulatorScript: Equatable, Sendable {
    /// Status, headers and length.
    package let head: SimulatorHead
    // Not an enum with payloads: those would be copied at every token.
    private var stream: PacedStream?
    private var pieces: SplitWrites?
    private var steps: ArraySlice<(step: SimulatorStep, bytes: [UInt8])> = []

    /// The next step; the bytes of a `write` are appended to `output`, which the caller empties and reuses.
    ///
    /// - Parameter output: Gains nothing unless the step is a `write`.
    /// - Returns: `nil` once there is nothing more to do.
    /// - Complexity: O(bytes appended).
    package mutating func next(into output: inout [UInt8]) -> SimulatorStep? {
        if pieces != nil { return pieces?.next(into: &output) }
        if stream != nil { return stream?.next(into: &output) }
        guard let next = steps.popFirst() else { return nil }
        output += next.bytes
        return next.step
    }

    /// Whether the same steps follow.
    package static func == (left: Self, right: Self) -> Bool {
        left.head == right.head && left.stream == right.stream && left.pieces == right.pieces
            && left.steps.elementsEqual(right.steps, by: ==)
    }

    init(_ stream: PacedStream, head: SimulatorHead, model: SimulatedModel, seed: UInt64) {
        self.head = head
        if let split = model.split {
            pieces = SplitWrites(stream, split: split, pause: model.splitPause, seed: seed)
        } else {
            self.stream = stream
        }
    }

    /// One body at once, or what a fault makes of it.
    init(
        body: [UInt8], head: SimulatorHead, due: UInt64 = 0, fault: SimulatedModel.Fault? = nil,
        in dialect: SimulatorDialect = .chat
    ) {
        var head = head
        var body = body
        switch fault {
        case nil, .cut: break
        case .reset, .stall:
            self.head = head
            steps = [(SimulatorStep(due: due, action: fault == .reset ? .reset : .stall), [])]
            return
        case .error:
            let refusal = SimulatorRefusal(simulating: 500, retryAfter: 0)
            head = SimulatorHead(status: 500, contentType: "application/json")
            body = refusal.body(in: dialect)
        case .garbage: body = Array("{\"id\":\"x\",,]garbage ".utf8) + [0xFF, 0xFE]
        }
        head.contentLength = body.count
        self.head = head
        let sent = fault == .cut ? Array(body.prefix(body.count / 2)) : body
        steps = [
            (SimulatorStep(due: due, action: .write), sent),
            (SimulatorStep(due: due, action: fault == .cut ? .cut : .end), []),
        ]
    }

    /// An error, at once.
    package init(refusing refusal: SimulatorRefusal, in dialect: SimulatorDialect) {
        var head = SimulatorHead(status: refusal.status, contentType: "application/json")
        if let seconds = refusal.retryAfter {
            head.headers.append(.init(name: "retry-after", value: String(seconds)))
        }
        self.init(body: refusal.body(in: dialect), head: head)
    }
}
