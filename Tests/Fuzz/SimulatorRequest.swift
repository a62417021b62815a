import FreshetPartialJSON
import FreshetSimulator

/// Whatever is asked of the simulator, its script is made step by step, in time, and an answer that it does not spoil on
/// purpose is readable.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    var simulator = Simulator()
    var script = simulator.respond(to: FuzzInput(start, count).bytes)
    var (out, due) = ([UInt8](), UInt64(0))
    for _ in 0..<300 {
        guard let step = script.next(into: &out) else { break }
        expect(step.due >= due, "a step is due before the one it follows")
        due = step.due
    }
    if script.head.status != 200 { expect((try? JSONValue(parsing: out)) != nil, "a refusal is no JSON") }
    return 0
}
