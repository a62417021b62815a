import FreshetPartialJSON
import Testing

@Suite struct ValueTests {
    @Test func readsThroughSubscripts() throws {
        let value = try JSONValue(parsing: bytes(#"{"a":[1,{"b":"x"}],"c":null,"d":true,"a2":1,"a2":2.5}"#))
        #expect(value["a"]?[1]?["b"]?.stringValue == "x")
        #expect(value[path: ["a", 0]]?.intValue == 1)
        #expect(value[path: ["a", 2]] == nil)
        #expect(value["c"]?.isNull == true)
        #expect(value["d"]?.boolValue == true)
        #expect(value["a2"]?.doubleValue == 2.5)
        #expect(value["a2"]?.intValue == nil)
        #expect(value["none"] == nil)
        #expect(value.objectValue?.members.count == 5)
        #expect(value["a"]?.arrayValue?.count == 2)
    }

    @Test func namesAreComparedAsCodePoints() throws {
        let value = try JSONValue(parsing: bytes("{\"\u{E9}\":1,\"e\u{301}\":2}"))
        #expect(value["\u{E9}"]?.intValue == 1)
        #expect(value["e\u{301}"]?.intValue == 2)
        #expect(JSONValue.string("\u{E9}") != .string("e\u{301}"))
    }

    @Test(
        arguments: [
            ("0", 0, 0), ("-0", 0, 0), ("12", 12, 12), ("1.0", 1, 1), ("1e3", 1000, 1000), ("-2.5", nil, -2.5),
            ("9223372036854775807", .max, 9.223372036854775807e18),
            ("9223372036854775808", nil, 9.223372036854775808e18),
            ("1e400", nil, nil), ("1e-999", 0, 0), ("1e18", nil, 1e18),
            ("9007199254740993.0", 9_007_199_254_740_992, 9_007_199_254_740_992),
        ] as [(String, Int?, Double?)])
    func numbersKeepTheirDigits(_ digits: String, _ int: Int?, _ double: Double?) throws {
        let value = try JSONValue(parsing: bytes(digits))
        #expect(value.intValue == int)
        #expect(value.doubleValue == double)
        #expect(text(value.bytes) == digits)
    }

    @Test func literalsMakeBodies() {
        let body: JSONValue = [
            "model": "m", "stream": true, "temperature": 0.5, "n": 1, "stop": .null,
            "messages": [["role": "user"], []],
        ]
        #expect(
            text(body.bytes)
                == #"{"model":"m","stream":true,"temperature":0.5,"n":1,"stop":null,"messages":[{"role":"user"},[]]}"#)
        #expect(JSONNumber(Double.infinity) == nil)
    }

    @Test func membersAreSetInPlace() throws {
        guard var object = try JSONValue(parsing: bytes(#"{"a":1,"b":2,"a":3}"#)).objectValue else { return }
        object["c"] = "new"
        object["a"] = 4
        #expect(text(JSONValue.object(object).bytes) == #"{"a":4,"b":2,"c":"new"}"#)
        object["b"] = nil
        object["x"] = nil
        #expect(text(JSONValue.object(object).bytes) == #"{"a":4,"c":"new"}"#)
    }
}
