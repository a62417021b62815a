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
    private let places: [String: ProviderPlace]
    private let group: EventLoopGroup

    /// Everything but the server; `GatewayServer` puts it on the network.
    init(configuration: Configuration, group: EventLoopGroup, tls: TLSProfile?) {
        (self.configuration, self.group) = (configuration, group)
        let known = configuration.providers.compactMap { provider in
            ProviderPlace(provider).map { (provider.name, $0) }
        }
        places = Dictionary(known) { first, _ in first }
        let resolver = Resolver()
        for loop in group.loops {
            loop.execute { loop.local = LoopState(client: HTTPClient(loop: loop, tls: tls, resolver: resolver)) }
        }
    }

    /// What belongs to one loop alone.
    final class LoopState {
        let client: HTTPClient
        var randomness = RandomPool()

        init(client: HTTPClient) { self.client = client }
    }

    /// Where a provider is; nil for one that is nowhere.
    func place(of provider: Configuration.Provider) -> ProviderPlace? { places[provider.name] }

    private func state(of loop: EventLoop) -> LoopState {
        guard let state = loop.local as? LoopState else { preconditionFailure("the loop was not made ready") }
        return state
    }

    /// The provider client of the loop this is called on.
    func client(on loop: EventLoop) -> HTTPClient { state(of: loop).client }

    /// A fresh id, made on the loop this is called on: the wall clock's milliseconds and 80 random bits.
    func freshID(on loop: EventLoop) -> GenerationID {
        let state = state(of: loop)
        let high = UInt16(truncatingIfNeeded: state.randomness.next())
        return GenerationID(milliseconds: WallClock.milliseconds(), random: (high, state.randomness.next()))
    }
}
