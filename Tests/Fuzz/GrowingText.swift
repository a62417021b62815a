import FreshetPartialJSON

private struct Shown: Equatable {
    var value: JSONValue?
    var failure: JSONError?
}

/// What is shown of a text does not depend on how it grew, and a whole text shows the strict reader's value.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = FuzzInput(start, count)
    let strict = try? JSONValue(parsing: input.bytes)
    input.expectSameForEveryChunking { chunks in
        var growing = GrowingJSON()
        for chunk in chunks { growing.receive(chunk.span) }
        if let strict {
            precondition(growing.failure == nil, "refused what the strict reader takes")
            // A number alone is shown once the byte behind it has come.
            precondition(growing.value == strict || growing.value == nil, "showed another value in the end")
        }
        return Shown(value: growing.value, failure: growing.failure)
    }
    return 0
}
