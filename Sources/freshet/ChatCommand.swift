import FreshetClient
import FreshetGeneration
import Glibc
import Synchronization

/// `freshet chat`
struct ChatCommand {
    private var options: Options

    init(_ options: Options) throws(CommandError) {
        self.options = options
        try self.options.parse(valued: ["model", "url"])
    }

    func run() throws(CommandError) {
        let client: GenerationClient
        let key = getenv("FRESHET_KEY").map { String(cString: $0) }
        let request = GenerationRequest(model: options["model"], prompt: try prompt())
        // A thread inherits its maker's mask: only the one that waits for it shall get the interrupt.
        let interrupts = Interrupts()
        do { client = try GenerationClient(url: options["url"] ?? "http://127.0.0.1:8080", key: key) } catch {
            throw CommandError(error.message)
        }
        let printer = AnswerPrinter()
        let handle = client.stream(
            request, onConnection: { printer.tell($0) }, onEvent: { printer.show($0) },
            onEnd: { exit(printer.finish($0)) })
        interrupts.wait()
        handle.stop {
            printer.interrupted()
            exit(130)
        }
        while true { pause() }
    }

    private func prompt() throws(CommandError) -> String {
        if !options.positional.isEmpty, options.positional != ["-"] {
            return options.positional.joined(separator: " ")
        }
        if isatty(STDIN_FILENO) == 1 { Terminal.printError("> ") }
        let text: String
        if isatty(STDIN_FILENO) == 1 {
            text = readLine() ?? ""
        } else {
            text = String(decoding: try InputFile.read("-", limit: 16 << 20), as: UTF8.self)
        }
        guard text.contains(where: { !$0.isWhitespace }) else {
            throw CommandError("say something: freshet chat 'Hello'", status: 2)
        }
        return text
    }
}

/// SIGINT as something one thread waits for.
struct Interrupts {
    private var set = sigset_t()

    /// Blocks it for this thread and all it makes.
    init() {
        sigemptyset(&set)
        sigaddset(&set, SIGINT)
        pthread_sigmask(SIG_BLOCK, &set, nil)
    }

    /// Returns when it comes.
    func wait() {
        var set = set
        var number: Int32 = 0
        while sigwait(&set, &number) != 0 {}
    }
}
