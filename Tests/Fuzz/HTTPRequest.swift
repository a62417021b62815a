import FreshetHTTPWire

/// What a decoder said; a body's bytes are joined, for pieces of it follow the cuts of the input.
private enum Said: Equatable {
    case head(HTTPRequestHead)
    case body([UInt8])
    case end
    case failed(HTTPError)
}

private func decode(_ chunks: [ArraySlice<UInt8>]) -> [Said] {
    var limits = HTTPLimits()
    (limits.headBytes, limits.targetBytes, limits.fieldCount) = (300, 100, 8)
    (limits.chunkLineBytes, limits.trailerBytes) = (12, 60)
    var decoder = HTTPRequestDecoder(limits: limits)
    var said: [Said] = []
    do throws(HTTPError) {
        for chunk in chunks {
            let bytes = Array(chunk)
            var position = 0
            while let part = try decoder.next(bytes.span, from: &position) {
                switch part {
                case .head(let head): said.append(.head(head))
                case .body(let range):
                    if case .body(let before)? = said.last {
                        said[said.count - 1] = .body(before + bytes[range])
                    } else {
                        said.append(.body(Array(bytes[range])))
                    }
                case .end: said.append(.end)
                }
            }
            expect(position == bytes.count, "nil came before all input was taken")
        }
    } catch {
        said.append(.failed(error))
    }
    return said
}

/// A head that was read can be written, and reads back the same.
private func expectRoundTrip(_ head: HTTPRequestHead) {
    guard head.target.utf8.allSatisfy({ $0 < 0x80 }), head.version == .http11 else { return }
    var bytes: [UInt8] = []
    var decoder = HTTPRequestDecoder()
    var position = 0
    guard
        (try? HTTPEncoder.encodeRequest(method: head.method, target: head.target, fields: head.fields, into: &bytes))
            != nil, case .head(let again)? = try? decoder.next(bytes.span, from: &position)
    else { fatalError("a head that was read cannot be written and read") }
    expect(again == head, "a head changed on its way")
}

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = FuzzInput(start, count)
    input.expectSameForEveryChunking(decode)
    for case .head(let head) in decode([input.bytes[...]]) {
        expectRoundTrip(head)
        _ = try? HTTPQuery(parsing: head.query)
        _ = try? HTTPPath(parsing: head.path)
    }
    return 0
}
