public import FreshetPartialJSON

/// What is asked of a model, in no dialect's words: a request of one dialect on its way to a provider of another.
///
/// What is wrong with it is told in the client's words: everything that may have no place at a provider bears the name
/// of the field it came from. A request whose client and provider speak the same dialect never becomes one.
public struct ModelRequest: Equatable, Sendable {
    /// What the model is told before the turns: text only, in order.
    public var system: [ModelPart] = []
    /// From the first on; roles need not alternate.
    public var turns: [ModelTurn] = []
    /// What the model may call, in order.
    public var tools: [ModelTool] = []
    /// Nil leaves it to the provider.
    public var toolChoice: Asked<ToolChoice>?
    /// Whether one answer may hold several calls; nil leaves it to the provider.
    public var allowsParallelCalls: Asked<Bool>?
    /// Tokens of the answer, reasoning included; nil leaves it to the provider, or to the dialect's writer.
    public var maxTokens: Asked<Int>?
    /// Nil leaves it to the provider, as for all sampling.
    public var temperature: Asked<JSONNumber>?
    /// The part of the probability that is sampled from.
    public var topP: Asked<JSONNumber>?
    /// How many tokens are sampled from.
    public var topK: Asked<JSONNumber>?
    /// As Chat Completions defines it.
    public var frequencyPenalty: Asked<JSONNumber>?
    /// As Chat Completions defines it.
    public var presencePenalty: Asked<JSONNumber>?
    /// For answers that can be had again.
    public var seed: Asked<JSONNumber>?
    /// Texts that end the answer.
    public var stop: Asked<[String]>?
    /// Nil leaves it to the provider.
    public var reasoning: Asked<ReasoningWish>?
    /// Nil is free text.
    public var format: Asked<AnswerFormat>?
    /// Who asks, in the client's words.
    public var user: Asked<String>?
    /// How many answers; nil is one.
    public var choices: Asked<Int>?

    /// Nothing asked yet.
    public init() {}
}

/// A value and the name of the client's field that holds it.
public struct Asked<Value: Equatable & Sendable>: Equatable, Sendable {
    /// What was asked.
    public var value: Value
    /// As the client named it, as in `generationConfig.topK`.
    public var field: String

    /// - Parameters:
    ///   - value: What was asked.
    ///   - field: As the client named it.
    public init(_ value: Value, in field: String) { (self.value, self.field) = (value, field) }
}

/// Which tool the model has to call.
public enum ToolChoice: Equatable, Sendable {
    /// It decides.
    case auto
    /// None.
    case none
    /// At least one of them.
    case required
    /// This one.
    case named(String)
    /// One of these, if it calls any; `isRequired`: it must.
    case allowed([String], isRequired: Bool)
}

/// How much a model should reason. What nobody said is nil.
public struct ReasoningWish: Equatable, Sendable {
    /// false: not at all.
    public var isEnabled = true
    /// `minimal`, `low`, `medium`, `high`, or a word of the provider's.
    public var effort: String?
    /// Tokens it may take.
    public var budget: Int?
    /// Whether the client wants to see it.
    public var isShown: Bool?

    /// Reasoning, as much as the provider thinks right.
    public init(effort: String? = nil, budget: Int? = nil) { (self.effort, self.budget) = (effort, budget) }

    /// The client wants none.
    public static var off: ReasoningWish {
        var wish = ReasoningWish()
        wish.isEnabled = false
        return wish
    }

    /// The budget, or the one that stands for the effort: `minimal` and `low` 1,024, `medium` 8,192, `high` 24,576 tokens.
    public var budgetOrGuess: Int? {
        if let budget { return budget }
        switch effort {
        case "minimal", "low": return 1024
        case "medium": return 8192
        case "high", "xhigh", "max": return 24576
        default: return nil
        }
    }

    /// The effort, or the word that stands for the budget: up to 2,048 tokens `low`, up to 16,384 `medium`, else `high`.
    public var effortOrGuess: String? {
        if let effort { return effort }
        guard let budget, budget >= 0 else { return nil }
        return budget <= 2048 ? "low" : budget <= 16384 ? "medium" : "high"
    }
}

/// The form an answer has to have.
public enum AnswerFormat: Equatable, Sendable {
    /// Any JSON object.
    case jsonObject
    /// JSON of this schema. The name is for the provider; nil where the client gave none.
    case schema(JSONValue, name: String?, isStrict: Bool?)
}
