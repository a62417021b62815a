import Foundation
import FreshetDialects
import FreshetGeneration
import FreshetTestSupport
import Testing

/// A Chat stream in which three tool calls are written at once, written by hand: no recording of one is known.
///
/// `FRESHET_GOLDEN=write` writes what each dialect makes of it anew, to be read before it is committed.
struct InterleavedCallsTests {
    static let folder = GoldenProgram.folder.appending(path: "streams")

    static func body() throws -> [UInt8] {
        Array(try Data(contentsOf: folder.appending(path: "interleaved-calls.openai-chat.sse")))
    }

    /// Messages' clients take one block after the other; Gemini's take calls whole.
    @Test(arguments: [DialectName.anthropic, .gemini])
    func callsComeOneAfterTheOther(_ client: DialectName) throws {
        let log = try DecodedAnswer(body: Self.body()).log
        let written = log.encoded(by: client.encoder(for: .init(of: .sample)))
        let file = Self.folder.appending(path: "interleaved-calls.\(client.rawValue).sse")
        if ProcessInfo.processInfo.environment["FRESHET_GOLDEN"] == "write" {
            try written.write(to: file, atomically: true, encoding: .utf8)
        }
        #expect(try String(contentsOf: file, encoding: .utf8) == written)
    }

    /// Cut at any byte of the provider's stream, and behind any event that ends a frame of it, it is the same.
    @Test(arguments: [DialectName.anthropic, .gemini, .openAIChat])
    func cutsChangeNothing(_ client: DialectName) throws {
        let body = try Self.body()
        let whole = try DecodedAnswer(body: body).log
        let written = whole.encoded(by: client.encoder(for: .init(of: .sample)))
        for plan in Chunking.plans(count: body.count) {
            let log = try DecodedAnswer(body: body, plan: plan).log
            #expect(log.encoded(by: client.encoder(for: .init(of: .sample))) == written)
        }
        var ends: [UInt64] = []
        var cursor = LogCursor()
        while whole.read(&cursor, { item, _ in if item.endsFrame { ends.append(item.last) } }) {}
        for cut in ends.dropLast() {
            var reader = DialectName.Reader(of: .sample)
            let first = whole.encoded(by: client.encoder(for: reader), through: cut)
            reader.fold = whole.fold(through: cut)
            #expect(first + whole.encoded(by: client.encoder(for: reader), after: cut) == written, "behind \(cut)")
        }
    }
}
