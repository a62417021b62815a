import FreshetGeneration
import FreshetRelay
import Testing

/// Keys, children and what stays in memory: scripts of what arrives and what is answered.
struct KeepingTests {
    static let day: UInt64 = 24 * 3600 * 1000

    static func generation(_ number: UInt64) -> GenerationID { GenerationID(milliseconds: 1, random: (0, number)) }

    static func scope(_ key: String, owner: String = "ann", path: String = "/v1/generations") -> IdempotencyKeys.Scope {
        IdempotencyKeys.Scope(owner: owner, path: path, key: key)
    }

    /// Claims in turn: the key, its body's digest, what it would make, the time, the answer.
    @Test func oneKeyMakesOneGenerationForADay() {
        var keys = IdempotencyKeys()
        let claims: [(IdempotencyKeys.Scope, UInt8, UInt64, UInt64, IdempotencyKeys.Answer)] = [
            (Self.scope("k"), 1, 1, 0, .new),
            (Self.scope("k"), 1, 2, 0, .attach(Self.generation(1))),
            (Self.scope("k"), 2, 3, 5, .mismatch(Self.generation(1))),
            (Self.scope("K"), 2, 4, 5, .new),
            (Self.scope("k", owner: "bob"), 1, 5, 6, .new),
            (Self.scope("k", path: "/v1/chat/completions"), 1, 6, 7, .new),
            (Self.scope("k"), 1, 7, Self.day - 1, .attach(Self.generation(1))),
            (Self.scope("k"), 9, 8, Self.day, .new),
            (Self.scope("K"), 2, 9, Self.day, .attach(Self.generation(4))),
            (Self.scope("K"), 2, 10, Self.day + 5, .new),
            (Self.scope("k"), 9, 11, 2 * Self.day - 1, .attach(Self.generation(8))),
        ]
        for (scope, digest, made, now, answer) in claims {
            #expect(keys.claim(scope, digest: [digest], for: Self.generation(made), at: now) == answer, "\(made)")
        }
    }

    @Test func lookingForAKeyClaimsNothing() {
        var keys = IdempotencyKeys()
        #expect(keys.answer(to: Self.scope("k"), digest: [1], at: 0) == nil)
        #expect(keys.claim(Self.scope("k"), digest: [1], for: Self.generation(1), at: 0) == .new)
        #expect(keys.answer(to: Self.scope("k"), digest: [1], at: 1) == .attach(Self.generation(1)))
        #expect(keys.answer(to: Self.scope("k"), digest: [2], at: 1) == .mismatch(Self.generation(1)))
        #expect(keys.answer(to: Self.scope("k", owner: "bob"), digest: [1], at: 1) == nil)
        #expect(keys.answer(to: Self.scope("k"), digest: [1], at: Self.day) == nil)
        #expect(keys.count == 0)
    }

    @Test func afterAFailureBeforeContentTheKeyIsFree() {
        var keys = IdempotencyKeys()
        _ = keys.claim(Self.scope("k"), digest: [1], for: Self.generation(1), at: 0)
        keys.free(Self.scope("k"), of: Self.generation(2))
        #expect(keys.claim(Self.scope("k"), digest: [1], for: Self.generation(3), at: 1) == .attach(Self.generation(1)))
        keys.free(Self.scope("k"), of: Self.generation(1))
        #expect(keys.count == 0)
        #expect(keys.claim(Self.scope("k"), digest: [2], for: Self.generation(4), at: 2) == .new)
        // What the freed one left in the order does not end the new one before its time.
        let late = keys.claim(Self.scope("k"), digest: [2], for: Self.generation(5), at: Self.day + 1)
        #expect(late == .attach(Self.generation(4)))
        #expect(keys.claim(Self.scope("k"), digest: [2], for: Self.generation(6), at: Self.day + 2) == .new)
    }

    /// Behind one key that stays bound for a day.
    @Test func freedKeysTakeNoMemory() throws {
        var keys = IdempotencyKeys()
        _ = keys.claim(Self.scope("stays"), digest: [], for: Self.generation(0), at: 0)
        for number in 1...20_000 as ClosedRange<UInt64> {
            _ = keys.claim(Self.scope("\(number)"), digest: [], for: Self.generation(number), at: 0)
            keys.free(Self.scope("\(number)"), of: Self.generation(number))
        }
        let order = Mirror(reflecting: keys).children.first { $0.label == "order" }
        #expect(try #require(order?.value as? [(scope: IdempotencyKeys.Scope, generation: GenerationID)]).count < 2000)
        let again = keys.claim(Self.scope("stays"), digest: [], for: Self.generation(1), at: Self.day - 1)
        #expect(again == .attach(Self.generation(0)))
    }

    @Test func pastTheLimitTheOldestKeyIsGivenUp() {
        var keys = IdempotencyKeys(lifetime: 1000, limit: 3)
        for number in 1...5000 as ClosedRange<UInt64> {
            let claimed = keys.claim(Self.scope("\(number)"), digest: [], for: Self.generation(number), at: 0)
            #expect(claimed == .new && keys.count <= 3)
        }
        #expect(
            keys.claim(Self.scope("4998"), digest: [], for: Self.generation(0), at: 0) == .attach(Self.generation(4998))
        )
        #expect(keys.claim(Self.scope("4997"), digest: [], for: Self.generation(0), at: 0) == .new)
    }

    @Test func timesBeyondTheEndAndBeforeTheBeginningAreTimes() {
        var keys = IdempotencyKeys()
        #expect(keys.claim(Self.scope("k"), digest: [], for: Self.generation(1), at: .max) == .new)
        #expect(keys.claim(Self.scope("k"), digest: [], for: Self.generation(2), at: 0) == .attach(Self.generation(1)))
    }

    @Test func oneChildOfEachParentRuns() {
        var children = RunningChildren()
        let (one, two) = (Self.generation(1), Self.generation(2))
        #expect(children.begin(Self.generation(10), of: one) == nil)
        #expect(children.begin(Self.generation(11), of: one) == Self.generation(10))
        #expect(children.begin(Self.generation(12), of: two) == nil)
        children.end(Self.generation(11), of: one)
        #expect(children.begin(Self.generation(13), of: one) == Self.generation(10))
        children.end(Self.generation(10), of: one)
        #expect(children.begin(Self.generation(13), of: one) == nil)
        children.end(Self.generation(12), of: two)
        children.end(Self.generation(13), of: one)
        #expect(children == RunningChildren())
    }

    @Test func theLatestThatFitAreKept() {
        var kept = KeptGenerations(limit: 100)
        #expect(kept.ended(Self.generation(1), bytes: 60) == [])
        #expect(kept.ended(Self.generation(2), bytes: 40) == [])
        #expect(kept.ended(Self.generation(2), bytes: 40) == [], "it is known already")
        #expect(kept.ended(Self.generation(3), bytes: 1) == [Self.generation(1)])
        #expect(kept.bytes == 41)
        kept.forget(Self.generation(2))
        kept.forget(Self.generation(2))
        #expect(kept.bytes == 1)
        #expect(kept.ended(Self.generation(4), bytes: 99) == [])
        #expect(
            kept.ended(Self.generation(5), bytes: 101).map(\.self) == [3, 4, 5].map(Self.generation), "too much alone")
        #expect(kept.bytes == 0)
    }

    @Test func theLastOnesDeletedAreRemembered() {
        var deleted = DeletedGenerations(limit: 3)
        for number in [1, 2, 2, 3] as [UInt64] { deleted.insert(Self.generation(number)) }
        #expect((1...4).map { deleted.contains(Self.generation($0)) } == [true, true, true, false])
        for number in [4, 4, 5] as [UInt64] { deleted.insert(Self.generation(number)) }
        #expect((1...5).map { deleted.contains(Self.generation($0)) } == [false, false, true, true, true])
        for number in 6...1000 as ClosedRange<UInt64> { deleted.insert(Self.generation(number)) }
        #expect((997...1000).map { deleted.contains(Self.generation($0)) } == [false, true, true, true])
    }

    @Test func whatWentByItselfLeavesNothing() {
        var kept = KeptGenerations(limit: 1000)
        for number in 1...10_000 as ClosedRange<UInt64> {
            #expect(kept.ended(Self.generation(number), bytes: 1) == [])
            kept.forget(Self.generation(number))
        }
        #expect(kept.bytes == 0)
        #expect(kept.ended(Self.generation(0), bytes: 1000) == [])
    }
}
