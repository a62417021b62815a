/// A loop-confined value that crosses closures and threads on its way back to its loop.
public struct LoopBound<Value>: @unchecked Sendable {  // the value is touched on its loop only, checked below
    /// Where the value may be touched.
    public let loop: EventLoop
    private let content: Value

    /// Wraps a value that is confined to `loop`.
    public init(_ value: Value, on loop: EventLoop) {
        content = value
        self.loop = loop
    }

    /// The value; traps off its loop in debug builds.
    public var value: Value {
        loop.preconditionOnLoop()
        return content
    }
}
