import Foundation
import FreshetGeneration
import Testing

@testable import FreshetStores

struct DataDirectoryTests {
    static let isRoot = getuid() == 0

    @Test func isMadeForItsOwnerAlone() throws {
        let folder = Folder()
        let directory = try DataDirectory(folder.path + "/a/b/data/")
        #expect(directory.path == folder.path + "/a/b/data")
        #expect(directory.epoch == 1 && directory.wasClean)
        #expect(folder.mode("a/b/data") == 0o700 && folder.mode("a") == 0o700)
        #expect(folder.mode("a/b/data/lock") == 0o600)
    }

    @Test func oneProcessAtATime() throws {
        let folder = Folder()
        let directory = try DataDirectory(folder.data)
        let failure = #expect(throws: StoreFailure.self) { try DataDirectory(folder.data) }
        #expect(failure?.kind == .inUse(pid: getpid()))
        #expect(failure?.message.contains("in use by process \(getpid())") == true)
        withExtendedLifetime(directory) {}
    }

    @Test func everyStartHasItsEpochAndKnowsHowTheLastOneEnded() throws {
        let folder = Folder()
        do { try DataDirectory(folder.data).leave() }
        do {
            let second = try DataDirectory(folder.data)
            #expect(second.epoch == 2 && second.wasClean)
        }
        let third = try DataDirectory(folder.data)
        #expect(third.epoch == 3 && !third.wasClean)
    }

    @Test(arguments: ["", "x\n", "99999999999999999999999999\n", "-4"])
    func aDamagedEpochDoesNotFallBack(_ text: String) throws {
        let folder = Folder()
        do { _ = try DataDirectory(folder.data) }
        folder.write("data/epoch", Array(text.utf8))
        #expect(try DataDirectory(folder.data).epoch > 1_000_000_000)
    }

    @Test func aLostEpochIsTakenFromTheSegments() throws {
        let folder = Folder()
        do { _ = try DataDirectory(folder.data) }
        folder.write("data/segments/" + SegmentName(epoch: 41, loop: 3, number: 1).text, [])
        try FileManager.default.removeItem(atPath: folder.data + "/epoch")
        #expect(try DataDirectory(folder.data).epoch == 42)
    }

    @Test func aFileInItsPlaceIsAnError() throws {
        let folder = Folder()
        folder.write("data", [])
        let failure = #expect(throws: StoreFailure.self) { try DataDirectory(folder.data) }
        #expect(failure?.message.contains("Not a directory") == true)
    }

    @Test(.enabled(if: !isRoot || FileManager.default.fileExists(atPath: "/proc/1")))
    func aFolderThatTakesNoFilesIsAnError() throws {
        // Nobody can make files there, not even root.
        let failure = #expect(throws: StoreFailure.self) { try DataDirectory("/proc/self/task") }
        #expect(failure?.message.contains("/proc/self/task") == true)
    }

    @Test(
        arguments: [
            ("/etc/freshet.yaml", [:], "/etc/freshet-data"),
            ("freshet.yaml", ["HOME": "/h"], "./freshet-data"),
            (nil, ["XDG_STATE_HOME": "/s", "HOME": "/h"], "/s/freshet"),
            (nil, ["XDG_STATE_HOME": "relative", "HOME": "/h"], "/h/.local/state/freshet"),
            (nil, ["HOME": "/h"], "/h/.local/state/freshet"),
            (nil, ["HOME": ""], nil),
        ] as [(String?, [String: String], String?)])
    func theStandardPlace(_ file: String?, _ environment: [String: String], _ path: String?) {
        #expect(DataDirectory.standardPath(configurationFile: file) { environment[$0] } == path)
    }
}
