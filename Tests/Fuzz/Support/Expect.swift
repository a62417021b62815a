/// Traps, which the fuzzer reports, unless the condition holds. `precondition` would say nothing in optimised code.
func expect(_ condition: Bool, _ message: @autoclosure () -> String) {
    if !condition { fatalError(message()) }
}
