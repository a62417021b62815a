import FreshetGateway
import Glibc

/// `freshet serve`
struct ServeCommand {
    private var options: Options

    init(_ options: Options) throws(CommandError) {
        self.options = options
        try self.options.parse(valued: ["listen", "upstream", "config", "data"], flags: ["open"])
        guard self.options.positional.isEmpty else {
            throw CommandError("serve takes options only, not `\(self.options.positional[0])`", status: 2)
        }
    }

    func run() throws(CommandError) {
        var configuration = try configuration()
        if let text = options["listen"] {
            do { configuration.listen = try ListenAddress(parsing: text) } catch {
                throw CommandError("--listen: \(error)", status: 2)
            }
        }
        configuration.placeData(asked: options["data"], besideFile: options["config"])
        let signals = StopSignals()
        let server: GatewayServer
        do { server = try GatewayServer.start(configuration, isOpen: options.has("open")) } catch {
            throw CommandError("\(error)")
        }
        Terminal.write(server.greeting(hint: hint(server.url, configuration)), to: STDOUT_FILENO)
        var stop = GatewayStop(server, configuration)
        while true {
            let signal = signals.next(within: stop.hasBegun ? .milliseconds(20) : nil)
            switch stop.step(signal) {
            case .goOn: break
            case .leave: exit(0)
            case .leaveAtOnce: _exit(128 + (signal ?? 0))
            }
        }
    }

    private func configuration() throws(CommandError) -> Configuration {
        switch (options["upstream"], options["config"]) {
        case (.some, .some): throw CommandError("--upstream and --config exclude each other", status: 2)
        case (let url?, nil):
            switch Configuration.upstream(url) {
            case .success(let configuration): return configuration
            case .failure(let problem): throw CommandError("--upstream \(problem)", status: 2)
            }
        case (nil, let file?):
            do { return try Configuration.load(file: file) } catch { throw CommandError("\(error)") }
        case (nil, nil): return .embeddedDefaults(environment: Configuration.processEnvironment)
        }
    }

    private func hint(_ url: String, _ configuration: Configuration) -> String? {
        guard configuration.defaultModel != nil, configuration.keys.isEmpty else { return nil }
        return "try:  curl -N '\(url)/api/chat?prompt=hello'"
    }
}
