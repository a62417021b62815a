import FreshetGateway
import Glibc

/// `freshet check FILE`
struct CheckCommand {
    private var options: Options

    init(_ options: Options) throws(CommandError) {
        self.options = options
        try self.options.parse(valued: [])
        guard self.options.positional.count == 1 else {
            throw CommandError("check takes one file: freshet check FILE", status: 2)
        }
    }

    func run() {
        let report = ConfigurationReport(file: options.positional[0])
        Terminal.print(report.output)
        Terminal.printError(report.errors)
        exit(report.exitCode)
    }
}
