import CLinux
import COpenSSL
import FreshetGeneration
import FreshetHTTPWire
import FreshetRelay
import FreshetRouter
import FreshetTransport
import Glibc
import Synchronization

/// The running gateway: its loops, its server, and what all of them share.
public final class Gateway: Sendable {
    let configuration: Configuration
    let registry: GenerationRegistry
    /// nil where nothing goes to disk.
    let archive: Archive?
    let log: Observation.Log?
    let startMilliseconds = WallClock.milliseconds()
    /// Set as soon as it listens.
    let server = Locked<HTTPServer?>(nil)
    private let places: [String: ProviderPlace]
    let group: EventLoopGroup
    private let storedStage = Atomic<Stage>(.serving)

    /// Everything but the server; `GatewayServer` puts it on the network.
    init(configuration: Configuration, group: EventLoopGroup, tls: TLSProfile?, log: Observation.Log?) throws {
        (self.configuration, self.group, self.log) = (configuration, group, log)
        let registry = GenerationRegistry(keptBytes: configuration.limits.kept)
        let archive = try configuration.data.map { try Archive($0, configuration.limits, registry, log: log) }
        (self.registry, self.archive) = (registry, archive)
        let known = configuration.providers.compactMap { provider in
            ProviderPlace(provider).map { (provider.name, $0) }
        }
        places = Dictionary(known) { first, _ in first }
        let resolver = Resolver()
        let names = configuration.metricNames
        let limits = configuration.limits.ofProviders
        for (number, loop) in group.loops.enumerated() {
            loop.execute {
                let client = HTTPClient(loop: loop, tls: tls, resolver: resolver, limits: limits)
                let observation = Observation(names: names, log: log)
                observation.watch(loop)
                let keeper = archive.map { LoopKeeper($0, loop: loop, number: number) }
                loop.local = LoopState(client: client, observation: observation, keeper: keeper)
            }
        }
    }

    /// How far the end of the process has come.
    enum Stage: UInt8, AtomicRepresentable {
        case serving
        /// No more connections are taken; what is open goes on.
        case draining
        /// What is still running was told to end; nothing new begins.
        case ending
    }

    /// How far the end of the process has come.
    var stage: Stage {
        get { storedStage.load(ordering: .relaxed) }
        set { storedStage.store(newValue, ordering: .relaxed) }
    }

    /// What belongs to one loop alone.
    final class LoopState {
        let client: HTTPClient
        let observation: Observation
        let keeper: LoopKeeper?
        var randomness = RandomPool()

        init(client: HTTPClient, observation: Observation, keeper: LoopKeeper?) {
            (self.client, self.observation, self.keeper) = (client, observation, keeper)
        }
    }

    /// Where a provider is; nil for one that is nowhere.
    func place(of provider: Configuration.Provider) -> ProviderPlace? { places[provider.name] }

    private func state(of loop: EventLoop) -> LoopState {
        guard let state = loop.local as? LoopState else { preconditionFailure("the loop was not made ready") }
        return state
    }

    /// The provider client of the loop this is called on.
    func client(on loop: EventLoop) -> HTTPClient { state(of: loop).client }

    /// What the loop this is called on counts and logs.
    func observation(on loop: EventLoop) -> Observation { state(of: loop).observation }

    /// What keeps the logged generations of the loop this is called on.
    func keeper(on loop: EventLoop) -> LoopKeeper? { state(of: loop).keeper }

    /// Nothing more is kept: the last thing that the loops are given to do.
    func closeKeepers() {
        for loop in group.loops { loop.execute { self.keeper(on: loop)?.close() } }
    }

    /// A fresh id, made on the loop this is called on: the wall clock's milliseconds and 80 random bits.
    func freshID(on loop: EventLoop) -> GenerationID {
        let state = state(of: loop)
        let high = UInt16(truncatingIfNeeded: state.randomness.next())
        return GenerationID(milliseconds: WallClock.milliseconds(), random: (high, state.randomness.next()))
    }
}
