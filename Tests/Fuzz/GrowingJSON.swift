import FreshetPartialJSON

/// All that a reader can see after the chunks, and after the end.
private struct Seen: Equatable {
    let value: JSONValue?
    let failure: JSONError?
    let isComplete: Bool
    let final: JSONValue?
    let finalShown: JSONValue?
}

private func limits() -> JSONLimits {
    var limits = JSONLimits()
    (limits.depth, limits.numberBytes, limits.textBytes) = (8, 20, 1000)
    return limits
}

private func look(_ chunks: [ArraySlice<UInt8>]) -> Seen {
    var growing = GrowingJSON(limits: limits())
    for chunk in chunks {
        let before = growing.value
        let changed = growing.receive(chunk.span)
        expect(changed || growing.value == before, "a change was not told")
    }
    let (value, failure, isComplete) = (growing.value, growing.failure, growing.isComplete)
    let final = try? growing.finish()
    expect(final == nil || failure == nil, "valid JSON was refused while it grew")
    return Seen(
        value: value, failure: failure, isComplete: isComplete, final: final, finalShown: growing.value)
}

/// How a value grows does not depend on how its bytes are cut, and it ends as what a strict parse gives.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = FuzzInput(start, count)
    input.expectSameForEveryChunking(look)
    guard input.bytes.count <= limits().textBytes else { return 0 }
    let strict = try? JSONValue(parsing: input.bytes, limits: limits())
    expect(look([input.bytes[...]]).final == strict, "the end differs from a strict parse")
    return 0
}
