import FreshetHTTPWire

/// What a decoder said; a body's bytes are joined, for pieces of it follow the cuts of the input.
private enum Said: Equatable {
    case head(HTTPResponseHead)
    case body([UInt8])
    case end
    case failed(HTTPError)
}

/// Three responses are expected, the second to a HEAD.
private func decode(_ chunks: [ArraySlice<UInt8>]) -> [Said] {
    var limits = HTTPLimits()
    (limits.headBytes, limits.fieldCount, limits.interimCount) = (300, 8, 2)
    (limits.chunkLineBytes, limits.trailerBytes) = (12, 60)
    var decoder = HTTPResponseDecoder(limits: limits)
    var methods = ["GET", "HEAD", "POST"][...]
    var said: [Said] = []
    func take(_ part: HTTPResponsePart, _ bytes: [UInt8]) {
        switch part {
        case .head(let head): said.append(.head(head))
        case .body(let range):
            if case .body(let before)? = said.last {
                said[said.count - 1] = .body(before + bytes[range])
            } else {
                said.append(.body(Array(bytes[range])))
            }
        case .end:
            said.append(.end)
            if let method = methods.popFirst() { decoder.expect(method: method) }
        }
    }
    if let method = methods.popFirst() { decoder.expect(method: method) }
    do throws(HTTPError) {
        for chunk in chunks {
            let bytes = Array(chunk)
            var position = 0
            while let part = try decoder.next(bytes.span, from: &position) { take(part, bytes) }
            expect(position == bytes.count, "nil came before all input was taken")
        }
        if let part = try decoder.finish() { take(part, []) }
    } catch {
        said.append(.failed(error))
    }
    return said
}

/// A head that was read can be written, and reads back the same; the version and what follows from it may differ.
private func expectRoundTrip(_ head: HTTPResponseHead) {
    var bytes: [UInt8] = []
    var decoder = HTTPResponseDecoder()
    var position = 0
    decoder.expect(method: "GET")
    guard
        (try? HTTPEncoder.encodeResponse(
            status: head.status, reason: head.reason, fields: head.fields, into: &bytes)) != nil,
        case .head(let again)? = try? decoder.next(bytes.span, from: &position)
    else { fatalError("a head that was read cannot be written and read") }
    expect(
        (again.status, again.reason) == (head.status, head.reason) && again.fields == head.fields,
        "a head changed on its way")
}

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = FuzzInput(start, count)
    input.expectSameForEveryChunking(decode)
    for case .head(let head) in decode([input.bytes[...]]) { expectRoundTrip(head) }
    return 0
}
