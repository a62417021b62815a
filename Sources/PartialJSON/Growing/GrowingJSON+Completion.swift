extension GrowingJSON {
    /// Whether the value is whole and nothing but whitespace followed it.
    public var isComplete: Bool { root != nil && failure == nil }

    /// Whether there is a value at `path` that more bytes will not change. (A second member of the same name replaces
    /// the first; its path is incomplete again then.)
    ///
    /// - Complexity: O(steps × members of the objects passed).
    public func isComplete(_ path: [JSONPathStep]) -> Bool {
        guard !path.isEmpty else { return isComplete }
        if let root { return root[path: path] != nil }
        for (depth, container) in open.enumerated() {
            guard depth < path.count else { return false }
            let holdsOpenValue = depth + 1 < open.count || openString != nil
            guard holdsOpenValue, container.isNext(path[depth]) else {
                return container.value[path: path[depth...]] != nil
            }
        }
        return false
    }
}

extension OpenContainer {
    /// Whether the step leads to the value that is being received.
    fileprivate func isNext(_ step: JSONPathStep) -> Bool {
        switch step {
        case .name(let name): isObject && name.isSameText(as: self.name)
        case .index(let index): !isObject && index == elements.count
        }
    }
}
