import CYAML

/// Reads one YAML document into nodes.
///
/// Refused, each with its place: a second document, anchors, aliases, tags, keys that are not plain text, keys given
/// twice, NUL, more than `maximumDepth` levels, more than `maximumBytes`.
struct YAMLReader {
    /// Levels of nesting; the configuration itself needs six.
    static let maximumDepth = 16
    /// Size of a file; past it the file is refused.
    static let maximumBytes = 1 << 20

    private struct OpenCollection {
        let position: ConfigurationNode.Position
        let isMapping: Bool
        var items: [ConfigurationNode] = []
        var entries: [ConfigurationNode.Entry] = []
        var names: Set<String> = []
        var key: (name: String, position: ConfigurationNode.Position)?
    }

    /// What is wrong but does not keep the rest from being read.
    private(set) var problems: [ConfigurationProblem] = []
    private var open: [OpenCollection] = []
    private var root: ConfigurationNode?
    private var documents = 0

    /// - Returns: The document's root, `nil` for an empty file, and what is wrong with it.
    /// - Throws: The first place where the text is not YAML, or uses a part of it that is refused.
    static func read(
        _ bytes: [UInt8]
    ) throws(ConfigurationProblem) -> (root: ConfigurationNode?, problems: [ConfigurationProblem]) {
        guard bytes.count <= maximumBytes else {
            throw ConfigurationProblem("the file is larger than 1 MiB", at: .init())
        }
        var reader = YAMLReader()
        try reader.parse(bytes)
        return (reader.root, reader.problems)
    }

    private mutating func parse(_ bytes: [UInt8]) throws(ConfigurationProblem) {
        // libyaml keeps a pointer to the parser inside the parser, so it needs an address of its own.
        let parser = UnsafeMutablePointer<yaml_parser_t>.allocate(capacity: 1)
        defer { parser.deallocate() }
        guard yaml_parser_initialize(parser) == 1 else {
            throw ConfigurationProblem("out of memory", at: .init())
        }
        defer { yaml_parser_delete(parser) }
        // The copy outlives the parser: libyaml reads from it until the last event.
        let text = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: bytes.count)
        defer { text.deallocate() }
        _ = text.initialize(from: bytes)
        yaml_parser_set_input_string(parser, text.baseAddress, bytes.count)

        while true {
            var event = yaml_event_t()
            guard yaml_parser_parse(parser, &event) == 1 else { throw Self.syntaxProblem(of: parser.pointee) }
            defer { yaml_event_delete(&event) }
            if event.type == YAML_STREAM_END_EVENT { return }
            try receive(event)
        }
    }

    private static func syntaxProblem(of parser: yaml_parser_t) -> ConfigurationProblem {
        let problem = parser.problem.map { String(cString: $0) } ?? "not readable as YAML"
        let context = parser.context.map { String(cString: $0) + ": " } ?? ""
        // libyaml's words for a tab, as good as always.
        let hint = problem.contains("cannot start any token") ? " (indent with spaces, not with tabs)" : ""
        return ConfigurationProblem("not YAML: \(context)\(problem)\(hint)", at: position(parser.problem_mark))
    }

    private static func position(_ mark: yaml_mark_t) -> ConfigurationNode.Position {
        .init(line: Int(mark.line) + 1, column: Int(mark.column) + 1)
    }

    private mutating func receive(_ event: yaml_event_t) throws(ConfigurationProblem) {
        let position = Self.position(event.start_mark)
        switch event.type {
        case YAML_DOCUMENT_START_EVENT:
            documents += 1
            guard documents == 1 else {
                throw ConfigurationProblem(
                    "a second document begins here; a configuration is one document", at: position)
            }
        case YAML_ALIAS_EVENT:
            throw ConfigurationProblem("aliases (`*name`) are not supported; write the value out", at: position)
        case YAML_SCALAR_EVENT:
            let scalar = event.data.scalar
            try refuse(anchor: scalar.anchor, tag: scalar.tag, at: position)
            let bytes = UnsafeBufferPointer(start: scalar.value, count: scalar.length)
            guard !bytes.contains(0) else { throw ConfigurationProblem("a value holds a NUL", at: position) }
            let isQuoted = scalar.style != YAML_PLAIN_SCALAR_STYLE
            try scalarArrived(String(decoding: bytes, as: UTF8.self), isQuoted: isQuoted, at: position)
        case YAML_SEQUENCE_START_EVENT:
            let start = event.data.sequence_start
            try refuse(anchor: start.anchor, tag: start.tag, at: position)
            try begin(OpenCollection(position: position, isMapping: false))
        case YAML_MAPPING_START_EVENT:
            let start = event.data.mapping_start
            try refuse(anchor: start.anchor, tag: start.tag, at: position)
            try begin(OpenCollection(position: position, isMapping: true))
        case YAML_SEQUENCE_END_EVENT, YAML_MAPPING_END_EVENT:
            guard let last = open.popLast() else { return }
            valueArrived(
                ConfigurationNode(
                    position: last.position, content: last.isMapping ? .mapping(last.entries) : .sequence(last.items)))
        default:
            break
        }
    }

    private func refuse(
        anchor: UnsafeMutablePointer<yaml_char_t>?, tag: UnsafeMutablePointer<yaml_char_t>?,
        at position: ConfigurationNode.Position
    ) throws(ConfigurationProblem) {
        guard anchor == nil else {
            throw ConfigurationProblem("anchors (`&name`) are not supported; write the value out", at: position)
        }
        guard tag == nil else { throw ConfigurationProblem("tags (`!name`) are not supported", at: position) }
    }

    private mutating func begin(_ collection: OpenCollection) throws(ConfigurationProblem) {
        guard open.count < Self.maximumDepth else {
            throw ConfigurationProblem("nested deeper than \(Self.maximumDepth) levels", at: collection.position)
        }
        if let last = open.last, last.isMapping, last.key == nil {
            throw ConfigurationProblem("a key must be plain text", at: collection.position)
        }
        open.append(collection)
    }

    private mutating func scalarArrived(
        _ text: String, isQuoted: Bool, at position: ConfigurationNode.Position
    ) throws(ConfigurationProblem) {
        if let last = open.last, last.isMapping, last.key == nil {
            open[open.count - 1].key = (text, position)
        } else {
            valueArrived(ConfigurationNode(position: position, content: .scalar(text, isQuoted: isQuoted)))
        }
    }

    private mutating func valueArrived(_ node: ConfigurationNode) {
        guard !open.isEmpty else {
            root = node
            return
        }
        let top = open.count - 1
        guard open[top].isMapping else {
            open[top].items.append(node)
            return
        }
        guard let key = open[top].key else { return }
        open[top].key = nil
        if open[top].names.insert(key.name).inserted {
            open[top].entries.append(.init(key: key.name, keyPosition: key.position, value: node))
        } else {
            problems.append(
                ConfigurationProblem("`\(key.name)` is given twice; keep one of the two", at: key.position))
        }
    }
}
