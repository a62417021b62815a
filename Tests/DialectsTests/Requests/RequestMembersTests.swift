import Foundation
import FreshetDialects
import FreshetGeneration
import FreshetPartialJSON
import FreshetTestSupport
import Testing

/// The lists of `docs/dialects.md` are those of the code.
struct RequestMembersTests {
    static let lists: [(heading: String, members: RequestMembers)] = [
        ("Chat Completions", .openAIChat), ("Native", .native), ("Anthropic", .anthropic),
        ("Anthropic's `output_config`", .anthropicOutput), ("Gemini", .gemini),
        ("Gemini's `generationConfig`", .geminiGeneration), ("Gemini's `toolConfig`", .geminiToolConfig),
        ("Gemini's tools", .geminiTool),
    ]

    static let page: [Substring] = {
        let file = Corpus.project.appending(path: "docs/dialects.md")
        return ((try? String(contentsOf: file, encoding: .utf8)) ?? "").split(separator: "\n")
    }()

    /// What the page says of each member below a heading.
    static func fates(below heading: String) -> [String: RequestMembers.Fate] {
        let words: [(String, RequestMembers.Fate)] = [("read", .read), ("left out", .dropped), ("refused", .refused)]
        guard let start = page.firstIndex(of: "### \(heading)") else { return [:] }
        var fates: [String: RequestMembers.Fate] = [:]
        for line in page[(start + 1)...].prefix(while: { !$0.hasPrefix("#") }) {
            for (word, fate) in words where line.hasPrefix("| \(word) |") {
                for name in line.matches(of: /`([A-Za-z_]+)`/) { fates[String(name.output.1)] = fate }
            }
        }
        return fates
    }

    @Test(arguments: lists.indices)
    func thePageSaysWhatTheCodeDoes(_ place: Int) {
        let list = Self.lists[place]
        let (page, code) = (Self.fates(below: list.heading), list.members.fates)
        #expect(Set(page.keys) == Set(code.keys), "\(list.heading)")
        for (name, fate) in code { #expect(page[name] == fate, "\(list.heading): \(name)") }
    }

    /// A Chat member and what happens to it on its way to Anthropic.
    @Test(arguments: RequestMembers.openAIChat.fates.keys.sorted())
    func whatIsListedHappens(_ name: String) throws {
        let body = #"{"messages":[{"role":"user","content":"Hi"}],"model":"m","\#(name)":"odd"}"#
        let request = try? RefusedRequestTests.read(.openAIChat, body)
        switch RequestMembers.openAIChat.fates[name] {
        case .refused:
            let error = #expect(throws: RequestError.self) { try request?.modelRequest() ?? ModelRequest() }
            #expect(error?.field == name)
        case .dropped where request != nil:
            let written = try #require(request).modelRequest().body(for: .anthropic, ProviderHabits(model: "m"))
            #expect(!String(decoding: written, as: UTF8.self).contains("odd"))
        case .dropped, .read, nil: break
        }
        // Null says nothing, whatever the member.
        let null = body.replacing(#""odd""#, with: "null")
        if !["messages", "model"].contains(name) {
            #expect(throws: Never.self) { try RefusedRequestTests.read(.openAIChat, null).modelRequest() }
        }
    }
}
