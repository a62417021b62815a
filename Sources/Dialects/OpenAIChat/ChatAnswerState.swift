import FreshetGeneration
import FreshetPartialJSON

/// What the Chat encoder must remember of an answer: a fold of its events.
struct ChatAnswerState {
    private struct Block {
        var choice: Int
        var kind: BlockKind
        /// Number of the tool call in its choice.
        var tool: Int
        /// Whether clients of this dialect are told of it.
        var isShown = true
    }

    /// `"id":…` and so on, ready to be written.
    private var id: [UInt8] = []
    private var created: [UInt8] = []
    private var model: [UInt8] = []
    private var hasHeader = false
    private var start: GenerationStart?
    private var attempt: Attempt?
    /// The provider speaks this dialect: then its own frames bring the roles.
    private(set) var rolesAreTheirs = false
    private var blocks: [Block] = []
    /// Tool calls begun in each choice.
    private var tools: [Int: Int] = [:]
    private var finished: [Int] = []
    /// Choices whose role was written.
    private(set) var roles: [Int] = []
    /// What has no place of its own in Chat: signatures, citations, files.
    var asides = ChatAsides()
    /// Finishes of other dialects' providers, which may still be followed by content, or by another finish: they are told
    /// at the end, when the last word is known.
    private var waiting: [Int: FinishReason] = [:]

    init() {}

    init(resuming fold: GenerationFold) {
        if let start = fold.start { begin(start) }
        if let attempt = fold.attempt, begin(attempt) { roles = [0] }
        rolesAreTheirs = fold.attemptSource == .openAIChat
        for block in fold.blocks {
            begin(block.start)
            if blocks[blocks.count - 1].isShown { claimRole(block.start.choice) }
        }
        if !rolesAreTheirs { asides = ChatAsides(resuming: fold) }
        for finish in fold.finishes {
            if rolesAreTheirs {
                claimRole(finish.choice)
                finished.append(finish.choice)
            } else {
                waiting[finish.choice] = finish.reason
            }
        }
    }

    mutating func begin(_ start: GenerationStart) { self.start = start }

    /// - Returns: Whether it is the first attempt: a later one changes nothing of what was told.
    mutating func begin(_ attempt: Attempt) -> Bool {
        guard self.attempt == nil else { return false }
        self.attempt = attempt
        hasHeader = false
        return true
    }

    /// What the provider said of itself, else what the generation says.
    private mutating func makeHeader() {
        let milliseconds = start?.createdMilliseconds ?? 0
        id = Self.member("\"id\":") {
            $0.appendJSON(string: attempt?.providerID ?? start.map { Self.completionID($0.id) } ?? "")
        }
        model = Self.member("\"model\":") { $0.appendJSON(string: attempt?.providerModel ?? start?.model ?? "") }
        created = Self.member("\"created\":") {
            $0.appendJSON(integer: attempt?.providerCreated ?? Int64(milliseconds / 1000))
        }
        hasHeader = true
    }

    /// The form of this dialect: clients may rely on the beginning.
    private static func completionID(_ id: GenerationID) -> String {
        "chatcmpl-" + String(describing: id).dropFirst(4)
    }

    mutating func begin(_ start: BlockStart) {
        var tool = 0
        if start.isClientCall {
            tool = tools[start.choice, default: 0]
            tools[start.choice] = tool + 1
        }
        let isShown = start.kind != .toolInput || start.isClientCall
        blocks.append(Block(choice: start.choice, kind: start.kind, tool: tool, isShown: isShown))
    }

    /// Keeps finishes of another dialect's provider for the end.
    mutating func wait(for finishes: [(choice: Int, reason: FinishReason)]) {
        for finish in finishes { waiting[finish.choice] = finish.reason }
    }

    /// The finish that a choice waits to be told of.
    func waitingFinish(of choice: Int) -> FinishReason? { waiting[choice] }

    /// The word, unknown to this dialect, by which the provider said that the answer went wrong.
    var failedFinish: FinishReason? { waiting.values.first(where: \.isFailure) }

    /// Whether clients of this dialect are told of a block: a call that the provider answers itself is none of theirs.
    func isShown(_ block: Int) -> Bool { blocks[block].isShown }

    func isRoleDue(_ choice: Int) -> Bool { !roles.contains(choice) && !rolesAreTheirs }

    func choice(of block: Int) -> Int { blocks[block].choice }
    func kind(of block: Int) -> BlockKind { blocks[block].kind }
    func toolIndex(of block: Int) -> Int { blocks[block].tool }

    /// - Returns: Whether the role of this choice is still to be written; from now on it counts as written.
    @discardableResult
    mutating func claimRole(_ choice: Int) -> Bool {
        guard !roles.contains(choice) else { return false }
        roles.append(choice)
        return !rolesAreTheirs
    }

    mutating func leaveRolesToProvider() { rolesAreTheirs = true }

    mutating func finish(_ choice: Int) {
        if !finished.contains(choice) { finished.append(choice) }
    }

    /// The choices that still wait for a finish reason; choice 0 even when it has not begun.
    var unfinishedChoices: [Int] {
        Set(blocks.map(\.choice)).union(waiting.keys).union([0]).subtracting(finished).sorted()
    }

    /// Appends `{"id":…,"object":…,"created":…,"model":…`, less what the frame's own members replace.
    mutating func appendHeader(extras: Extras?, to out: inout [UInt8]) {
        if !hasHeader { makeHeader() }
        out.append(0x7B)
        let replaced = extras.map { Header(replacedBy: $0.bytes) } ?? []
        if !replaced.contains(.id) { appendMember(id, to: &out) }
        if !replaced.contains(.object) { appendMember(Self.object, to: &out) }
        if !replaced.contains(.created) { appendMember(created, to: &out) }
        if !replaced.contains(.model) { appendMember(model, to: &out) }
    }

    private static let object = Array("\"object\":\"chat.completion.chunk\"".utf8)

    private func appendMember(_ member: [UInt8], to out: inout [UInt8]) {
        if out.last != 0x7B { out.append(0x2C) }
        out += member
    }

    /// Members that every chunk begins with.
    private struct Header: OptionSet {
        let rawValue: UInt8
        static let id = Header(rawValue: 1)
        static let object = Header(rawValue: 2)
        static let created = Header(rawValue: 4)
        static let model = Header(rawValue: 8)

        init(rawValue: UInt8) { self.rawValue = rawValue }

        /// Those that stand among the frame's own members.
        init(replacedBy extras: [UInt8]) {
            var found = Header()
            ChatExtras.forEach(extras) { anchor, _, range in
                guard anchor == .chunk, !range.isEmpty else { return }
                let name = JSONStringToken(in: extras.span, from: range.lowerBound + 1)
                if name?.equals("id", in: extras.span) == true { found.insert(.id) }
                if name?.equals("object", in: extras.span) == true { found.insert(.object) }
                if name?.equals("created", in: extras.span) == true { found.insert(.created) }
                if name?.equals("model", in: extras.span) == true { found.insert(.model) }
            }
            self = found
        }
    }

    private static func member(_ name: StaticString, _ value: (inout [UInt8]) -> Void) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(32)
        bytes.appendJSON(raw: name)
        value(&bytes)
        return bytes
    }
}
