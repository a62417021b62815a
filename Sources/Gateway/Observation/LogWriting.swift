import FreshetPartialJSON

/// The pieces of log lines, appended to bytes without a string in between.
extension [UInt8] {
    /// `{"time":"…","level":"…","event":"…"`, left open.
    mutating func appendLogStart(_ time: UInt64, _ level: LogLevel, event: StaticString) {
        appendJSON(raw: "{\"time\":\"")
        appendTimestamp(time)
        switch level {
        case .debug: appendJSON(raw: "\",\"level\":\"debug\",\"event\":\"")
        case .info: appendJSON(raw: "\",\"level\":\"info\",\"event\":\"")
        case .warn, .off: appendJSON(raw: "\",\"level\":\"warn\",\"event\":\"")
        }
        appendJSON(raw: event)
        append(0x22)
    }

    /// A member with a text; none for an empty one.
    ///
    /// - Parameters:
    ///   - name: The member's, as it is written: with comma, quotes and colon.
    ///   - text: Escaped as it needs.
    ///   - longest: Bytes that are kept of it; the cut may fall into a character, of which nothing is kept then.
    mutating func appendLog(_ name: StaticString, _ text: String, longest: Int = 128) {
        guard !text.isEmpty else { return }
        appendJSON(raw: name)
        append(0x22)
        if text.utf8.count <= longest {
            appendJSON(stringContent: text)
        } else {
            appendJSON(stringContent: text.prefix(bytes: longest))
            appendJSON(raw: "…")
        }
        append(0x22)
    }

    /// A member with a whole number; `name` as for a text.
    mutating func appendLog(_ name: StaticString, _ number: UInt64) {
        appendJSON(raw: name)
        appendJSON(integer: number)
    }

    /// A member with milliseconds, to the microsecond; `name` as for a text.
    mutating func appendLog(_ name: StaticString, nanoseconds: UInt64) {
        appendJSON(raw: name)
        append(milliseconds: nanoseconds)
    }

    /// Milliseconds with three digits behind the point.
    mutating func append(milliseconds nanoseconds: UInt64) {
        appendJSON(integer: nanoseconds / 1_000_000)
        append(0x2E)
        append(threeDigits: nanoseconds / 1000 % 1000)
    }

    /// RFC 3339 in UTC, to the millisecond.
    ///
    /// - Parameter milliseconds: Unix time.
    mutating func appendTimestamp(_ milliseconds: UInt64) {
        let (year, month, day) = Self.date(ofDay: milliseconds / 86_400_000)
        append(twoDigits: year / 100)
        append(twoDigits: year % 100)
        append(0x2D)
        append(twoDigits: month)
        append(0x2D)
        append(twoDigits: day)
        append(0x54)
        appendTime(milliseconds)
        append(0x5A)
    }

    /// The time of day in UTC: what begins a line for a person.
    mutating func appendClock(_ milliseconds: UInt64) {
        appendTime(milliseconds)
        append(0x5A)
    }

    /// A space and the text without control characters, which would drive a terminal; nothing for an empty one.
    mutating func appendWords(_ text: String, longest: Int = 128) {
        guard !text.isEmpty else { return }
        append(0x20)
        for scalar in text.prefix(bytes: longest).unicodeScalars {
            let isControl = scalar.value < 0x20 || (0x7F..<0xA0).contains(scalar.value)
            if isControl { append(0x3F) } else { append(contentsOf: UTF8.encode(scalar)!) }
        }
        if text.utf8.count > longest { appendJSON(raw: "…") }
    }

    private mutating func appendTime(_ milliseconds: UInt64) {
        let seconds = milliseconds / 1000
        append(twoDigits: seconds / 3600 % 24)
        append(0x3A)
        append(twoDigits: seconds / 60 % 60)
        append(0x3A)
        append(twoDigits: seconds % 60)
        append(0x2E)
        append(threeDigits: milliseconds % 1000)
    }

    private mutating func append(twoDigits number: UInt64) {
        append(0x30 | UInt8(truncatingIfNeeded: number / 10))
        append(0x30 | UInt8(truncatingIfNeeded: number % 10))
    }

    private mutating func append(threeDigits number: UInt64) {
        append(0x30 | UInt8(truncatingIfNeeded: number / 100))
        append(twoDigits: number % 100)
    }

    /// The date of a day since 1970-01-01 in the Gregorian calendar.
    ///
    /// - SeeAlso: https://howardhinnant.github.io/date_algorithms.html#civil_from_days
    private static func date(ofDay day: UInt64) -> (year: UInt64, month: UInt64, day: UInt64) {
        let shifted = day + 719_468
        let era = shifted / 146_097
        let dayOfEra = shifted % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return (year, month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
    }
}

extension String {
    /// Its beginning, at most so many bytes and whole characters only.
    fileprivate func prefix(bytes: Int) -> String {
        guard utf8.count > bytes else { return self }
        var end = utf8.index(utf8.startIndex, offsetBy: bytes)
        while String.Index(end, within: unicodeScalars) == nil { end = utf8.index(before: end) }
        return String(self[..<end])
    }
}
