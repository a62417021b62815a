extension SimulatedModel {
    /// A name that is no model of the simulator.
    package struct Unknown: Error, Equatable, CustomStringConvertible {
        /// What is wrong, the words and the controls.
        package let description: String
    }

    /// Reads `sim/WORD-CONTROL-…`; `sim/` may be missing, and controls come in any order, each once.
    ///
    /// - Parameter name: As the request has it.
    /// - Throws: What is unknown in it, and what there is.
    package init(parsing name: String) throws(Unknown) {
        let bare = name.hasPrefix("sim/") ? name.dropFirst(4) : name[...]
        let parts = bare.split(separator: "-", omittingEmptySubsequences: false)
        guard bare.utf8.count <= 256, let first = parts.first, let word = Word(rawValue: String(first)) else {
            throw Self.unknown(name, "begins with no known word")
        }
        self.init(word)
        self.name = name
        var seen: Set<Substring> = []
        for part in parts.dropFirst() {
            let key = part.prefix { !("0"..."9").contains($0) }
            let digits = part[key.endIndex...]
            guard seen.insert(key).inserted else { throw Self.unknown(name, "gives `\(key)` twice") }
            guard let control = SimulatorControl.all.first(where: { $0.key == key }) else {
                throw Self.unknown(name, "has the unknown control `\(part.prefix(40))`")
            }
            try apply(control, digits: digits)
        }
        faults.sort { $0.position < $1.position }
    }

    private mutating func apply(_ control: SimulatorControl, digits: Substring) throws(Unknown) {
        if !digits.isEmpty, control.number == .none {
            throw Self.unknown(name, "has a number after `\(control.key)`")
        }
        var value: Int?
        if !digits.isEmpty {
            guard let number = Int(digits), control.range.contains(number) else {
                let (low, high) = (control.range.lowerBound, control.range.upperBound)
                throw Self.unknown(name, "needs `\(control.key)` from \(low) to \(high)")
            }
            value = number
        } else if control.number == .needed {
            throw Self.unknown(name, "needs a number after `\(control.key)`")
        }
        control.apply(&self, value)
    }

    private static func unknown(_ name: String, _ reason: String) -> Unknown {
        let words = Word.allCases.map(\.rawValue).joined(separator: ", ")
        let controls = SimulatorControl.all.map { $0.example }.joined(separator: ", ")
        return Unknown(
            description: "The model `\(name.prefix(120))` \(reason). A model is sim/WORD-CONTROL-…; words: \(words); "
                + "controls: \(controls).")
    }
}

/// One control of a model's name.
struct SimulatorControl: Sendable {
    enum Number: Sendable {
        case needed, allowed, none
    }

    let key: String
    let number: Number
    let range: ClosedRange<Int>
    /// As messages list it.
    let example: String
    let apply: @Sendable (inout SimulatedModel, Int?) -> Void

    private static let hour = 3_600_000_000
    private static let mostTokens = 1_000_000

    static let all: [SimulatorControl] = [
        .init(key: "n", number: .needed, range: 0...mostTokens, example: "n200") { $0.tokens = $1 ?? 0 },
        .init(key: "i", number: .needed, range: 0...hour, example: "i20000") { $0.interval = $1.map { UInt64($0) } },
        .init(key: "t", number: .needed, range: 0...hour, example: "t300000") { $0.firstToken = $1.map { UInt64($0) } },
        .init(key: "seed", number: .needed, range: 0...Int.max, example: "seed7") { $0.seed = $1.map { UInt64($0) } },
        .init(key: "split", number: .allowed, range: 1...65536, example: "split or split3") {
            $0.split = $1.map { .bytes($0) } ?? .random
        },
        .init(key: "p", number: .needed, range: 0...hour, example: "p100") { $0.splitPause = UInt64($1 ?? 0) },
        fault("rst", .reset), fault("fin", .cut), fault("stall", .stall), fault("err", .error),
        fault("garbage", .garbage),
        .init(key: "nodone", number: .none, range: 0...0, example: "nodone") { model, _ in model.omitsDone = true },
        .init(key: "http", number: .needed, range: 400...599, example: "http429") { $0.status = $1 },
        .init(key: "retry", number: .needed, range: 0...86_400, example: "retry7") { $0.retryAfter = $1 ?? 0 },
        .init(key: "every", number: .needed, range: 1...mostTokens, example: "every3") { $0.every = $1 ?? 1 },
    ]

    private static func fault(_ key: String, _ fault: SimulatedModel.Fault) -> SimulatorControl {
        .init(key: key, number: .needed, range: 0...mostTokens, example: "\(key)5") { model, position in
            model.faults.append((position ?? 0, fault))
        }
    }
}
