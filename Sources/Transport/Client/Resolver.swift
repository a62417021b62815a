import Glibc
import Synchronization

/// Finds the addresses of names with `getaddrinfo` on two threads of its own, and remembers them for a while.
public final class Resolver: Sendable {
    /// The addresses to try, in order and never empty; port 0.
    package typealias Answer = Result<[SocketAddress], TransportError>

    /// How long answers hold, and how many there may be.
    public struct Limits: Sendable {
        /// Time for which addresses are used without asking again.
        public var found = Duration.seconds(60)
        /// Time for which a failure is taken for an answer.
        public var failed = Duration.seconds(5)
        /// Names remembered; past it all are forgotten at once.
        public var names = 1024
        /// Names waiting for a thread; past it a request fails at once.
        public var waiting = 1024
        /// The default limits.
        public init() {}
    }

    private struct Waiter {
        let loop: EventLoop
        let body: @Sendable (Answer) -> Void
    }
    private struct State {
        var answers: [String: (answer: Answer, until: MonotonicTime)] = [:]
        var waiters: [String: [Waiter]] = [:]
        var queue: [String] = []
        var isStarted = false
        var isStopped = false
    }
    private let limits: Limits
    private let work: WorkQueue

    /// Starts its threads with the first name that has to be asked for.
    public init(limits: Limits = Limits()) {
        self.limits = limits
        work = WorkQueue(limits: limits)
    }

    deinit { work.stop() }

    /// The answer when no thread has to be asked: an IP literal, or a name asked for a short while ago.
    package func known(_ host: String) -> Answer? {
        if let literal = SocketAddress(literal: host, port: 0) { return .success([literal]) }
        return work.remembered(host)
    }

    /// Asks for the addresses of `host`; `body` runs on `loop`.
    package func resolve(_ host: String, on loop: EventLoop, _ body: @escaping @Sendable (Answer) -> Void) {
        work.ask(host, Waiter(loop: loop, body: body))
    }

    /// What the threads share; they hold it, so that a resolver can go while one of them still waits for a server.
    private final class WorkQueue: Sendable {
        private let state = Locked(State())
        private let limits: Limits
        /// Counts queued names; a thread that takes one waits here.
        private let bell: Semaphore

        init(limits: Limits) {
            self.limits = limits
            bell = Semaphore()
        }

        func remembered(_ host: String) -> Answer? {
            state.withLock { state in
                guard let (answer, until) = state.answers[host], until > .read() else { return nil }
                return answer
            }
        }

        func ask(_ host: String, _ waiter: Waiter) {
            let asked: Result<Bool, TransportError> = state.withLock { state in
                let isNew = state.waiters[host] == nil
                if isNew {
                    guard state.queue.count < limits.waiting else {
                        return .failure(TransportError(.nameNotResolved, "too many names wait for the resolver"))
                    }
                    guard start(&state) else {
                        return .failure(TransportError(.systemFailure, "no resolver thread"))
                    }
                    state.queue.append(host)
                }
                state.waiters[host, default: []].append(waiter)
                return .success(isNew)
            }
            switch asked {
            case .success(let isNew): if isNew { bell.signal() }
            case .failure(let error): waiter.loop.execute { waiter.body(.failure(error)) }
            }
        }

        func stop() {
            state.withLock { $0.isStopped = true }
            for _ in 0..<2 { bell.signal() }
        }

        private func start(_ state: inout State) -> Bool {
            guard !state.isStarted else { return true }
            for number in 0..<2 {
                guard let thread = try? startThread(named: "resolver-\(number)", { self.run() }) else { continue }
                pthread_detach(thread)
                state.isStarted = true
            }
            return state.isStarted
        }

        private func run() {
            while true {
                bell.wait()
                let next: String?? = state.withLock { state in
                    if state.isStopped { return .none }
                    return .some(state.queue.isEmpty ? nil : state.queue.removeFirst())
                }
                guard let next else { return }
                if let host = next { settle(host, Self.lookUp(host)) }
            }
        }

        private func settle(_ host: String, _ answer: Answer) {
            let holds = if case .success = answer { limits.found } else { limits.failed }
            let waiters = state.withLock { state in
                if state.answers.count >= limits.names { state.answers = [:] }
                state.answers[host] = (answer, MonotonicTime.read() + holds)
                return state.waiters.removeValue(forKey: host) ?? []
            }
            for waiter in waiters { waiter.loop.execute { waiter.body(answer) } }
        }

        private static func lookUp(_ host: String) -> Answer {
            var hints = addrinfo()
            hints.ai_family = AF_UNSPEC
            hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
            hints.ai_flags = AI_ADDRCONFIG
            var list: UnsafeMutablePointer<addrinfo>?
            var result = getaddrinfo(host, nil, &hints, &list)
            if result == EAI_NONAME || result == EAI_BADFLAGS {
                hints.ai_flags = 0  // a machine with nothing but loopback has no configured family
                result = getaddrinfo(host, nil, &hints, &list)
            }
            guard result == 0 else {
                return .failure(TransportError(.nameNotResolved, String(cString: gai_strerror(result)), of: host))
            }
            defer { freeaddrinfo(list) }
            let found = sequence(first: list, next: { $0?.pointee.ai_next }).prefix { $0 != nil }
                .compactMap { entry in entry?.pointee.ai_addr.flatMap { SocketAddress($0) } }
            guard !found.isEmpty else { return .failure(TransportError(.nameNotResolved, "no address", of: host)) }
            return .success(interleaved(found))
        }

        /// The system's order, with the families alternating, so that one dead family costs one attempt.
        private static func interleaved(_ found: [SocketAddress]) -> [SocketAddress] {
            let first = found.filter { $0.family == found[0].family }
            let second = found.filter { $0.family != found[0].family }
            var mixed: [SocketAddress] = []
            for index in 0..<max(first.count, second.count) {
                if index < first.count { mixed.append(first[index]) }
                if index < second.count { mixed.append(second[index]) }
            }
            return mixed
        }
    }
}
