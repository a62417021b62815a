import Glibc

/// Work that needs a process of its own: being killed, and being measured. `scripts/measure` says more.
@main
struct StoreWork {
    static func main() {
        let arguments = Array(CommandLine.arguments.dropFirst())
        let rest = Array(arguments.dropFirst())
        switch arguments.first {
        case "append": Appending.run(rest)
        case "live": Living.run(rest)
        case "dirty": WriteTail.dirty(rest)
        case "write-tail": WriteTail.run(rest)
        case "hand-over": HandOver.run()
        case "lines": LineCost.run(rest)
        case "catalogue": CatalogueCost.run(rest)
        default:
            print("usage: store-work append|live|lines|catalogue|write-tail DIR, or hand-over")
            exit(2)
        }
    }
}
