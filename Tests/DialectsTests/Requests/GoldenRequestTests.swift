import Foundation
import FreshetDialects
import FreshetGeneration
import FreshetPartialJSON
import Testing

/// What each client's request becomes for each provider, byte for byte: also for one of its own dialect, which gets the
/// client's own bytes in truth. `FRESHET_GOLDEN=write` writes the files anew, to be read before they are committed.
struct GoldenRequestTests {
    @Test(arguments: RequestFixture.all, ProviderDialect.allCases)
    func isWrittenAsTheFileSays(_ fixture: RequestFixture, _ provider: ProviderDialect) throws {
        let request = try fixture.request().modelRequest()
        let written = try request.body(for: provider, RequestFixture.habits(of: provider)) + [0x0A]
        let file = RequestFixture.folder.appending(path: "\(fixture.name).to-\(provider.name.rawValue).json")
        if ProcessInfo.processInfo.environment["FRESHET_GOLDEN"] == "write" { try Data(written).write(to: file) }
        let kept = try String(contentsOf: file, encoding: .utf8)
        #expect(kept == String(decoding: written, as: UTF8.self))
    }

    @Test(arguments: RequestFixture.all)
    func allFilesAreThere(_ fixture: RequestFixture) throws {
        let files = try FileManager.default.contentsOfDirectory(atPath: RequestFixture.folder.path)
        #expect(files.filter { $0.hasPrefix(fixture.name + ".") }.count == 1 + ProviderDialect.allCases.count)
        #expect(files.count == RequestFixture.all.count * 4)
    }
}
