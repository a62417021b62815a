package import FreshetGeneration

/// What the catalogue knows of one generation.
package struct CatalogueEntry: Equatable, Sendable {
    /// Of the generation.
    package var id: GenerationID
    /// The only one who may see it.
    package var owner: String
    /// The generation it goes on from.
    package var parent: GenerationID?
    /// The name the client asked for.
    package var model: String
    /// Of the request, as in `DialectName`.
    package var dialect: String
    /// Unix time in ms.
    package var createdMilliseconds: UInt64
    /// Nil while it runs.
    package var end: End?

    /// What is known from the end on.
    package struct End: Equatable, Sendable {
        /// How it ended.
        package var outcome: Outcome
        /// Unix time in ms.
        package var milliseconds: UInt64
        /// Number of the last event.
        package var lastSequence: UInt64
        /// What keeping it takes.
        package var bytes = 0
        /// Its fold as JSON; empty in a listing.
        package var message: [UInt8] = []

        /// An end whose message and bytes are not known yet.
        package init(outcome: Outcome, milliseconds: UInt64, lastSequence: UInt64, message: [UInt8] = []) {
            (self.outcome, self.milliseconds, self.lastSequence) = (outcome, milliseconds, lastSequence)
            self.message = message
        }
    }

    /// A generation that runs, unless `end` is set.
    package init(
        id: GenerationID, owner: String, parent: GenerationID? = nil, model: String, dialect: String,
        createdMilliseconds: UInt64, end: End? = nil
    ) {
        (self.id, self.owner, self.parent, self.model) = (id, owner, parent, model)
        (self.dialect, self.createdMilliseconds, self.end) = (dialect, createdMilliseconds, end)
    }
}
