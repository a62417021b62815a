import FreshetEventStreams

/// What a decoder gave, with the bytes its ranges stood for, so that runs can be compared.
enum Seen: Equatable {
    case event(type: String, data: [UInt8], id: [UInt8])
    case comment([UInt8])
    case stray([UInt8])
    case end(unfinished: Bool, type: String?, data: [UInt8]?)
    case failed(EventStreamError)
    /// Last accepted reconnection time and committed id, after everything.
    case state(retry: Int64?, id: [UInt8])
}

/// Decodes `input` cut at `plan`.
func decode(_ input: [UInt8], _ plan: [Range<Int>], limits: EventStreamLimits = .init()) -> [Seen] {
    var decoder = EventStreamDecoder(limits: limits)
    var seen: [Seen] = []
    for range in plan {
        decoder.receive(input.span.extracting(range))
        decoder.drain(into: &seen)
    }
    decoder.finish()
    decoder.drain(into: &seen)
    seen.append(.state(retry: decoder.retryMilliseconds, id: decoder.lastEventID))
    return seen
}

func decode(_ text: String, limits: EventStreamLimits = .init()) -> [Seen] {
    let input = Array(text.utf8)
    return decode(input, [0..<input.count], limits: limits)
}

extension EventStreamDecoder {
    /// Takes all items there are.
    mutating func drain(into seen: inout [Seen]) {
        do throws(EventStreamError) {
            while let item = try next() { seen.append(copy(item)) }
        } catch  where seen.last != .failed(error) {
            seen.append(.failed(error))
        } catch {}
    }

    private func copy(_ item: EventStreamItem) -> Seen {
        switch item {
        case .event(let type, let data): .event(type: text(type), data: Array(bytes[data]), id: lastEventID)
        case .comment(let range): .comment(Array(bytes[range]))
        case .stray(let range): .stray(Array(bytes[range]))
        case .end(let unfinished):
            .end(
                unfinished: unfinished, type: unfinishedType.map(text),
                data: unfinishedData.map { Array(bytes[$0]) })
        }
    }

    private func text(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }
}
