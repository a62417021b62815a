/// Text that must not be seen: printing, dumping or interpolating it shows `***`.
package struct Secret: Sendable, Equatable {
    private let text: String

    /// Hides a text.
    package init(_ text: String) { self.text = text }

    /// The text itself, for the one place that sends it.
    package func reveal() -> String { text }
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Always `***`.
    package var description: String { "***" }
    /// Always `***`.
    package var debugDescription: String { "***" }
    /// Shows nothing.
    package var customMirror: Mirror { Mirror(self, children: []) }
}
