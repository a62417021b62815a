import FreshetGateway

/// What every variable of the environment holds here.
private let canary = "canary-4711"

/// Whatever a file holds, it is read or refused with places inside it; no error shows what a variable held, and what
/// `freshet check` prints of a file reads back as the same.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let text = FuzzInput(start, count).bytes
    let lines = 2 + text.count
    do {
        let configuration = try read(text)
        expectReadable(configuration)
    } catch {
        expect(!error.problems.isEmpty, "refused without a word")
        expect(!"\(error)".contains(canary), "an error shows a variable's value: \(error)")
        for problem in error.problems {
            expect((1...lines).contains(problem.line) && problem.column >= 1, "a place outside the file: \(problem)")
        }
    }
    return 0
}

private func read(_ text: [UInt8]) throws(ConfigurationErrors) -> Configuration {
    try Configuration.parse(text, file: "f.yaml") { $0 == "UNSET" ? nil : $0 == "EMPTY" ? "" : canary }
}

private func expectReadable(_ configuration: Configuration) {
    let printed = configuration.effectiveValues
    for name in ["", "f", "gpt-5", "canary-4711/x", "sim/talk"] { _ = try? configuration.resolve(name) }
    // Keys are printed as `***`, which is none.
    guard configuration.keys.isEmpty, configuration.providers.allSatisfy({ $0.apiKey == nil }) else { return }
    do {
        expect(
            try read(Array(printed.utf8)) == configuration, "what is printed reads back as something else: \(printed)")
    } catch {
        fatalError("what is printed cannot be read: \(error)\n\(printed)")
    }
}
