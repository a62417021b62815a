import FreshetGateway
import Glibc

/// `freshet simulate`
struct SimulateCommand {
    private var options: Options

    init(_ options: Options) throws(CommandError) {
        self.options = options
        try self.options.parse(valued: ["listen", "replay"])
        guard self.options.positional.isEmpty else {
            throw CommandError("simulate takes options only, not `\(self.options.positional[0])`", status: 2)
        }
    }

    func run() throws(CommandError) {
        let recording: [UInt8]?
        if let file = options["replay"] { recording = try InputFile.read(file) } else { recording = nil }
        let address: ListenAddress
        do { address = try ListenAddress(parsing: options["listen"] ?? "127.0.0.1:8081") } catch {
            throw CommandError("--listen: \(error)", status: 2)
        }
        guard address.isLoopback else {
            throw CommandError("the simulator listens on this machine only: --listen 127.0.0.1:PORT")
        }
        let url: String
        do { url = try SimulatorServer.run(address, recording: recording) } catch { throw CommandError("\(error)") }
        Terminal.print("the simulator is listening on \(url)\n")
        Terminal.print("use:  freshet serve --upstream \(url)/v1\n")
        while true { pause() }
    }
}
