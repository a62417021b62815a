import FreshetPartialJSON
import FreshetStores

extension Observation.Log {
    /// What happened to what is kept on disk.
    enum KeepingEvent {
        /// Nothing more is kept until it is restored.
        case failed
        case restored
        /// Something of a segment cannot be read.
        case segmentDamaged
        /// The catalogue begins anew.
        case catalogueLost
        /// The catalogue knew them, and nothing of them is there.
        case generationsLost

        fileprivate var name: StaticString {
            switch self {
            case .failed: "keeping_failed"
            case .restored: "keeping_restored"
            case .segmentDamaged: "segment_damaged"
            case .catalogueLost: "catalogue_lost"
            case .generationsLost: "generations_lost"
            }
        }
    }

    /// Prints a line about the data directory. From any thread.
    func note(_ event: KeepingEvent, _ message: String) {
        var line: [UInt8] = []
        let time = WallClock.milliseconds()
        if isText {
            line.appendClock(time)
            line.appendWords(message, longest: 1024)
            line.append(0x0A)
        } else {
            line.appendLogStart(time, .warn, event: event.name)
            line.appendLog(",\"message\":", message, longest: 1024)
            line.appendJSON(raw: "}\n")
        }
        writer.write(line)
    }

    /// Says what a start found wrong.
    func note(_ opening: Opening) {
        for report in opening.damaged { note(.segmentDamaged, Self.words(report)) }
        let catalogue = opening.directory.catalogue
        if let aside = opening.database.setAside {
            note(
                .catalogueLost,
                "catalogue \(catalogue) was damaged and is \(aside) now: \(opening.salvaged) generations were taken over"
                    + " from it, what segments have was found again, the rest is lost"
            )
        } else if opening.database.wasMissing {
            note(
                .catalogueLost,
                "catalogue \(catalogue) was missing or empty: what segments have was found again, the rest is lost")
        }
        if !opening.lost.isEmpty {
            let names = opening.lost.prefix(20).map(String.init(describing:)).joined(separator: ", ")
            note(.generationsLost, "of \(opening.lost.count) generations nothing is left: \(names)")
        }
    }

    private static func words(_ report: SegmentReport) -> String {
        if let failure = report.failure { return "\(failure); it is \(report.path).damaged now" }
        let places = report.damages.map { "\($0.offset) (\($0.bytes) bytes)" }.joined(separator: ", ")
        let more =
            report.damageCount > report.damages.count ? " and \(report.damageCount - report.damages.count) more" : ""
        return "segment \(report.path) is damaged at byte \(places)\(more): what those lines held is lost;"
            + " it is \(report.path).damaged now"
    }
}
