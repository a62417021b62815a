import FreshetPartialJSON
import FreshetTransport
import Glibc

extension Observation.Log {
    /// The log that a configuration asks for, on standard output; nil for none.
    ///
    /// - Throws: When its thread cannot be started.
    init?(_ configuration: Configuration) throws(TransportError) {
        guard configuration.log.level != .off else { return nil }
        let isText =
            switch configuration.log.format {
            case .auto: isatty(STDOUT_FILENO) == 1
            case .json: false
            case .text: true
            }
        let writer = try LogWriter(to: STDOUT_FILENO, limit: configuration.limits.logRing) { count, out in
            Self.appendLoss(of: count, at: WallClock.milliseconds(), isText: isText, to: &out)
        }
        self.init(writer: writer, level: configuration.log.level, isText: isText)
    }

    /// The line that says where the gateway listens.
    static func listening(_ message: String, url: String, at time: UInt64) -> [UInt8] {
        var line: [UInt8] = []
        line.appendLogStart(time, .info, event: "listening")
        line.appendLog(",\"message\":", message)
        line.appendLog(",\"url\":", url)
        line.appendJSON(raw: "}\n")
        return line
    }

    /// The line that says how many are missing before it.
    static func appendLoss(of lines: UInt64, at time: UInt64, isText: Bool, to out: inout [UInt8]) {
        if isText {
            out.appendClock(time)
            out.append(0x20)
            out.appendJSON(integer: lines)
            out.appendJSON(raw: " lines of the log were dropped\n")
        } else {
            out.appendLogStart(time, .warn, event: "log_lines_dropped")
            out.appendLog(",\"lines\":", lines)
            out.appendJSON(raw: "}\n")
        }
    }
}
