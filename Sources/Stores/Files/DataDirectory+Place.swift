extension DataDirectory {
    /// Where the data directory is when nobody says: beside the configuration file, else where the XDG base directory
    /// specification puts state.
    ///
    /// - Parameters:
    ///   - configurationFile: nil when there is none.
    ///   - environment: A variable's value; nil when it is not set.
    /// - Returns: nil when neither a file nor a home is known.
    /// - SeeAlso: https://specifications.freedesktop.org/basedir-spec/latest/
    package static func standardPath(
        configurationFile: String?, environment: (String) -> String?
    ) -> String? {
        if let configurationFile {
            let folder = configurationFile.lastIndex(of: "/").map { configurationFile[...$0] } ?? "./"
            return folder + "freshet-data"
        }
        // "All paths set in these environment variables must be absolute"; a relative one is to be ignored.
        if let state = environment("XDG_STATE_HOME"), state.hasPrefix("/") { return state + "/freshet" }
        guard let home = environment("HOME"), home.hasPrefix("/") else { return nil }
        return home + "/.local/state/freshet"
    }
}
