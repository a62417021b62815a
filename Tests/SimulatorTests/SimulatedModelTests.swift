import Testing

@testable import FreshetSimulator

struct SimulatedModelTests {
    @Test func readsEveryControl() throws {
        let name = "sim/code-n5-i0-t7-seed9-split3-p0-rst1-fin2-stall3-err4-garbage0-nodone-http503-retry1-every2"
        let model = try SimulatedModel(parsing: name)
        #expect(model.word == .code && model.tokens == 5 && model.interval == 0 && model.firstToken == 7)
        #expect(model.seed == 9 && model.split == .bytes(3) && model.splitPause == 0)
        #expect(model.faults.map(\.position) == [0, 1, 2, 3, 4])
        #expect(model.faults.map(\.fault) == [.garbage, .reset, .cut, .stall, .error])
        #expect(model.omitsDone && model.status == 503 && model.retryAfter == 1 && model.every == 2)
        #expect((1...4).map { model.isFaulty(request: $0) } == [false, true, false, true])
    }

    @Test func fillsInDefaults() throws {
        let model = try SimulatedModel(parsing: "talk")
        #expect(model.tokens == 200 && model.interval == nil && model.firstToken == nil && model.seed == nil)
        #expect(model == SimulatedModel(.talk))
        #expect(try SimulatedModel(parsing: "talk-split").split == .random)
    }

    @Test(arguments: [
        ("", "begins with no known word"), ("sim/", "begins with no known word"),
        ("gpt-5", "begins with no known word"),
        ("sim/sim/talk", "begins with no known word"), ("Talk", "begins with no known word"),
        ("talk-", "has the unknown control ``"), ("talk-x5", "has the unknown control `x5`"),
        ("talk-N5", "has the unknown control `N5`"), ("talk-n", "needs a number after `n`"),
        ("talk-rst", "needs a number after `rst`"), ("talk-n5x", "needs `n` from 0 to 1000000"),
        ("talk-n1000001", "needs `n` from 0 to 1000000"), ("talk-n99999999999999999999", "needs `n` from 0 to 1000000"),
        ("talk-http200", "needs `http` from 400 to 599"), ("talk-every0", "needs `every` from 1 to 1000000"),
        ("talk-nodone1", "has a number after `nodone`"), ("talk-nodone0", "has a number after `nodone`"),
        ("talk-n5-n6", "gives `n` twice"), ("talk-n٣", "has the unknown control `n٣`"),
    ])
    func saysWhatThereIs(_ name: String, _ reason: String) throws {
        let error = try #require(throws: SimulatedModel.Unknown.self) { try SimulatedModel(parsing: name) }
        #expect(error.description.contains("The model `\(name)` \(reason)."))
        #expect(error.description.contains("words: talk, code, tools, json, think; controls: n200, i20000, "))
    }
}
