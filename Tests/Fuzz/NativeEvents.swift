import FreshetDialects
import FreshetEventStreams
import FreshetGeneration

/// What a client of the native dialect understood.
private enum Understood: Equatable {
    case event(NativeEvent)
    case broken(NativeEventError)
    case failed(EventStreamError)
}

private func read(_ chunks: [ArraySlice<UInt8>]) -> [Understood] {
    var decoder = EventStreamDecoder()
    var understood: [Understood] = []
    do throws(EventStreamError) {
        for chunk in chunks {
            decoder.receive(chunk.span)
            while let item = try decoder.next() {
                guard case .event(_, let data) = item else { continue }
                let bytes = decoder.bytes
                do throws(NativeEventError) {
                    understood.append(.event(try NativeEvent(parsing: bytes.span.extracting(data))))
                } catch {
                    understood.append(.broken(error))
                }
            }
        }
    } catch {
        understood.append(.failed(error))
    }
    return understood
}

/// A gateway's stream never traps its client, says the same however it is cut, and what was understood can be said again.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = FuzzInput(start, count)
    input.expectSameForEveryChunking(read)
    for case .event(let event) in read([input.bytes[...]]) {
        expect((1...event.sequence).contains(event.first), "an event stands for events behind it")
        if let known = event.event { expectSame(known) }
    }
    return 0
}

private func expectSame(_ event: GenerationEvent) {
    var (log, cursor, out) = (GenerationLog(), LogCursor(), [UInt8]())
    var encoder = NativeEncoder(generation: GenerationID(milliseconds: 1, random: (1, 2)), framing: .jsonLines)
    log.append(event)
    while log.read(&cursor, { item, payload in encoder.encode(item, payload, into: &out) }) {}
    do {
        let again = try NativeEvent(parsing: out.span.extracting(0..<out.count - 1))
        expect(again.event == event, "said again it is \(String(describing: again.event)), not \(event)")
    } catch {
        fatalError("\(event) cannot be said again: \(error)")
    }
}
