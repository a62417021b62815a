import Glibc

/// An IP address and a port.
public enum SocketAddress: Hashable, Sendable {
    /// `bits` in host order: 127.0.0.1 is 0x7F00_0001.
    case v4(bits: UInt32, port: UInt16)
    /// The 128 bits in two halves; `scope` is the interface's index for link-local addresses, else 0.
    case v6(high: UInt64, low: UInt64, scope: UInt32, port: UInt16)

    /// Reads an IP literal.
    ///
    /// - Parameters:
    ///   - literal: `192.0.2.1`, `2001:db8::1` or `[2001:db8::1]`; nil for anything else, names too.
    ///   - port: 0 asks for any, when it is listened on.
    public init?(literal: String, port: UInt16) {
        var four = in_addr()
        if inet_pton(AF_INET, literal, &four) == 1 {
            self = .v4(bits: UInt32(bigEndian: four.s_addr), port: port)
            return
        }
        let bare = literal.hasPrefix("[") && literal.hasSuffix("]") ? String(literal.dropFirst().dropLast()) : literal
        var six = sockaddr_in6()
        guard inet_pton(AF_INET6, bare, &six.sin6_addr) == 1 else { return nil }
        six.sin6_port = port.bigEndian
        self.init(six)
    }

    /// Takes over what the kernel filled in; nil for families other than IP.
    init?(_ storage: UnsafePointer<sockaddr>) {
        switch Int32(storage.pointee.sa_family) {
        case AF_INET:
            self = storage.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
                .v4(bits: UInt32(bigEndian: $0.pointee.sin_addr.s_addr), port: UInt16(bigEndian: $0.pointee.sin_port))
            }
        case AF_INET6:
            self = storage.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) { SocketAddress($0.pointee) }
        default:
            return nil
        }
    }

    /// An IPv4 address mapped into IPv6, as a dual-stack listener sees it, becomes the IPv4 address.
    private init(_ six: sockaddr_in6) {
        let (high, low) = withUnsafeBytes(of: six.sin6_addr) {
            (
                UInt64(bigEndian: $0.loadUnaligned(as: UInt64.self)),
                UInt64(bigEndian: $0.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
            )
        }
        let port = UInt16(bigEndian: six.sin6_port)
        if high == 0, low >> 32 == 0xFFFF {
            self = .v4(bits: UInt32(truncatingIfNeeded: low), port: port)
        } else {
            self = .v6(high: high, low: low, scope: six.sin6_scope_id, port: port)
        }
    }

    /// The port, 1 to 65535; 0 asks for any.
    public var port: UInt16 {
        switch self {
        case .v4(_, let port), .v6(_, _, _, let port): port
        }
    }

    /// Whether only this machine can be behind it.
    public var isLoopback: Bool {
        switch self {
        case .v4(let bits, _): bits >> 24 == 127
        case .v6(let high, let low, _, _): high == 0 && low == 1
        }
    }

    /// Whether it stands for every address of the machine.
    public var isWildcard: Bool {
        switch self {
        case .v4(let bits, _): bits == 0
        case .v6(let high, let low, _, _): high == 0 && low == 0
        }
    }

    var family: Int32 {
        switch self {
        case .v4: AF_INET
        case .v6: AF_INET6
        }
    }

    /// The same address with another port.
    public func with(port: UInt16) -> SocketAddress {
        switch self {
        case .v4(let bits, _): .v4(bits: bits, port: port)
        case .v6(let high, let low, let scope, _): .v6(high: high, low: low, scope: scope, port: port)
        }
    }

    /// The address alone: `127.0.0.1`, `2001:db8::1`.
    public var host: String {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(INET6_ADDRSTRLEN)) { text in
            withKernelForm { address, _ in
                switch self {
                case .v4:
                    address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { four in
                        var bits = four.pointee.sin_addr
                        inet_ntop(AF_INET, &bits, text.baseAddress, socklen_t(text.count))
                    }
                case .v6:
                    address.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) { six in
                        var bits = six.pointee.sin6_addr
                        inet_ntop(AF_INET6, &bits, text.baseAddress, socklen_t(text.count))
                    }
                }
            }
            return String(cString: text.baseAddress!)
        }
    }

    /// Lends the address in the kernel's form.
    func withKernelForm<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        switch self {
        case .v4(let bits, let port):
            var four = sockaddr_in()
            four.sin_family = sa_family_t(AF_INET)
            four.sin_port = port.bigEndian
            four.sin_addr.s_addr = bits.bigEndian
            return withUnsafePointer(to: four) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
        case .v6(let high, let low, let scope, let port):
            var six = sockaddr_in6()
            six.sin6_family = sa_family_t(AF_INET6)
            six.sin6_port = port.bigEndian
            six.sin6_scope_id = scope
            withUnsafeMutableBytes(of: &six.sin6_addr) {
                $0.storeBytes(of: high.bigEndian, as: UInt64.self)
                $0.storeBytes(of: low.bigEndian, toByteOffset: 8, as: UInt64.self)
            }
            return withUnsafePointer(to: six) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    body($0, socklen_t(MemoryLayout<sockaddr_in6>.size))
                }
            }
        }
    }
}

extension SocketAddress: CustomStringConvertible {
    /// `127.0.0.1:8080`, `[::1]:8080`.
    public var description: String {
        switch self {
        case .v4: "\(host):\(port)"
        case .v6: "[\(host)]:\(port)"
        }
    }
}
