import Foundation
import FreshetHTTPWire
import FreshetTestSupport
import Testing

/// `HTTPWire` and `http_parser` read the same bytes in the same pieces. What we accept, it accepts and reads alike;
/// where we refuse more, the reason is one of `Strictness`.
@Suite(
    .enabled(
        if: HTTPParserLibrary.installed != nil, "Debian's libhttp-parser2.9 is not installed: scripts/setup test")
)
struct DifferentialTests {
    private static let isLong = ProcessInfo.processInfo.environment["FRESHET_LONG"] == "1"
    private static let count = isLong ? 200_000 : 20_000

    @Test(arguments: [false, true]) func agreesWithHTTPParser(_ isResponse: Bool) throws {
        let library = try #require(HTTPParserLibrary.installed)
        var mutation = MessageMutation(seed: isResponse ? 2 : 1, isResponse: isResponse)
        var tally = Tally()
        for _ in 0..<Self.count {
            let input = mutation.next()
            let plan = mutation.cuts(input.count)
            let methods = isResponse ? (0..<8).map { _ in mutation.pick(["GET", "POST", "GET", "HEAD"]) } : nil
            tally.add(Comparison(input, plan, methods, library))
        }
        print(tally.report(isResponse ? "responses" : "requests"))
        #expect(tally.faults.isEmpty, "\(tally.faults.prefix(5).joined(separator: "\n"))")
        #expect(tally.acceptedMessages > Self.count / 3, "a corpus in which nothing is accepted compares nothing")
    }

    /// Were its structs others than we think, nothing else here would mean anything.
    @Test func theOracleIsReadRight() throws {
        let oracle = OracleParse(try #require(HTTPParserLibrary.installed), responsesTo: nil)
        oracle.receive(Array("POST /a?b HTTP/1.0\r\nHost: h\r\nX: y\r\nContent-Length: 2\r\n\r\nok".utf8)[...])
        let message = try #require(oracle.messages.first)
        #expect(oracle.messages.count == 1 && oracle.refusal == nil)
        #expect(message.method == "POST" && message.target == Array("/a?b".utf8) && message.version == 10)
        #expect(message.fields.map(\.value) == [Array("h".utf8), Array("y".utf8), Array("2".utf8)])
        #expect(message.body == Array("ok".utf8) && message.isWhole && !message.keepsConnection)
        oracle.receive([0][...])
        #expect(oracle.refusal != nil)
    }
}

/// What came of all comparisons.
private struct Tally {
    private(set) var inputs = 0
    private(set) var acceptedMessages = 0
    private(set) var bothRefuse = 0
    private(set) var stricter: [String: Int] = [:]
    private(set) var laxer: [String: Int] = [:]
    private(set) var faults: [String] = []

    mutating func add(_ comparison: Comparison) {
        inputs += 1
        acceptedMessages += comparison.acceptedMessages
        switch comparison.verdict {
        case .same: break
        case .bothRefuse: bothRefuse += 1
        case .stricter(let rule): stricter[rule, default: 0] += 1
        case .laxer(let rule): laxer[rule, default: 0] += 1
        case .fault(let text): faults.append(text)
        }
    }

    func report(_ what: String) -> String {
        var lines = [
            "HTTPWire and http_parser, \(what): \(inputs) inputs, \(acceptedMessages) messages read alike, "
                + "\(bothRefuse) inputs refused by both, \(faults.count) faults"
        ]
        lines += stricter.sorted { $0.key < $1.key }.map { "  stricter \($0.value): \($0.key)" }
        lines += laxer.sorted { $0.key < $1.key }.map { "  more lenient \($0.value): \($0.key)" }
        return lines.joined(separator: "\n")
    }
}
