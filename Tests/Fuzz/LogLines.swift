import FreshetGeneration

/// What a start finds in a segment.
private struct Found: Equatable {
    var pieces: [String] = []
    var events: [String] = []
}

private let generation = GenerationID(milliseconds: 1, random: (1, 2))

private func read(_ chunks: [ArraySlice<UInt8>]) -> Found {
    var (splitter, restored, found) = (LogLineSplitter(), RestoredLog(generation: generation), Found())
    func take(_ piece: LogLineSplitter.Piece, _ offset: UInt64, _ bytes: Span<UInt8>) {
        found.pieces.append("\(piece) \(offset) \(bytes.count)")
        // Damage or not: whatever is read from a line must not trap.
        do throws(NativeEventError) { restored.apply(try LogLine(parsing: bytes)) } catch {
            found.pieces.append("\(error)")
        }
    }
    for chunk in chunks {
        splitter.receive(chunk.span)
        while splitter.next({ take($0, $1, $2) }) {}
    }
    while splitter.finish({ take($0, $1, $2) }) {}
    var cursor = LogCursor()
    while restored.log.read(
        &cursor,
        { item, text in
            found.events.append("\(item.last) \(text.count) \(item.endsFrame) \(item.extras?.bytes ?? [])")
        })
    {}
    return found
}

/// Whatever stands in a file of lines, nothing traps; and what was read can be written and read again.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = FuzzInput(start, count)
    _ = read([input.bytes[...]])
    // Sums keep a fuzzer out: each line of the input is closed with the right one.
    var sound: [UInt8] = []
    for line in input.bytes.split(separator: 0x0A) {
        let begin = sound.count
        sound += line
        LineSum.close(&sound, from: begin)
    }
    let found = read([sound[...]])
    expect(
        found == read([sound[..<(sound.count / 2)], sound[(sound.count / 2)...]]), "cut in two it is read otherwise")
    return 0
}
