import FreshetStores

extension Configuration {
    /// What is written where nothing is to go to disk.
    private static let off = "off"

    /// Decides where logged answers are kept: what the command line says, else the file, else beside the file, else in
    /// the user's state directory. Nowhere for `off`.
    ///
    /// - Parameters:
    ///   - option: Of the command line; relative to the working directory.
    ///   - file: The configuration's; `data` in it is relative to its folder.
    ///   - environment: The value of a variable, `nil` when it is not set.
    package mutating func placeData(
        asked option: String?, besideFile file: String?, environment: (String) -> String? = processEnvironment
    ) {
        let standard = DataDirectory.standardPath(configurationFile: file, environment: environment)
        var path = option ?? data ?? standard
        if option == nil, let said = data, said != Self.off, !said.hasPrefix("/"), let file {
            path = (file.lastIndex(of: "/").map { String(file[...$0]) } ?? "") + said
        }
        data = path == Self.off ? nil : path
    }
}
