import FreshetHTTPWire
import Testing

@Suite struct FieldsTests {
    @Test func keepsOrderAndIgnoresCase() {
        var fields = HTTPFields()
        #expect(fields.isEmpty)
        fields.append("Accept", "a, B;q=1")
        fields.append("X", "1")
        fields.append("accept", " c")
        #expect(fields["ACCEPT"] == "a, B;q=1")
        #expect(fields.values("accept") == ["a, B;q=1", " c"])
        #expect(fields.contains("Accept", token: "A"))
        #expect(fields.contains("Accept", token: "c"))
        #expect(!fields.contains("Accept", token: "B"))
        #expect(!fields.contains("X", token: ""))
        fields.set("accept", "z")
        #expect(fields.map { "\($0.name): \($0.value)" } == ["X: 1", "accept: z"])
        fields.remove("x")
        fields.remove("y")
        #expect(fields.count == 1)
    }

    @Test func comparesNamesAndValues() {
        var (left, right) = (HTTPFields(), HTTPFields())
        left.append("a", "b")
        right.append("c", "d")
        #expect(left != right)
        right.append("a", "b")
        right.remove("c")
        #expect(left == right)
        right.append("a", "b")
        #expect(left != right)
    }
}
