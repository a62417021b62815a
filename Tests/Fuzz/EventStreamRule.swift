import FreshetEventStreams

private struct Event: Equatable {
    var type: [UInt8] = []
    var data: [UInt8] = []
    var id: [UInt8] = []
}

/// The standard's rule over the whole input, written down as plainly as it reads.
private struct Rule {
    var events: [Event] = []
    var lastEventID: [UInt8] = []
    var retry: Int64?
    private var (type, data, id): ([UInt8], [UInt8], [UInt8]) = ([], [], [])

    init(_ input: ArraySlice<UInt8>) {
        var rest = input.starts(with: [0xEF, 0xBB, 0xBF]) ? input.dropFirst(3) : input
        while let end = rest.firstIndex(where: { $0 == 10 || $0 == 13 }) {
            take(Array(rest[..<end]))
            rest = rest[(end + 1)...]
            if input[end] == 13, rest.first == 10 { rest = rest.dropFirst() }
        }
    }

    private mutating func take(_ line: [UInt8]) {
        if line.isEmpty { return dispatch() }
        let colon = line.firstIndex(of: UInt8(ascii: ":")) ?? line.count
        var value = Array(line.dropFirst(colon + 1))
        if value.first == UInt8(ascii: " ") { value.removeFirst() }
        switch Array(line[..<colon]) {
        case Array("event".utf8): type = value
        case Array("data".utf8): data += value + [10]
        case Array("id".utf8): if !value.contains(0) { id = value }
        case Array("retry".utf8):
            let isDigits = !value.isEmpty && value.allSatisfy { (0x30...0x39).contains($0) }
            if isDigits, let time = Int64(String(decoding: value, as: UTF8.self)) { retry = time }
        default: break
        }
    }

    private mutating func dispatch() {
        lastEventID = id
        if !data.isEmpty { events.append(Event(type: type, data: data.dropLast(), id: id)) }
        (type, data) = ([], [])
    }
}

private func decode(_ chunks: [ArraySlice<UInt8>]) -> (events: [Event], decoder: EventStreamDecoder) {
    var decoder = EventStreamDecoder()
    var events: [Event] = []
    func take() {
        while let item = try? decoder.next() {
            guard case .event(let type, let data) = item else { continue }
            events.append(
                Event(type: Array(decoder.bytes[type]), data: Array(decoder.bytes[data]), id: decoder.lastEventID))
        }
    }
    for chunk in chunks {
        decoder.receive(chunk.span)
        take()
    }
    decoder.finish()
    take()
    return (events, decoder)
}

/// Decoding agrees with the standard's rule at every chunking; what the encoder writes comes back.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = FuzzInput(start, count)
    let rule = Rule(input.bytes[...])
    for chunks in input.chunkings {
        let (events, decoder) = decode(chunks)
        expect(events == rule.events, "decoded \(events), the rule says \(rule.events)")
        expect(decoder.lastEventID == rule.lastEventID && decoder.retryMilliseconds == rule.retry, "another id or time")
    }

    let name = input.bytes.filter { $0 != 0 && $0 != 10 && $0 != 13 }
    var written: [UInt8] = []
    EventStreamEncoder.appendComment(input.bytes.span, to: &written)
    EventStreamEncoder.appendEvent(id: name.span, type: name.span, data: input.bytes.span, to: &written)
    let lines = input.bytes.enumerated().filter { $1 != 10 || $0 == 0 || input.bytes[$0 - 1] != 13 }
    let data = lines.map { $1 == 13 ? 10 : $1 }
    let again = decode([written[...]]).events
    expect(again == [Event(type: name, data: data, id: name)], "what was written came back as \(again)")
    return 0
}
