import Foundation
import FreshetDialects
import FreshetGeneration
import Testing

/// What each client dialect writes for each program, byte for byte. `FRESHET_GOLDEN=write` writes the files anew, to be
/// read before they are committed.
struct GoldenTests {
    /// One way to write a program, and the end of the file that holds it.
    struct Form: CustomTestStringConvertible, Sendable {
        let file: String
        let encoder: @Sendable (GenerationID) -> any StreamEncoder
        var testDescription: String { file }
    }

    static let forms = [
        Form(file: "openai-chat/#.sse") { _ in OpenAIChatEncoder() },
        Form(file: "openai-chat/#.asked.sse") { _ in OpenAIChatEncoder(includesUsage: true) },
        Form(file: "openai-chat/#.ndjson") { _ in OpenAIChatEncoder(framing: .jsonLines) },
        Form(file: "anthropic/#.sse") { _ in AnthropicEncoder() },
        Form(file: "anthropic/#.returning.sse") { AnthropicEncoder(cursors: $0) },
        Form(file: "gemini/#.sse") { _ in GeminiEncoder() },
        Form(file: "gemini/#.array.json") { _ in GeminiEncoder(framing: .jsonArray) },
        Form(file: "simple/#.sse") { SimpleEncoder(generation: $0) },
        Form(file: "simple/#.named.sse") { SimpleEncoder(generation: $0, isNamed: true) },
        Form(file: "simple/#.ndjson") { SimpleEncoder(generation: $0, framing: .jsonLines) },
        Form(file: "native/#.sse") { NativeEncoder(generation: $0) },
        Form(file: "native/#.ndjson") { NativeEncoder(generation: $0, framing: .jsonLines) },
    ]

    @Test func allProgramsAreThere() { #expect(GoldenProgram.all.count == 17) }

    @Test(arguments: GoldenProgram.all, forms)
    func isWrittenAsTheFileSays(_ program: GoldenProgram, _ form: Form) throws {
        let id = try #require(program.log.fold().start?.id)
        let written = program.log.encoded(by: form.encoder(id))
        let file = GoldenProgram.folder.appending(path: form.file.replacing("#", with: program.name))
        if ProcessInfo.processInfo.environment["FRESHET_GOLDEN"] == "write" {
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try written.write(to: file, atomically: true, encoding: .utf8)
        }
        #expect(try String(contentsOf: file, encoding: .utf8) == written)
    }

    /// A native stream over JSON lines is the program itself.
    @Test(arguments: GoldenProgram.all)
    func nativeLinesAreTheProgram(_ program: GoldenProgram) throws {
        let id = try #require(program.log.fold().start?.id)
        #expect(program.log.encoded(by: NativeEncoder(generation: id, framing: .jsonLines)) == program.lines)
    }

    @Test(arguments: GoldenProgram.all)
    func theGrammarHolds(_ program: GoldenProgram) throws { try program.log.checkGrammar() }
}
