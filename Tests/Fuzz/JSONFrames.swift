import FreshetEventStreams

private func lines(_ chunks: [ArraySlice<UInt8>]) -> [[UInt8]?] {
    var limits = EventStreamLimits()
    limits.lineBytes = 200
    var decoder = JSONLinesDecoder(limits: limits)
    var lines: [[UInt8]?] = []
    do {
        for chunk in chunks {
            decoder.receive(chunk.span)
            while let line = try decoder.next() { lines.append(Array(decoder.bytes[line])) }
        }
        decoder.finish()
        while let line = try decoder.next() { lines.append(Array(decoder.bytes[line])) }
    } catch {
        lines.append(nil)
    }
    return lines
}

private func elements(_ chunks: [ArraySlice<UInt8>]) -> [[UInt8]?] {
    var limits = JSONArrayLimits()
    (limits.elementBytes, limits.depth) = (200, 8)
    var decoder = JSONArrayDecoder(limits: limits)
    var elements: [[UInt8]?] = []
    do {
        for chunk in chunks {
            decoder.receive(chunk.span)
            while let element = try decoder.next() { elements.append(Array(decoder.bytes[element])) }
        }
        decoder.finish()
        while let element = try decoder.next() { elements.append(Array(decoder.bytes[element])) }
    } catch {
        elements.append(nil)
    }
    return elements
}

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = FuzzInput(start, count)
    input.expectSameForEveryChunking(lines)
    input.expectSameForEveryChunking(elements)
    return 0
}
