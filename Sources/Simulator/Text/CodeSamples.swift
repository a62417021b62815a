/// Code that simulated answers show.
enum CodeSamples {
    private static let names = ["river", "stream", "reader", "cursor", "bridge", "delta", "token"]

    /// A fenced block; what is in it depends on the numbers alone. A short one has less than 50 tokens.
    static func block(_ numbers: inout SeededNumbers, isShort: Bool = false) -> String {
        let name = numbers.pick(names)
        let number = numbers.next(in: 2...99)
        let (language, code) = numbers.pick(Array(samples(name, number).dropFirst(isShort ? 2 : 0)))
        return "```\(language)\n\(code)\n```"
    }

    private static func samples(_ name: String, _ number: Int) -> [(String, String)] {
        let type = name.prefix(1).uppercased() + name.dropFirst()
        return [
            (
                "swift",
                """
                /// Reads at most \(number) events.
                struct \(type): Equatable {
                    var position = 0

                    mutating func advance(by count: Int) -> Bool {
                        guard position + count <= \(number) else { return false }
                        position += count  // never beyond the end
                        return true
                    }
                }
                """
            ),
            (
                "typescript",
                """
                const \(name) = new EventSource(`/api/chat?prompt=${encodeURIComponent("hello")}`);
                \(name).onmessage = (event) => {
                  const { type, content } = JSON.parse(event.data);
                  if (type === "text") output.textContent += content ?? "\\u2026";
                };
                """
            ),
            (
                "python",
                """
                def \(name)s(limit=\(number)):
                    # yields "a < b" & friends
                    for index in range(limit):
                        if index % 3 == 0:
                            yield f"\(name) {index}: {'*' * index}"
                """
            ),
            (
                "sql",
                """
                SELECT \(name), count(*) AS total
                FROM events WHERE seq > \(number)
                GROUP BY \(name) ORDER BY total DESC;
                """
            ),
            ("sh", "curl -N http://127.0.0.1:8080/api/chat?prompt=\(name) | head -n \(number)"),
            ("html", "<p class=\"\(name)\">\(number) &lt; \(number + 1)</p>\n<script>alert(\"not run\")</script>"),
        ]
    }
}
