/// A moment at which a loop calls a body; confined to its loop.
///
/// Moving the moment later costs one store: the loop looks at it again when the old moment comes.
public final class LoopTimer {
    private let loop: EventLoop
    private(set) var body: (() -> Void)?

    /// When the body is due; `never` while disarmed.
    public private(set) var deadline: MonotonicTime

    /// The key under which the loop's heap holds this timer; `never` when it does not.
    var filed = MonotonicTime.never

    init(loop: EventLoop, deadline: MonotonicTime, body: @escaping () -> Void) {
        self.loop = loop
        self.deadline = deadline
        self.body = body
    }

    /// Whether the body is going to be called.
    public var isArmed: Bool { deadline != .never }

    /// Sets the moment anew, also after the body was called or the timer disarmed; nothing after `cancel()`.
    public func rearm(at moment: MonotonicTime) {
        guard body != nil else { return }
        deadline = moment
        if moment < filed { loop.timers.file(self) }
    }

    /// Sets the moment to `delay` after the loop's present turn.
    public func rearm(after delay: Duration) { rearm(at: loop.now() + delay) }

    /// Takes the moment away and keeps the body for the next `rearm`.
    public func disarm() { deadline = .never }

    /// Ends the timer and frees what its body holds.
    public func cancel() {
        deadline = .never
        guard body != nil else { return }
        body = nil
        if filed != .never { loop.timers.abandonedOne() }
    }

    /// Called by the heap when the moment has come.
    func fire() {
        deadline = .never
        body?()
    }
}
