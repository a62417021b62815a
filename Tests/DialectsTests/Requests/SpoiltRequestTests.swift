import FreshetDialects
import FreshetGeneration
import FreshetPartialJSON
import FreshetTestSupport
import Testing

/// Requests spoilt at random: what comes of them is a body or an error that says something, never a trap.
struct SpoiltRequestTests {
    /// Values that a member may be replaced by.
    static let oddities: [JSONValue] = [
        .null, true, 0, -1, 1.5, "", "x", "data:;base64,", [], [[]], [:], ["type": "text"], ["role": "user"],
        .number(JSONNumber(Int.max)), .number(JSONNumber(Int.min)), "user", "assistant", "model", "tool", ["text": "x"],
    ]

    /// One value in `rarity` is another.
    static func spoilt(_ value: JSONValue, rarity: Int, _ random: inout some RandomNumberGenerator) -> JSONValue {
        if Int.random(in: 0..<rarity, using: &random) == 0 {
            return oddities[Int.random(in: 0..<oddities.count, using: &random)]
        }
        switch value {
        case .array(let elements):
            var elements = elements.map { spoilt($0, rarity: rarity, &random) }
            if !elements.isEmpty, Int.random(in: 0..<(rarity / 4), using: &random) == 0 {
                let place = Int.random(in: 0..<elements.count, using: &random)
                if Bool.random(using: &random) {
                    elements.remove(at: place)
                } else {
                    elements.insert(elements[place], at: Int.random(in: 0...elements.count, using: &random))
                }
            }
            return .array(elements)
        case .object(let object):
            var members = object.members.map {
                JSONObject.Member(name: $0.name, value: spoilt($0.value, rarity: rarity, &random))
            }
            if !members.isEmpty, Int.random(in: 0..<(rarity / 4), using: &random) == 0 {
                members.remove(at: Int.random(in: 0..<members.count, using: &random))
            }
            return .object(JSONObject(members))
        case .null, .bool, .number, .string: return value
        }
    }

    @Test(arguments: RequestFixture.all)
    func nothingTraps(_ fixture: RequestFixture) throws {
        var random = SeededGenerator(seed: 0x5EED)
        let whole = try JSONValue(parsing: fixture.body())
        var (written, refused) = (0, 0)
        for round in 0..<120 {
            let body = Self.spoilt(whole, rarity: 40 << (round % 4), &random).bytes
            guard let request = try? RefusedRequestTests.read(fixture.client, String(decoding: body, as: UTF8.self))
            else {
                continue
            }
            for provider in ProviderDialect.allCases {
                do throws(RequestError) {
                    let sent = try request.modelRequest().body(for: provider, RequestFixture.habits(of: provider))
                    #expect((try? JSONValue(parsing: sent)) != nil)
                    written += 1
                } catch {
                    #expect(!error.message.isEmpty)
                    refused += 1
                }
            }
            _ = try? request.modelRequest().chatMessages()
        }
        #expect(written > 50 && refused > 50, "\(written) written, \(refused) refused")
    }

    /// As deep as JSON is read at all.
    @Test func depthIsBounded() throws {
        var nested = #"{"type":"text","text":"x"}"#
        for _ in 0..<60 { nested = #"{"type":"tool_result","tool_use_id":"a","content":[\#(nested)]}"# }
        let body = #"{"messages":[{"role":"user","content":[\#(nested)]}]}"#
        let error = #expect(throws: RequestError.self) { try AnthropicRequest(body: Array(body.utf8)).modelRequest() }
        #expect(error?.field?.hasSuffix("tool_use_id") == true)
        var schema = #"{"type":"STRING"}"#
        for _ in 0..<55 { schema = #"{"type":"ARRAY","items":{"anyOf":[\#(schema)]}}"# }
        let config = #"{"contents":[],"generationConfig":{"responseSchema":\#(schema)}}"#
        #expect(throws: RequestError.self) {
            try GeminiRequest(body: Array(config.utf8), model: "m", isStream: true).modelRequest()
        }
    }

    /// What an answer was cut into, ids used again and signatures that calls take cost no more than their bytes: four times
    /// as much takes far less than sixteen times as long.
    @Test(arguments: ["texts", "thoughts", "ids", "details", "schema"])
    func costIsLinear(_ kind: String) throws {
        let clock = ContinuousClock()
        let (short, long) = (try Self.request(kind, 1000), try Self.request(kind, 4000))
        let costs = try [short, long].map { request in
            try clock.measure { _ = try request.modelRequest().body(for: .anthropic, ProviderHabits(model: "m")) }
        }
        print("\(kind): \(costs[1] / costs[0]) times as long for 4 times as much", costs)
    }

    /// A request with so many of something.
    static func request(_ kind: String, _ count: Int) throws -> any ClientRequest {
        let end = #"{"parts":[{"text":"x"}]}"#
        func repeated(_ piece: (Int) -> String) -> String { (0..<count).map(piece).joined(separator: ",") }
        switch kind {
        case "texts", "thoughts":
            let parts = repeated { _ in kind == "texts" ? #"{"text":"a"}"# : #"{"text":"a","thought":true}"# }
            let body = #"{"contents":[{"role":"model","parts":[\#(parts)]},\#(end)]}"#
            return try GeminiRequest(body: Array(body.utf8), model: "m", isStream: true)
        case "schema":
            let members = repeated { #""x\#($0)":"STRING","type":"STRING""# }
            let config = #""generationConfig":{"responseSchema":{\#(members)}}"#
            return try GeminiRequest(body: Array("{\"contents\":[\(end)],\(config)}".utf8), model: "m", isStream: true)
        case "details":
            let details = repeated { #"{"type":"reasoning.text","signature":"s\#($0)","format":"google-gemini-v1"}"# }
            let calls = repeated {
                #"{"id":"\#($0)","function":{"name":"f","arguments":""},"extra_content":{"google":{"thought_signature":"s\#($0)"}}}"#
            }
            let body =
                #"{"messages":[{"role":"assistant","reasoning_details":[\#(details)],"tool_calls":[\#(calls)]}]}"#
            return try OpenAIChatRequest(body: Array(body.utf8))
        default:
            return GenerationRequest(model: "m", messages: CallIDTests.messages(Array(repeating: "a b", count: count)))
        }
    }
}
