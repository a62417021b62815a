package import FreshetPartialJSON

/// What the simulator reads of a request, in whichever dialect it came.
package struct SimulatorRequest: Equatable, Sendable {
    /// A function that may be called.
    package struct Tool: Equatable, Sendable {
        /// As the request names it.
        package var name: String
        /// JSON Schema of its arguments; `nil`: none was given.
        package var parameters: JSONValue?
    }

    /// Whether tools are called.
    package enum ToolChoice: Equatable, Sendable {
        case automatic, none, required
        case named(String)
    }

    /// What the answer must be.
    package enum Format: Equatable, Sendable {
        case text
        /// `nil`: any JSON object.
        case json(schema: JSONValue?)
    }

    /// Parsed out of `model`.
    package var model: SimulatedModel
    /// Whether the answer streams.
    package var isStreamed = false
    /// Whether a chunk of usage ends the stream.
    package var includesUsage = false
    /// Answers wanted, 1 to 8.
    package var choices = 1
    /// Most tokens of each.
    package var maxTokens: Int?
    /// The request's own seed.
    package var seed: UInt64?
    /// What may be called.
    package var tools: [Tool] = []
    /// Whether it is.
    package var toolChoice = ToolChoice.automatic
    /// Whether several calls may come at once.
    package var allowsParallelCalls = true
    /// Text or JSON.
    package var format = Format.text
    /// The last thing the user said.
    package var userText = ""
    /// Whether the conversation ends with a tool's result, which asks for an answer rather than for another call.
    package var endsWithToolResult = false
    /// Words of all messages: stands for their tokens.
    package var promptWords = 1
}
