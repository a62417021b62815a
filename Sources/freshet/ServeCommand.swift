import FreshetGateway
import Glibc

/// `freshet serve`
struct ServeCommand {
    private var options: Options

    init(_ options: Options) throws(CommandError) {
        self.options = options
        try self.options.parse(valued: ["listen", "upstream", "config"], flags: ["open"])
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
        do { try configuration.checkExposure(isOpen: options.has("open")) } catch {
            throw CommandError("\(error)")
        }
        let server: GatewayServer
        do { server = try GatewayServer(configuration) } catch { throw CommandError("\(error)") }
        greet(server.url, configuration)
        // The loops do the work; nothing is left to do here.
        while true { pause() }
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

    private func greet(_ url: String, _ configuration: Configuration) {
        Terminal.print("freshet is listening on \(url)\n")
        guard configuration.defaultModel != nil, configuration.keys.isEmpty else { return }
        Terminal.print("try:  curl -N '\(url)/api/chat?prompt=hello'\n")
    }
}
