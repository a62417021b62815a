extension Int64 {
    /// Reads the value of a `retry:` field, in milliseconds; nil if empty, if any byte is no ASCII digit, or above
    /// `Int64.max`.
    ///
    /// - Parameter digits: Bytes after the colon, one leading space already removed.
    /// - Complexity: O(`digits.count`).
    /// - SeeAlso: https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
    init?(retryDigits digits: ArraySlice<UInt8>) {
        guard !digits.isEmpty else { return nil }
        self = 0
        for digit in digits {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
            let (tens, tooManyTens) = multipliedReportingOverflow(by: 10)
            let (sum, tooMuch) = tens.addingReportingOverflow(Int64(digit - UInt8(ascii: "0")))
            guard !tooManyTens, !tooMuch else { return nil }
            self = sum
        }
    }
}
