import Testing

@testable import FreshetGateway

struct CallerRulesTests {
    @Test(
        arguments: [
            ("127.0.0.1:8080", true), ("localhost", true), ("LOCALHOST:8080", true), ("[::1]:8080", true),
            ("192.168.1.9", true), ("chat.example.com", true), ("Chat.Example.com:443", true),
            (nil, false), ("", false), ("evil.example.com", false), ("localhost.evil.com", false),
            ("localhost.", true),
            ("127.0.0.1.evil.com", false), ("0177.0.0.1", false), ("[evil]", false), ("::1", false),
            ("localhost:80:80", false), ("localhost:x", false), ("127.1", false), ("a@localhost", false),
        ] as [(String?, Bool)])
    func hosts(_ host: String?, _ allowed: Bool) {
        #expect(CallerRules.allows(host: host, listed: ["chat.example.com"]) == allowed)
    }

    @Test(
        arguments: [
            (nil, nil, "localhost:8080", false),
            ("none", nil, "localhost:8080", false),
            ("same-origin", "http://localhost:8080", "localhost:8080", false),
            ("same-site", "http://localhost:3000", "localhost:8080", true),
            ("cross-site", nil, "localhost:8080", true),
            ("anything", nil, "localhost:8080", true),
            (nil, "http://localhost:8080", "localhost:8080", false),
            (nil, "http://LOCALHOST", "localhost:80", false),
            (nil, "https://chat.example.com", "chat.example.com", false),
            (nil, "http://[::1]:8080", "[::1]:8080", false),
            (nil, "http://localhost:3000", "localhost:8080", true),
            (nil, "http://evil.example", "localhost:8080", true),
            (nil, "null", "localhost:8080", true),
            (nil, "", "localhost:8080", true),
            (nil, "http://localhost:8080", nil, true),
        ] as [(String?, String?, String?, Bool)])
    func crossSite(_ site: String?, _ origin: String?, _ host: String?, _ refused: Bool) {
        #expect(CallerRules.isCrossSite(secFetchSite: site, origin: origin, host: host) == refused)
    }

    @Test(arguments: [
        ("127.0.0.1:1", false, false, true), ("127.9.9.9:1", false, false, true), ("localhost:1", false, false, true),
        ("[::1]:1", false, false, true), ("0.0.0.0:1", false, false, false), ("[::]:1", false, false, false),
        ("192.168.1.2:1", false, false, false), ("0.0.0.0:1", true, false, true), ("0.0.0.0:1", false, true, true),
    ])
    func startingUp(_ address: String, _ isOpen: Bool, _ hasKeys: Bool, _ starts: Bool) throws {
        var configuration = Configuration()
        configuration.listen = try ListenAddress(parsing: address)
        if hasKeys { _ = configuration.keys.add(.init(of: "x"), owner: "alice") }
        #expect(((try? configuration.checkExposure(isOpen: isOpen)) != nil) == starts)
    }

    @Test func keysAreFoundByDigest() throws {
        var keys = KeyRing()
        #expect(keys.add(.init(of: "abc"), owner: "alice") == nil)
        let known = "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD"
        #expect(keys.add(try #require(KeyRing.Digest(hexadecimal: known)), owner: "bob") == "alice")
        #expect(keys.owner(presenting: "abc") == "alice")
        for wrong in ["", "ab", "abcd", known] { #expect(keys.owner(presenting: wrong) == nil) }
    }

    @Test(
        arguments: [
            ("1ms", Duration.milliseconds(1)), ("30s", .seconds(30)), ("5m", .seconds(300)),
            ("168h", .seconds(604_800)),
            ("169h", nil), ("0s", nil), ("30", nil), ("1.5s", nil), ("-1s", nil), ("+1s", nil), ("s", nil),
            ("1 s", nil),
            ("99999999999999999999h", nil), ("9223372036854775807h", nil), ("١s", nil), ("1d", nil), ("", nil),
        ] as [(String, Duration?)])
    func durations(_ text: String, _ expected: Duration?) {
        #expect(Quantity.duration(text) == expected)
        if let expected { #expect(Quantity.duration(expected.inConfigurationUnits) == expected) }
    }

    @Test(
        arguments: [
            ("64KiB", 65536), ("32MiB", 32 << 20), ("64", nil), ("64KB", nil), ("0KiB", nil), ("9999999999999MiB", nil),
        ] as [(String, Int?)])
    func sizes(_ text: String, _ expected: Int?) {
        #expect(Quantity.bytes(text) == expected)
    }
}
