extension Configuration.Limits {
    /// One limit, as the configuration names it.
    struct Member: Sendable {
        let key: String
        let form: Form
        /// What happens past it.
        let consequence: String

        fileprivate init(_ key: String, _ form: Form, _ consequence: String) {
            (self.key, self.form, self.consequence) = (key, form, consequence)
        }
    }

    /// How a limit is written.
    enum Form: Sendable {
        case count(any WritableKeyPath<Configuration.Limits, Int> & Sendable, most: Int)
        case size(any WritableKeyPath<Configuration.Limits, Int> & Sendable)
        case duration(any WritableKeyPath<Configuration.Limits, Duration> & Sendable)
    }

    /// Every limit under its name, in the order it is written.
    static let members: [Member] = [
        Member("connections", .count(\.connections, most: 1_000_000), "503 with Retry-After, closed"),
        Member("head", .size(\.head), "431, closed; of a provider: provider_malformed"),
        Member("fields", .count(\.fields, most: 10_000), "431, closed; of a provider: provider_malformed"),
        Member("target", .size(\.target), "414, closed"),
        Member("body", .size(\.body), "413, closed"),
        Member("bodies", .size(\.bodies), "503 with Retry-After, closed"),
        Member("body_rate", .size(\.bodyRate), "408, closed"),
        Member("pipelined", .size(\.pipelined), "the client is not read until its answer has ended"),
        Member("send_buffer", .size(\.sendBuffer), "the rest waits in the answer's log"),
        Member("receive_buffer", .size(\.receiveBuffer), "the peer is made to wait"),
        Member("unread", .size(\.unread), "the provider is not read until the reader has caught up"),
        Member("json_depth", .count(\.jsonDepth, most: 128), "400; of a provider: the frame is skipped"),
        Member("line", .size(\.line), "the attempt fails: provider_malformed"),
        Member("event", .size(\.event), "the attempt fails: provider_malformed"),
        Member("answer", .size(\.answer), "the provider is cancelled, the answer ends: log_full"),
        Member("held_events", .count(\.heldEvents, most: 100_000), "they are shown"),
        Member("held", .size(\.held), "they are shown"),
        Member("retention", .size(\.retention), "the oldest that have ended are forgotten"),
        Member("retention_time", .duration(\.retentionTime), "forgotten"),
        Member("log_ring", .size(\.logRing), "lines are dropped and counted"),
        Member("kept", .size(\.kept), "the logged answers that ended first are given up"),
        Member("head_time", .duration(\.headTime), "408, closed"),
        Member("idle_time", .duration(\.idleTime), "closed"),
        Member("write_time", .duration(\.writeTime), "disconnected"),
        Member("peer_time", .duration(\.peerTime), "disconnected"),
        Member("drain_time", .duration(\.drainTime), "answers end: shutting_down"),
        Member("kept_time", .duration(\.keptTime), "the logged answer is given up"),
        Member("orphan_time", .duration(\.orphanTime), "the answer ends: abandoned"),
    ]

    /// A limit as the configuration writes it.
    func text(_ member: Member) -> String {
        switch member.form {
        case .count(let path, _): String(self[keyPath: path])
        case .size(let path): Quantity.text(bytes: self[keyPath: path])
        case .duration(let path): self[keyPath: path].inConfigurationUnits
        }
    }
}

extension ConfigurationDecoder {
    /// Reads the `limits:` section.
    mutating func limits(_ node: Node) -> Configuration.Limits {
        var limits = Configuration.Limits()
        let members = Configuration.Limits.members
        guard let section = section(node, path: "limits", known: members.map(\.key)) else { return limits }
        for member in members {
            guard let node = section[member.key] else { continue }
            read(member.form, node, path: section.path(member.key), into: &limits)
        }
        if limits.bodies < limits.body {
            report(
                "`limits.bodies` is less than `limits.body`, so that no such body is ever taken", at: section.position)
        }
        return limits
    }

    private mutating func read(
        _ form: Configuration.Limits.Form, _ node: Node, path: String, into limits: inout Configuration.Limits
    ) {
        switch form {
        case .count(let member, let most):
            let count = value(node, path: path, expected: "a whole number from 1 to \(most)") { text in
                Quantity.count(text).flatMap { (1...most).contains($0) ? $0 : nil }
            }
            limits[keyPath: member] = count ?? limits[keyPath: member]
        case .size(let member):
            let expected = "a size with a unit, KiB or MiB (for example 32MiB), from 1KiB to 4096MiB"
            limits[keyPath: member] =
                value(node, path: path, expected: expected, Quantity.bytes) ?? limits[keyPath: member]
        case .duration(let member):
            limits[keyPath: member] = duration(node, path: path) ?? limits[keyPath: member]
        }
    }
}
