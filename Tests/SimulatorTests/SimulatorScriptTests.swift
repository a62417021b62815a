import FreshetPartialJSON
import FreshetTestSupport
import Testing

@testable import FreshetSimulator

struct SimulatorScriptTests {
    /// Model, frames before the end, how it ends, when.
    @Test(
        arguments: [
            ("talk-n5-i10-t100", 8, .end, 150), ("talk-n5-i10-t100-rst3", 4, .reset, 130),
            ("talk-n5-i10-t100-rst0", 1, .reset, 100), ("talk-n5-i10-t100-rst5", 6, .reset, 150),
            ("talk-n5-i10-t100-rst6", 8, .end, 150), ("talk-n5-i10-t100-fin2", 3, .cut, 120),
            ("talk-n5-i10-t100-stall4", 5, .stall, 140), ("talk-n5-i10-t100-err3", 6, .end, 130),
            ("talk-n5-i10-t100-err3-nodone", 5, .end, 130), ("talk-n5-i10-t100-nodone", 7, .end, 150),
            ("talk-n5-i10-t100-garbage2", 9, .end, 150), ("talk-n5-i10-t100-garbage2-rst3", 5, .reset, 130),
            ("talk-n5-i10-t100-http500", 1, .end, 0), ("talk-n5-i10-t100-rst3-every2", 8, .end, 150),
        ] as [(String, Int, SimulatorStep.Action, UInt64)])
    func faultsComeAfterTheirToken(_ model: String, _ writes: Int, _ end: SimulatorStep.Action, _ due: UInt64) {
        let performance = perform(model)
        #expect(performance.writes.count == writes)
        #expect(performance.end == end && performance.endDue == due)
    }

    @Test func theErrorIsInOpenAIsForm() throws {
        let frames = perform("talk-n5-err3").frames
        let error = try JSONValue(parsing: Array(frames[4].utf8))["error"]
        #expect(error?["type"]?.stringValue == "server_error" && error?["message"]?.stringValue != nil)
        #expect(frames[5] == "[DONE]" && frames.count == 6)
    }

    @Test func garbageIsNeitherJSONNorUTF8() {
        let performance = perform("talk-n5-garbage2")
        #expect(String(validating: performance.bytes, as: UTF8.self) == nil)
        #expect(throws: JSONError.self) { try JSONValue(parsing: Array(performance.frames[3].utf8)) }
        #expect(performance.frames.last == "[DONE]")
    }

    @Test func faultsOfEveryThirdRequest() {
        var simulator = Simulator()
        let faulty = body("talk-n2-rst1-nodone-http503-every3", #","stream":true"#)
        let statuses = (0..<6).map { _ in Performance(simulator.respond(to: faulty)).head.status }
        #expect(statuses == [200, 200, 503, 200, 200, 503])
        #expect(Performance(simulator.respond(to: body("talk-n2-http503-every3"))).head.status == 200)
    }

    @Test(
        arguments: [
            ("talk-n5-rst2", 200, .reset), ("talk-n5-fin2", 200, .cut), ("talk-n5-stall2", 200, .stall),
            ("talk-n5-err2", 500, .end), ("talk-n5-garbage2", 200, .end), ("talk-n5-nodone", 200, .end),
        ] as [(String, Int, SimulatorStep.Action)])
    func faultsWithoutStreaming(_ model: String, _ status: Int, _ end: SimulatorStep.Action) {
        let performance = perform(model, "")
        #expect(performance.head.status == status && performance.end == end)
        if end == .cut { #expect(performance.bytes.count < performance.head.contentLength ?? 0) }
    }

    @Test(arguments: [(429, true), (503, true), (500, false), (401, false)])
    func statusesComeAtOnce(_ status: Int, _ hasRetry: Bool) throws {
        let performance = perform("talk-http\(status)-retry7")
        #expect(performance.head.status == status && performance.dues == [0])
        let retry = performance.head.headers.first { $0.name == "retry-after" }?.value
        #expect(retry == (hasRetry ? "7" : nil))
        #expect(try JSONValue(parsing: performance.bytes)["error"]?["message"]?.stringValue != nil)
    }

    @Test(arguments: ["split", "split1", "split3", "split64", "split5000"])
    func splitChangesOnlyTheWrites(_ control: String) {
        for end in ["", "-rst20", "-garbage4", "-nodone"] {
            // The id in every frame comes from the name, so names of one length are compared without it.
            let whole = perform("talk-n50-i1000-t500\(end)")
            let cut = perform("talk-n50-i1000-t500-\(control)-p7\(end)")
            #expect(cut.frames.count == whole.frames.count && cut.end == whole.end)
            let most = Int(control.dropFirst(5)) ?? (control == "split" ? 64 : 0)
            #expect(cut.writes.allSatisfy { (1...most).contains($0) })
        }
        let once = perform("talk-n50-i0-t0-split64-p0")
        #expect(once.writes.dropLast().allSatisfy { $0 == 64 }, "pieces cross events")
    }

    @Test(arguments: ["\n", "\r\n", "\r"])
    func replaysWhatWasRecorded(_ lineEnd: String) {
        let text = "data: 1\n: ping\n\n\n\nevent: x\ndata: 2\n\ndata: unfinished"
        let recording = text.utf8.flatMap { $0 == 0x0A ? Array(lineEnd.utf8) : [$0] }
        var simulator = Simulator(recording: recording)
        let plain = Performance(simulator.respond(to: Array("anything".utf8)))
        #expect(plain.bytes == recording && plain.end == .end && plain.dues == [0, 0, 0])
        let paced = Performance(simulator.respond(to: body("talk-i5-t9-rst2")))
        #expect(paced.dues == [9, 14] && paced.end == .reset)
        let cut = Performance(simulator.respond(to: body("talk-split2")))
        #expect(cut.bytes == recording && cut.writes.dropLast().allSatisfy { $0 == 2 || $0 == 1 })
    }

    @Test func replaysJSONLinesByLine() {
        let recording = Array("{\"a\":1}\n\n{\"b\":2}\n".utf8)
        var simulator = Simulator(recording: recording)
        let performance = Performance(simulator.respond(to: []))
        #expect(performance.bytes == recording && performance.writes == [8, 9])
    }
}
