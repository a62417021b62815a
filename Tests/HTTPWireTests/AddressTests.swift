import FreshetHTTPWire
import Testing

@Suite struct AddressTests {
    @Test(arguments: [
        ("localhost", HTTPHost.Kind.localhost, "localhost", UInt16?.none, true),
        ("LocalHost.:80", .localhost, "localhost", 80, true),
        ("127.0.0.1:65535", .ipv4, "127.0.0.1", 65535, true), ("255.0.10.9", .ipv4, "255.0.10.9", nil, false),
        ("[::1]", .ipv6, "::1", nil, true), ("[0:0:0:0:0:0:0:1]:1", .ipv6, "0:0:0:0:0:0:0:1", 1, true),
        ("[2001:DB8::A]", .ipv6, "2001:db8::a", nil, false), ("[::]", .ipv6, "::", nil, false),
        ("[1:2:3:4:5:6:7::]", .ipv6, "1:2:3:4:5:6:7::", nil, false),
        ("[::ffff:1.2.3.4]", .ipv6, "::ffff:1.2.3.4", nil, false),
        ("[1:2:3:4:5:6:1.2.3.4]", .ipv6, "1:2:3:4:5:6:1.2.3.4", nil, false),
        ("api.Example.COM:443", .name, "api.example.com", 443, false), ("my_host-1", .name, "my_host-1", nil, false),
        ("1.2.3.4.example", .name, "1.2.3.4.example", nil, false), ("0xg", .name, "0xg", nil, false),
        ("localhost.evil.example", .name, "localhost.evil.example", nil, false),
        ("xn--bcher-kva", .name, "xn--bcher-kva", nil, false),
    ]) func readsHosts(_ text: String, kind: HTTPHost.Kind, name: String, port: UInt16?, isLoopback: Bool) throws {
        let host = try #require(HTTPHost(parsing: text))
        #expect(host.kind == kind)
        #expect(host.name == name)
        #expect(host.port == port)
        #expect(host.isLoopback == isLoopback)
    }

    @Test(arguments: [
        "", ":", ":80", "a:", "a:0", "a:65536", "a:080000", "a:+1", "a:1:2", "a:\u{0661}", "a b", "a,b", "a/b", "u@a",
        "a%62", "a..b", ".a", ".", "..", "-a", "a-", "b\u{fc}cher", "a\u{600}.", "localhost\u{301}", "\u{212A}",
        "127.1", "1", "0x7f.0.0.1", "0x7f000001", "0x", "127.0.0.01", "256.0.0.1", "1.2.3.4.5", "1.2.3.999", "::1",
        "[", "[]", "[::1", "::1]", "[::1]80", "[::1]:", "[::1%25lo]", "[1::2::3]", "[1:2:3:4:5:6:7]",
        "[1:2:3:4:5:6:7:8:9]", "[1:2:3:4:5:6:7:8::]", "[12345::]", "[g::]", "[:::]", "[:1]", "[1:]", "[::1.2.3]",
        "[1.2.3.4::]", "[::1.2.3.4:5]", "[1.2.3.4]", String(repeating: "a", count: 64),
        String(repeating: "a.", count: 127) + "b",
    ]) func refusesHosts(_ text: String) {
        #expect(HTTPHost(parsing: text) == nil)
    }

    @Test(arguments: [
        ("http://127.0.0.1:11434/v1", HTTPURL.Scheme.http, UInt16(11434), "127.0.0.1:11434", "/v1/x"),
        ("https://api.openai.com/v1/", .https, 443, "api.openai.com", "/v1/x"),
        ("HTTPS://API.example.com:443", .https, 443, "api.example.com", "/x"),
        ("http://[::1]:80//", .http, 80, "[::1]", "/x"), ("http://[::1]:81", .http, 81, "[::1]:81", "/x"),
        ("https://a/b%20c?api-version=1&y=/?", .https, 443, "a", "/b%20c/x?api-version=1&y=/?"),
        ("http://a?b", .http, 80, "a", "/x?b"),
    ]) func readsURLs(_ text: String, scheme: HTTPURL.Scheme, port: UInt16, host: String, target: String) throws {
        let url = try HTTPURL(parsing: text)
        #expect(url.scheme == scheme)
        #expect(url.port == port)
        #expect(url.hostField == host)
        #expect(url.target(appending: "/x") == target)
    }

    @Test func givesATargetToABareURL() throws {
        #expect(try HTTPURL(parsing: "http://a").target(appending: "") == "/")
        #expect(try HTTPURL(parsing: "http://a/b").target(appending: "") == "/b")
    }

    @Test(arguments: [
        ("", HTTPURLError.unsupportedScheme), ("a", .unsupportedScheme), ("ftp://a", .unsupportedScheme),
        ("http:/a", .unsupportedScheme), ("//a", .unsupportedScheme), (" http://a", .unsupportedScheme),
        ("http://u@a", .userInfo), ("http://u:p@a/", .userInfo), ("http://a/#", .fragment), ("http://a#b", .fragment),
        ("http://", .badHost), ("http:///a", .badHost), ("http://a:b", .badHost), ("http://a:0/", .badHost),
        ("http://a b/", .badHost), ("http://[::1/", .badHost), ("http://\u{301}a/", .badHost),
        ("http://a/b c", .badPath), ("http://a/\u{e9}", .badPath), ("http://a/\r\nX: y", .badPath),
        ("http://a/\\b", .badPath), ("http://a/?\0", .badPath),
    ]) func refusesURLs(_ text: String, _ error: HTTPURLError) {
        #expect(throws: error) { try HTTPURL(parsing: text) }
        #expect(!error.reason.isEmpty)
    }

    @Test(arguments: [
        (nil, []), ("", []), ("&&", []), ("a", ["a="]), ("a=b", ["a=b"]), ("a=b=c&d=", ["a=b=c", "d="]),
        ("prompt=Hello+w%C3%B6rld%21&model=sim%2Ftalk", ["prompt=Hello w\u{f6}rld!", "model=sim/talk"]),
        ("a=1&a=2&%61=3", ["a=1", "a=2", "a=3"]), ("=x", ["=x"]), ("q=\u{e9}", ["q=\u{e9}"]), ("a%3Db=%2B", ["a=b=+"]),
    ]) func readsQueries(_ text: String?, _ expected: [String]) throws {
        let query = try HTTPQuery(parsing: text)
        #expect(query.parameters.map { "\($0.name)=\($0.value)" } == expected)
        #expect(query["absent"] == nil)
    }

    @Test(arguments: [
        ("a=1&prompt=%", "prompt"), ("prompt=%4", "prompt"), ("prompt=%zz", "prompt"), ("prompt=%+4", "prompt"),
        ("prompt=%FF", "prompt"), ("prompt=%ED%A0%80", "prompt"), ("p%72ompt=%C0%80", "prompt"), ("%zz=1", "%zz"),
    ]) func namesTheParameterThatCannotBeRead(_ text: String, _ parameter: String) {
        #expect(throws: HTTPQueryError.badEncoding(parameter: parameter)) { try HTTPQuery(parsing: text) }
    }

    @Test(arguments: [
        ("/", []), ("/v1/models", ["v1", "models"]), ("/v1/models/a%2Fb", ["v1", "models", "a/b"]),
        ("/v1/", ["v1", ""]), ("//a", ["", "a"]), ("/a+b/../%2E", ["a+b", "..", "."]), ("*", ["*"]),
    ]) func splitsPaths(_ text: String, _ segments: [String]) throws {
        #expect(try HTTPPath(parsing: text).segments == segments)
    }

    @Test(arguments: [("gemini-3_pro.x~", "gemini-3_pro.x~"), ("a/b:c d%é", "a%2Fb%3Ac%20d%25%C3%A9"), ("", "")])
    func encodesSegments(_ text: String, _ encoded: String) throws {
        #expect(PercentEncoding.encode(text) == encoded)
        #expect(try HTTPPath(parsing: "/x/" + encoded).segments == ["x", text])
    }

    @Test(arguments: ["/%", "/a/%f", "/%FF"]) func refusesPaths(_ text: String) {
        #expect(throws: HTTPQueryError.badPath) { try HTTPPath(parsing: text) }
    }
}
