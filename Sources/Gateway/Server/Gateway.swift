import CLinux
import COpenSSL
import FreshetGeneration
import FreshetHTTPWire
import FreshetRelay
import FreshetRouter
import FreshetTransport
import Glibc

/// The running gateway: its loops, its server, and what all of them share.
public final class Gateway: Sendable {
    let configuration: Configuration
    let registry = GenerationRegistry()
    private let group: EventLoopGroup

    /// Everything but the server; `GatewayServer` puts it on the network.
    init(configuration: Configuration, group: EventLoopGroup, tls: TLSProfile?) {
        (self.configuration, self.group) = (configuration, group)
        let resolver = Resolver()
        for loop in group.loops {
            loop.execute { loop.local = LoopState(client: HTTPClient(loop: loop, tls: tls, resolver: resolver)) }
        }
    }

    /// What belongs to one loop alone.
    final class LoopState {
        let client: HTTPClient

        init(client: HTTPClient) { self.client = client }
    }

    /// The provider client of the loop this is called on.
    func client(on loop: EventLoop) -> HTTPClient {
        guard let state = loop.local as? LoopState else { preconditionFailure("the loop was not made ready") }
        return state.client
    }

    /// A fresh id: the wall clock's milliseconds and 80 random bits.
    static func freshID() -> GenerationID {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        let milliseconds = UInt64(time.tv_sec) * 1000 + UInt64(time.tv_nsec) / 1_000_000
        var numbers = SystemRandomNumberGenerator()
        return GenerationID(milliseconds: milliseconds, random: (numbers.next(), numbers.next()))
    }
}
