import Glibc

/// Work that needs a process of its own: being killed, and being measured.
@main
struct StoreWork {
    static func main() {
        let arguments = Array(CommandLine.arguments.dropFirst())
        switch arguments.first {
        case "append": Appending.run(Array(arguments.dropFirst()))
        default:
            print("usage: store-work append DIR")
            exit(2)
        }
    }
}
