import FreshetDialects
import FreshetGeneration
import FreshetPartialJSON
import Testing

/// Ids of tool calls on their way to a provider.
struct CallIDTests {
    static func messages(_ ids: [String]) -> [JSONValue] {
        var messages: [JSONValue] = [["role": "user", "content": "Hi"]]
        for id in ids {
            let call: JSONValue = ["id": .string(id), "function": ["name": "f", "arguments": "{}"]]
            messages.append(["role": "assistant", "tool_calls": [call]])
            messages.append(["role": "tool", "tool_call_id": .string(id), "content": .string("to \(id)")])
        }
        return messages
    }

    static func sent(_ ids: [String], to provider: ProviderDialect) throws -> JSONValue {
        let request = try GenerationRequest(model: "m", messages: messages(ids)).modelRequest()
        return try JSONValue(parsing: request.body(for: provider, ProviderHabits(model: "m")))
    }

    static func anthropicIDs(_ ids: [String]) throws -> (calls: [String], results: [String]) {
        let blocks = try (sent(ids, to: .anthropic)["messages"]?.arrayValue ?? []).flatMap {
            $0["content"]?.arrayValue ?? []
        }
        return (
            blocks.compactMap { $0["type"] == "tool_use" ? $0["id"]?.stringValue : nil },
            blocks.compactMap { $0["tool_use_id"]?.stringValue }
        )
    }

    @Test(arguments: [
        ["toolu_01A", "call-2"], ["functions.f:0", "functions_f_0"], ["a b", "a_b", "a\u{e9}b"], ["x", "x", "x"],
        ["", "é", String(repeating: "long", count: 100)], ["a.1", "a.1", "a:1"],
    ])
    func anthropicGetsIDsOfItsForm(_ ids: [String]) throws {
        let (calls, results) = try Self.anthropicIDs(ids)
        #expect(calls == results && calls.count == ids.count)
        #expect(Set(calls).count == ids.count)
        for id in calls { #expect(try /[a-zA-Z0-9_-]+/.wholeMatch(in: id) != nil, "\(id)") }
        for (id, sent) in zip(ids, calls) where try /[a-zA-Z0-9_-]+/.wholeMatch(in: id) != nil {
            #expect(sent == id || ids.count(where: { $0 == id }) > 1)
        }
        // The same request always has the same ids.
        #expect(try Self.anthropicIDs(ids).calls == calls)
    }

    @Test func chatGetsIDsOfItsLength() throws {
        let long = String(repeating: "x", count: 41)
        let messages = try #require(Self.sent([long, "a.b"], to: .openAIChat)["messages"]?.arrayValue)
        let ids = messages.compactMap { $0["tool_calls"]?[0]?["id"]?.stringValue }
        #expect(ids.count == 2 && ids[0].count <= 40 && ids[1] == "a.b")
        #expect(messages.compactMap { $0["tool_call_id"]?.stringValue } == ids)
    }

    /// Gemini's calls need no ids: a place makes one, and results find their calls by name, in order.
    @Test func idsAreMintedFromPlaces() throws {
        let body = """
            {"contents":[{"role":"model","parts":[{"functionCall":{"name":"f"}},{"functionCall":{"name":"g"}},\
            {"functionCall":{"name":"f"}}]},{"parts":[{"functionResponse":{"name":"f","response":{"result":"1"}}},\
            {"functionResponse":{"name":"f","response":{"result":"3"}}},\
            {"functionResponse":{"name":"g","response":{"result":"2"}}}]}]}
            """
        let request = try GeminiRequest(body: Array(body.utf8), model: "m", isStream: false).modelRequest()
        let sent = try JSONValue(parsing: request.body(for: .openAIChat, ProviderHabits(model: "m")))
        let calls = sent["messages"]?[0]?["tool_calls"]?.arrayValue?.compactMap { $0["id"]?.stringValue }
        #expect(calls == ["call_0_0", "call_0_1", "call_0_2"])
        let results = sent["messages"]?.arrayValue?.compactMap { $0["tool_call_id"]?.stringValue }
        #expect(results == ["call_0_0", "call_0_2", "call_0_1"])
    }

    /// Nobody answered it: providers say themselves whether they mind.
    @Test(arguments: ProviderDialect.allCases)
    func anOpenCallPasses(_ provider: ProviderDialect) throws {
        let messages = Array(Self.messages(["a"]).dropLast()) + [["role": "user", "content": "Never mind."]]
        let request = try GenerationRequest(model: "m", messages: messages).modelRequest()
        #expect(try !request.body(for: provider, ProviderHabits(model: "m")).isEmpty)
    }
}
