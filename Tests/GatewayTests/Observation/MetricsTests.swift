import Testing

@testable import FreshetGateway

/// The text form, and what may become a label.
struct MetricsTests {
    @Test func theTextForm() {
        var out = PrometheusText()
        out.family("a_total", "counter", "What a is.")
        out.sample(7)
        out.sample([("x", "1"), ("y", "q\"\\\n")], UInt64.max)
        out.family("b_seconds", "gauge", "B.")
        out.sample(nanoseconds: 1_250_000_000)
        out.sample(nanoseconds: 3)
        let expected = #"""
            # HELP a_total What a is.
            # TYPE a_total counter
            a_total 7
            a_total{x="1",y="q\"\\\n"} 18446744073709551615
            # HELP b_seconds B.
            # TYPE b_seconds gauge
            b_seconds 1.25
            b_seconds 0.000000003

            """#
        #expect(String(decoding: out.bytes, as: UTF8.self) == expected)
    }

    @Test func aHistogram() {
        var histogram = Histogram(.perToken)
        for milliseconds: UInt64 in [0, 10, 11, 2500, 2501] { histogram.observe(milliseconds * 1_000_000) }
        var out = PrometheusText()
        out.family("h", "histogram", "H.")
        out.sample([("l", "v")], histogram)
        let lines = String(decoding: out.bytes, as: UTF8.self).split(separator: "\n")
        #expect(lines[2] == #"h_bucket{l="v",le="0.01"} 2"#)
        #expect(lines[3] == #"h_bucket{l="v",le="0.025"} 3"#)
        #expect(lines[14] == #"h_bucket{l="v",le="2.5"} 4"#)
        #expect(lines[15] == #"h_bucket{l="v",le="+Inf"} 5"#)
        #expect(lines[16] == #"h_sum{l="v"} 5.022"#)
        #expect(lines[17] == #"h_count{l="v"} 5"#)
    }

    @Test func loopsAddUp() {
        var (one, other) = (Metrics(), Metrics())
        one.requests[.init(endpoint: "/a", status: 200)] = 1
        other.requests[.init(endpoint: "/a", status: 200)] = 2
        other.requests[.init(endpoint: "/a", status: 500)] = 3
        one.lag.observe(1)
        other.lag.observe(2)
        other.runningGenerations = 4
        one.merge(other)
        #expect(one.requests == [.init(endpoint: "/a", status: 200): 3, .init(endpoint: "/a", status: 500): 3])
        #expect((one.lag.total, one.lag.sum, one.runningGenerations) == (2, 3, 4))
    }

    @Test func clientsCannotInventLabels() {
        var names = MetricNames(configured: ["fast"])
        #expect(names.label("fast", isProven: false) == "fast")
        #expect(names.label("new", isProven: false) == "other")
        #expect(names.label("new", isProven: true) == "new")
        #expect(names.label("new", isProven: false) == "new")
        #expect(names.label(String(repeating: "x", count: 129), isProven: true) == "other")
        let labels = Set((0..<1000).map { names.label("m\($0)", isProven: true) })
        #expect(labels.count == 50)
        #expect(labels.contains("other"))
        #expect(MetricNames.errorType("provider_timeout", isProvidersWord: false) == "provider_timeout")
        #expect(MetricNames.errorType("sk-secret", isProvidersWord: true) == "provider_error")
        #expect(MetricNames.errorType("sk-secret", isProvidersWord: false) == "other")
    }
}
