import FreshetPartialJSON

/// Writes the text form of Prometheus, version 0.0.4.
///
/// - SeeAlso: https://prometheus.io/docs/instrumenting/exposition_formats/
struct PrometheusText {
    /// The value of `content-type`.
    static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    /// One label's name and value.
    typealias Label = (name: StaticString, value: String)

    private(set) var bytes: [UInt8] = []
    private var name: StaticString = ""

    /// Begins a family: all its samples follow at once.
    ///
    /// - Parameters:
    ///   - name: Of all of them.
    ///   - type: `counter`, `gauge` or `histogram`.
    ///   - help: Without line breaks and backslashes.
    mutating func family(_ name: StaticString, _ type: StaticString, _ help: StaticString) {
        self.name = name
        bytes.appendJSON(raw: "# HELP ")
        bytes.appendJSON(raw: name)
        bytes.append(0x20)
        bytes.appendJSON(raw: help)
        bytes.appendJSON(raw: "\n# TYPE ")
        bytes.appendJSON(raw: name)
        bytes.append(0x20)
        bytes.appendJSON(raw: type)
        bytes.append(0x0A)
    }

    /// A whole number without labels.
    mutating func sample(_ value: UInt64) { sample([], value) }

    /// A whole number.
    mutating func sample(_ labels: [Label], _ value: UInt64) {
        open("", labels)
        bytes.appendJSON(integer: value)
        bytes.append(0x0A)
    }

    /// A number of seconds.
    mutating func sample(nanoseconds: UInt64) {
        open("", [])
        append(nanoseconds, .nanoseconds)
        bytes.append(0x0A)
    }

    /// A histogram's buckets, each with those below it, its sum and its count.
    mutating func sample(_ labels: [Label], _ histogram: Histogram) {
        var below: UInt64 = 0
        for (index, count) in histogram.counts.enumerated() {
            below &+= count
            let bound = index < histogram.bounds.values.count ? histogram.bounds.values[index] : nil
            open("_bucket", labels, bound: bound.map { ($0, histogram.bounds.unit) }, hasBound: true)
            bytes.appendJSON(integer: below)
            bytes.append(0x0A)
        }
        open("_sum", labels)
        append(histogram.sum, histogram.bounds.unit)
        bytes.append(0x0A)
        open("_count", labels)
        bytes.appendJSON(integer: below)
        bytes.append(0x0A)
    }

    private mutating func open(
        _ suffix: StaticString, _ labels: [Label], bound: (UInt64, HistogramBounds.Unit)? = nil, hasBound: Bool = false
    ) {
        bytes.appendJSON(raw: name)
        bytes.appendJSON(raw: suffix)
        var separator: UInt8 = 0x7B
        for label in labels {
            bytes.append(separator)
            separator = 0x2C
            bytes.appendJSON(raw: label.name)
            bytes.append(0x3D)
            append(quoted: label.value)
        }
        if hasBound {
            bytes.append(separator)
            separator = 0x2C
            bytes.appendJSON(raw: "le=\"")
            if let bound { append(bound.0, bound.1) } else { bytes.appendJSON(raw: "+Inf") }
            bytes.append(0x22)
        }
        if separator == 0x2C { bytes.append(0x7D) }
        bytes.append(0x20)
    }

    private mutating func append(quoted value: String) {
        bytes.append(0x22)
        for byte in value.utf8 {
            switch byte {
            case 0x22, 0x5C: bytes += [0x5C, byte]
            case 0x0A: bytes += [0x5C, 0x6E]
            default: bytes.append(byte)
            }
        }
        bytes.append(0x22)
    }

    /// Nanoseconds as seconds with as many digits as they need, and a point always, as readers expect of bounds.
    private mutating func append(_ number: UInt64, _ unit: HistogramBounds.Unit) {
        guard unit == .nanoseconds else {
            bytes.appendJSON(integer: number)
            return bytes.appendJSON(raw: ".0")
        }
        bytes.appendJSON(integer: number / 1_000_000_000)
        bytes.append(0x2E)
        var (rest, place) = (number % 1_000_000_000, UInt64(100_000_000))
        repeat {
            bytes.append(0x30 + UInt8(truncatingIfNeeded: rest / place))
            rest %= place
            place /= 10
        } while rest > 0
    }
}
