package import FreshetRelay

extension Configuration {
    /// How long one attempt may take, phase by phase.
    package struct Deadlines: Sendable, Equatable {
        /// Name, connection and TLS handshake.
        @Nanoseconds(seconds: 5) package var connect: Duration
        /// From the request sent to the response's head.
        @Nanoseconds(seconds: 30) package var head: Duration
        /// From the request sent to the first content; reasoning is content, headers and pings are not.
        @Nanoseconds(seconds: 60) package var content: Duration
        /// The same where the request asks for reasoning.
        @Nanoseconds(seconds: 300) package var contentReasoning: Duration
        /// Between two events once there was content.
        @Nanoseconds(seconds: 60) package var silence: Duration
        /// The whole attempt.
        @Nanoseconds(seconds: 30 * 60) package var total: Duration

        /// The defaults.
        package init() {}

        /// What governs one attempt.
        ///
        /// - Parameter wantsReasoning: Whether the request asks for reasoning, which takes its time.
        /// - Returns: Never a stretched silence shorter than the plain one.
        package func ofAttempt(wantsReasoning: Bool) -> AttemptDeadlines {
            var attempt = AttemptDeadlines()
            (attempt.$connect, attempt.$head, attempt.$total) = ($connect, $head, $total)
            attempt.$content = wantsReasoning ? $contentReasoning : $content
            attempt.$silence = $silence
            attempt.$stretchedSilence = max(attempt.$stretchedSilence, $silence)
            return attempt
        }

        /// Every deadline under its name in the configuration, in the order it is written.
        static let members: [(key: String, path: any WritableKeyPath<Deadlines, Duration> & Sendable)] = [
            ("connect", \.connect), ("head", \.head), ("content", \.content),
            ("content_reasoning", \.contentReasoning), ("silence", \.silence), ("total", \.total),
        ]
    }
}
