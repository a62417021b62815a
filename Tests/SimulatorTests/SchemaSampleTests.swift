import FreshetPartialJSON
import Testing

@testable import FreshetSimulator

struct SchemaSampleTests {
    static let schemas = [
        """
        {"type":"object","properties":{"a":{"type":"integer","minimum":3,"maximum":4},"b":{"enum":["x",null,7]}},
        "required":["a","b"]}
        """,
        #"{"type":"array","minItems":3,"maxItems":3,"items":{"type":"number","minimum":-1,"maximum":-0.5}}"#,
        #"{"type":["string","null"],"minLength":50,"maxLength":60}"#,
        #"{"type":"integer","exclusiveMinimum":10,"exclusiveMaximum":12}"#,
        #"{"type":"integer","minimum":7,"multipleOf":5,"maximum":11}"#,
        #"{"type":"integer","maximum":-9000000000000000000}"#, #"{"type":"integer","minimum":9223372036854775807}"#,
        #"{"type":"number","minimum":1e308,"maximum":1.7e308}"#, #"{"const":{"a":[1]}}"#,
        #"{"anyOf":[{"const":1},{"const":2}]}"#,
        """
        {"$ref":"#/$defs/t","$defs":{"t":{"type":"object","properties":{"next":{"$ref":"#/$defs/t"},
        "kids":{"type":"array","items":{"$ref":"#"}}}}}}
        """,
        #"{"allOf":[{"type":"object","properties":{"a":{"type":"boolean"}}},{"properties":{"b":{"type":"null"}}}]}"#,
        ##"{"$ref":"#"}"##, ##"{"type":"object","properties":{"s":{"$ref":"#/a~1b"}},"a/b":{"const":"ok"}}"##,
        """
        {"type":"array","minItems":999999999999,"items":{"type":"array","minItems":1000,
        "items":{"type":"array","minItems":1000}}}
        """,
        ##"{"allOf":[{"$ref":"#"},{"$ref":"#"},{"$ref":"#"},{"$ref":"#"}]}"##,
        #"{"type":"integer","minimum":-5,"maximum":-9,"multipleOf":9223372036854775807}"#,
        #"{"type":"number","minimum":-1.7e308,"maximum":1.7e308}"#,
        "{}", "true", "[]", #"{"type":5,"enum":[],"properties":[],"items":3,"required":"x"}"#,
    ]

    @Test(arguments: schemas)
    func obeysTheSchema(_ text: String) throws {
        let schema = try JSONValue(parsing: Array(text.utf8))
        for seed in 0..<20 {
            var numbers = SeededNumbers(seed: UInt64(seed))
            let value = SchemaSample.make(schema, numbers: &numbers)
            #expect(value.bytes.count < 4 << 20)
            if !text.contains("-9,") {
                #expect(broken(value, schema).isEmpty, "\(String(decoding: value.bytes.prefix(300), as: UTF8.self))")
            }
        }
    }

    /// What a value breaks of the schema's simple rules.
    private func broken(_ value: JSONValue, _ schema: JSONValue) -> [String] {
        var broken: [String] = []
        func check(_ name: String, _ holds: Bool) { if !holds { broken.append(name) } }
        if let constant = schema["const"] { check("const", value == constant) }
        if let choices = schema["enum"]?.arrayValue, !choices.isEmpty { check("enum", choices.contains(value)) }
        if let least = schema["minimum"]?.doubleValue { check("minimum", (value.doubleValue ?? -.infinity) >= least) }
        if let most = schema["maximum"]?.doubleValue { check("maximum", (value.doubleValue ?? .infinity) <= most) }
        if let least = schema["exclusiveMinimum"]?.doubleValue { check("above", (value.doubleValue ?? least) > least) }
        if let most = schema["exclusiveMaximum"]?.doubleValue { check("below", (value.doubleValue ?? most) < most) }
        if let step = schema["multipleOf"]?.intValue { check("multipleOf", (value.intValue ?? 1) % step == 0) }
        if let least = schema["minLength"]?.intValue {
            check("minLength", (value.stringValue?.unicodeScalars.count ?? 0) >= least)
        }
        if let most = schema["maxLength"]?.intValue {
            check("maxLength", (value.stringValue?.unicodeScalars.count ?? .max) <= most)
        }
        for name in schema["required"]?.arrayValue?.compactMap(\.stringValue) ?? [] {
            check("required \(name)", value[name] != nil)
        }
        for property in schema["properties"]?.objectValue?.members ?? [] {
            if let member = value[property.name] { broken += self.broken(member, property.value) }
        }
        if let most = schema["maxItems"]?.intValue { check("maxItems", (value.arrayValue?.count ?? .max) <= most) }
        if let least = schema["minItems"]?.intValue, least < 1000 {
            check("minItems", (value.arrayValue?.count ?? 0) >= least)
        }
        for element in value.arrayValue ?? [] { broken += self.broken(element, schema["items"] ?? .null) }
        return broken
    }

    @Test func pointersAreUnescaped() throws {
        let schema = try JSONValue(parsing: Array(Self.schemas[13].utf8))
        var numbers = SeededNumbers(seed: 1)
        #expect(SchemaSample.make(schema, numbers: &numbers)["s"]?.stringValue == "ok")
    }
}
