import FreshetEventStreams

/// What a decoder said, with the bytes that its ranges stood for.
private enum Said: Equatable {
    case event(type: [UInt8], data: [UInt8], id: [UInt8])
    case comment([UInt8])
    case stray([UInt8])
    case end(unfinished: Bool, data: [UInt8]?)
    case failed(EventStreamError)
}

private func decode(_ chunks: [ArraySlice<UInt8>]) -> [Said] {
    var limits = EventStreamLimits()
    (limits.lineBytes, limits.eventBytes) = (200, 400)
    var decoder = EventStreamDecoder(limits: limits)
    var said: [Said] = []
    func take() throws(EventStreamError) {
        while let item = try decoder.next() {
            switch item {
            case .event(let type, let data):
                said.append(
                    .event(
                        type: Array(decoder.bytes[type]), data: Array(decoder.bytes[data]), id: decoder.lastEventID))
            case .comment(let range): said.append(.comment(Array(decoder.bytes[range])))
            case .stray(let range): said.append(.stray(Array(decoder.bytes[range])))
            case .end(let unfinished):
                said.append(.end(unfinished: unfinished, data: decoder.unfinishedData.map { Array(decoder.bytes[$0]) }))
            }
        }
    }
    do {
        for chunk in chunks {
            decoder.receive(chunk.span)
            try take()
        }
        decoder.finish()
        try take()
    } catch {
        said.append(.failed(error))
    }
    return said
}

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    FuzzInput(start, count).expectSameForEveryChunking(decode)
    return 0
}
