package import FreshetTransport

extension Configuration {
    /// What clients are granted; past each, what `HTTPServerConfiguration` says happens.
    package struct Limits: Sendable, Equatable {
        /// Open connections.
        package var connections: Int
        /// Bytes of one request's body.
        package var body: Int
        /// Bytes of all bodies held at once.
        package var bodies: Int
        /// Bytes a second that a body must bring.
        package var bodyRate: Int
        /// Bytes the kernel keeps for a slow reader of one connection.
        package var sendBuffer: Int
        /// For a whole head.
        package var headTime: Duration
        /// For the next request on a kept connection.
        package var idleTime: Duration
        /// For a reader to take anything.
        package var writeTime: Duration

        /// For a client's machine to answer anything.
        package var peerTime: Duration

        /// Bytes of log lines that wait for whoever reads standard output.
        package var logRing = 1 << 20
        /// For what is open when the process was told to end.
        package var drainTime = Duration.seconds(30)

        /// The server's own defaults.
        package init() {
            let server = HTTPServerConfiguration()
            connections = server.limits.connections
            body = server.limits.bodyBytes
            bodies = server.limits.allBodiesBytes
            bodyRate = server.limits.bodyBytesPerSecond
            sendBuffer = server.limits.sendBufferBytes ?? 256 << 10
            headTime = server.timeouts.head
            idleTime = server.timeouts.idle
            writeTime = server.timeouts.write
            peerTime = server.timeouts.peer
        }

        /// Puts these limits in force.
        package func apply(to server: inout HTTPServerConfiguration) {
            server.limits.connections = connections
            server.limits.bodyBytes = body
            server.limits.allBodiesBytes = bodies
            server.limits.bodyBytesPerSecond = bodyRate
            server.limits.sendBufferBytes = sendBuffer
            server.timeouts.head = headTime
            server.timeouts.idle = idleTime
            server.timeouts.write = writeTime
            server.timeouts.peer = peerTime
        }

        /// How a limit is written.
        enum Member {
            case count(any WritableKeyPath<Limits, Int> & Sendable)
            case size(any WritableKeyPath<Limits, Int> & Sendable)
            case duration(any WritableKeyPath<Limits, Duration> & Sendable)
        }

        /// Every limit under its name in the configuration, in the order it is written.
        static let members: [(key: String, member: Member)] = [
            ("connections", .count(\.connections)), ("body", .size(\.body)), ("bodies", .size(\.bodies)),
            ("body_rate", .size(\.bodyRate)), ("send_buffer", .size(\.sendBuffer)),
            ("head_time", .duration(\.headTime)),
            ("idle_time", .duration(\.idleTime)), ("write_time", .duration(\.writeTime)),
            ("drain_time", .duration(\.drainTime)), ("log_ring", .size(\.logRing)),
            ("peer_time", .duration(\.peerTime)),
        ]

        /// A limit as the configuration writes it.
        func text(_ member: Member) -> String {
            switch member {
            case .count(let path): String(self[keyPath: path])
            case .size(let path): Quantity.text(bytes: self[keyPath: path])
            case .duration(let path): self[keyPath: path].inConfigurationUnits
            }
        }
    }
}

extension ConfigurationDecoder {
    /// Reads the `limits:` section.
    mutating func limits(_ node: Node) -> Configuration.Limits {
        var limits = Configuration.Limits()
        let members = Configuration.Limits.members
        guard let section = section(node, path: "limits", known: members.map(\.key)) else { return limits }
        for (key, member) in members {
            guard let node = section[key] else { continue }
            let path = section.path(key)
            switch member {
            case .count(let member):
                let count = value(node, path: path, expected: "a whole number from 1 to 1000000") { text in
                    Quantity.count(text).flatMap { (1...1_000_000).contains($0) ? $0 : nil }
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
        if limits.bodies < limits.body {
            report(
                "`limits.bodies` is less than `limits.body`, so that no such body is ever taken", at: section.position)
        }
        return limits
    }
}
