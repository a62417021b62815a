import Glibc

/// The command line: `freshet COMMAND OPTIONS`.
@main
struct Freshet {
    static let version = "0.1.0"

    /// What each command does, as `--help` tells it.
    private static let commands: KeyValuePairs = [
        "serve": """
        freshet serve [--listen HOST:PORT] [--upstream URL | --config FILE] [--data DIR|off] [--open]
            the gateway; without --upstream and --config: the simulator, and each vendor whose key is set
            (OPENAI_API_KEY, ANTHROPIC_API_KEY, GEMINI_API_KEY).
            Answers are kept in DIR: beside the configuration, else in the user's state directory

        """,
        "check": """
        freshet check FILE
            prints every value of a configuration in force, or what is wrong with it; never a key

        """,
        "simulate": """
        freshet simulate [--listen HOST:PORT] [--replay FILE]
            a provider that pretends, for trying front ends: docs/simulator.md

        """,
        "chat": """
        freshet chat [PROMPT] [--model NAME] [--url URL]
            asks a gateway and streams the answer to the terminal (FRESHET_KEY holds the key, where one is asked for)

        """,
        "decode": """
        freshet decode FILE --dialect openai-chat|anthropic|gemini
            prints the events of a recorded provider stream, one JSON object a line

        """,
    ]

    private static let usage = """
        freshet carries an LLM's answer, token by token, from the model to the person reading it.

        \(commands.map(\.value).joined())freshet --version | --help

        """

    static func main() {
        let arguments = CommandLine.arguments.dropFirst()
        if arguments.dropFirst().first == "--help" || arguments.dropFirst().first == "-h" {
            return Terminal.print(commands.first { $0.key == arguments.first }?.value ?? usage)
        }
        do throws(CommandError) {
            switch arguments.first {
            case "serve": try ServeCommand(Options(arguments.dropFirst())).run()
            case "check": try CheckCommand(Options(arguments.dropFirst())).run()
            case "simulate": try SimulateCommand(Options(arguments.dropFirst())).run()
            case "chat": try ChatCommand(Options(arguments.dropFirst())).run()
            case "decode": try DecodeCommand(Options(arguments.dropFirst())).run()
            case "--version", "version": Terminal.print("freshet \(version)\n")
            case "--help", "help", "-h": Terminal.print(usage)
            case nil: throw CommandError("say what to do\n\n" + usage, status: 2)
            case .some(let word): throw CommandError("there is no command `\(word)`\n\n" + usage, status: 2)
            }
        } catch {
            Terminal.printError("freshet: \(error.message)\n")
            exit(error.status)
        }
    }
}
