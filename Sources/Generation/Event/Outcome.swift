/// How a generation ended.
public enum Outcome: String, CaseIterable, Sendable {
    /// The model said all it had to say.
    case finished
    /// Someone asked for the end.
    case stopped
    /// It could not go on; the error says why.
    case failed
    /// This process died and could not go on.
    case interrupted
    /// The money was spent.
    case overBudget = "over-budget"

    /// Whether readers may take what they have for a whole answer.
    public var isSuccess: Bool {
        switch self {
        case .finished, .stopped, .overBudget: true
        case .failed, .interrupted: false
        }
    }
}
