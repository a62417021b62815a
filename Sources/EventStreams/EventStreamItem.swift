/// One thing seen in an event stream.
///
/// Ranges index into the decoder's `bytes` and are valid until its next `receive` or `next`.
public enum EventStreamItem: Equatable, Sendable {
    /// A dispatched event. An empty `type` stands for `message`; `data` is all data lines, joined with LF.
    case event(type: Range<Int>, data: Range<Int>)
    /// The text of a comment line, all of it after the colon.
    case comment(Range<Int>)
    /// A whole line whose field name is none of `event`, `data`, `id` and `retry`.
    ///
    /// The standard ignores it; a relay must see it, for providers send errors as bare JSON between events.
    case stray(Range<Int>)
    /// The end of input, given once after `finish`.
    ///
    /// `unfinished` says that the input stopped inside a block: its event is not dispatched, its id not committed.
    case end(unfinished: Bool)
}
