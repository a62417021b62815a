import FreshetGeneration
import Testing

@testable import FreshetStores

/// The keeper over a store that answers when and as it is told.
struct LogKeeperTests {
    final class Store: LogStore {
        var onFlushed: ((StoreFailure?) -> Void)?
        /// nil answers later.
        var answer: StoreFailure?? = .some(nil)
        var buffer: [UInt8] = []
        /// Lines that were kept, and how many bytes at a time.
        var kept: [UInt8] = []
        var sizes: [Int] = []
        var released: [GenerationID] = []

        func open(_ generation: GenerationID, epoch: UInt64, after sequence: UInt64) throws(LogStoreRefusal) {}

        func append(
            _ generation: GenerationID, epoch: UInt64, expectedSequence: UInt64, _ write: (inout [UInt8]) -> UInt64
        ) throws(LogStoreRefusal) { _ = write(&buffer) }

        func flush() {
            sizes.append(buffer.count)
            if let answer { reply(answer) }
        }

        func reply(_ failure: StoreFailure?) {
            if failure == nil { kept += buffer }
            buffer = []
            onFlushed?(failure)
        }

        func release(_ generation: GenerationID) { released.append(generation) }

        func restored(_ id: GenerationID) -> GenerationLog {
            var (splitter, restored) = (LogLineSplitter(), RestoredLog(generation: id))
            let bytes = kept
            splitter.receive(bytes.span)
            while splitter.next({ _, _, line in
                if LogLine.generation(of: line) == id, let line = try? LogLine(parsing: line) { restored.apply(line) }
            }) {}
            return restored.log
        }
    }

    static let full = StoreFailure(.full, "full")

    @Test func whatChangesWhileAStoreIsAtWorkGoesWithTheNextFlush() throws {
        let (store, live) = (Store(), Live(1))
        let keeper = LogKeeper(store)
        var more = 0
        keeper.onMore = { more += 1 }
        store.answer = .none
        let kept = try keeper.keep(live.id, epoch: 1, origin: nil, from: live)
        keeper.changed(kept)
        keeper.flush()
        live.say("a")
        keeper.changed(kept)
        keeper.flush()
        #expect(store.sizes.count == 1 && kept.keptSequence == 0)
        store.reply(nil)
        #expect(kept.keptSequence == 2 && kept.isBehind && more == 1)
        keeper.flush()
        store.reply(nil)
        #expect(kept.keptSequence == 3 && !kept.isBehind && more == 1)
        #expect(store.restored(live.id).fold() == live.log.fold())
    }

    @Test func aLongFailureIsMadeUpForInPieces() throws {
        let store = Store()
        let lives = (0..<5).map { Live($0) }
        let keeper = LogKeeper(store)
        var changes: [StoreFailure?] = []
        keeper.onChange = { changes.append($0) }
        let kept = try lives.map { try keeper.keep($0.id, epoch: 1, origin: nil, from: $0) }
        for log in kept { keeper.changed(log) }
        store.answer = Self.full
        keeper.flush()
        for number in 0..<100 {
            for (live, log) in zip(lives, kept) {
                live.say("\(number)" + String(repeating: "z", count: 10_000))
                keeper.changed(log)
            }
            keeper.flush()
            if number % 50 == 0 { keeper.retry() }
        }
        #expect(changes == [Self.full])
        #expect(keeper.waiting.count == 5 && kept.allSatisfy(\.isBehind))
        #expect(store.sizes.count == 3 && store.sizes.allSatisfy { $0 < 5 << 20 }, "each try is a small one")
        store.answer = .some(nil)
        store.sizes = []
        var turns = 0
        keeper.retry()
        while keeper.failure == nil, !keeper.waiting.isEmpty, turns < 100 {
            keeper.flush()
            turns += 1
        }
        #expect(changes == [Self.full, nil])
        #expect(store.sizes.count == 2 && store.sizes.allSatisfy { $0 < 5 << 20 })
        for live in lives { #expect(store.restored(live.id).seenText == live.log.seenText) }
    }

    @Test func whatIsGivenUpIsNotHeld() throws {
        let store = Store()
        let keeper = LogKeeper(store)
        let (begun, unknown) = (Live(1), Live(2))
        let first = try keeper.keep(begun.id, epoch: 1, origin: nil, from: begun)
        keeper.changed(first)
        keeper.flush()
        store.answer = .some(Self.full)
        let second = try keeper.keep(unknown.id, epoch: 1, origin: nil, from: unknown)
        begun.say("more")
        for log in [first, second] { keeper.changed(log) }
        keeper.flush()
        for log in [first, second] { keeper.giveUp(log) }
        #expect(keeper.waiting.isEmpty)
        #expect(store.released == [unknown.id], "what is kept of the other's beginning stays")
        store.answer = .some(nil)
        keeper.retry()
        #expect(store.restored(begun.id).seenText.isEmpty)
    }

    @Test func aFailureIsOverWhenNothingWaitsAnyMore() throws {
        let store = Store()
        let keeper = LogKeeper(store)
        var changes: [StoreFailure?] = []
        keeper.onChange = { changes.append($0) }
        for number in 1...2 as ClosedRange<UInt64> {
            let live = Live(number)
            let kept = try keeper.keep(live.id, epoch: 1, origin: nil, from: live)
            store.answer = .some(Self.full)
            keeper.changed(kept)
            keeper.flush()
            #expect(keeper.failure == Self.full)
            keeper.release(kept)  // the catalogue has it
            keeper.retry()
            #expect(keeper.failure == nil && !keeper.isCatchingUp)
        }
        #expect(changes == [Self.full, nil, Self.full, nil])
        store.answer = .some(nil)
        let live = Live(3)
        keeper.changed(try keeper.keep(live.id, epoch: 1, origin: nil, from: live))
        keeper.flush()
        #expect(store.restored(live.id).fold() == live.log.fold())
    }

    @Test func everyFlushThatFailsIsToldOf() throws {
        let store = Store()
        let lives = (1...3).map { Live($0) }
        let keeper = LogKeeper(store)
        var (changes, failures) = ([StoreFailure?](), 0)
        keeper.onChange = { changes.append($0) }
        keeper.onFailed = { failures += 1 }
        let kept = try lives.map { try keeper.keep($0.id, epoch: 1, origin: nil, from: $0) }
        for live in lives { live.say(String(repeating: "z", count: 3 << 20)) }
        func fail() {
            store.answer = .some(Self.full)
            for log in kept { keeper.changed(log) }
            keeper.flush()
        }
        fail()
        #expect(failures == 1)
        store.answer = .some(nil)
        keeper.retry()
        #expect(keeper.failure == nil && keeper.isCatchingUp && kept.contains { $0.isBehind })
        fail()
        #expect(failures == 2 && keeper.failure == Self.full, "before it had caught up")
        store.answer = .some(nil)
        keeper.retry()
        while !keeper.waiting.isEmpty { keeper.flush() }
        #expect(changes == [Self.full, nil] && failures == 2)
        for live in lives { #expect(store.restored(live.id).fold() == live.log.fold()) }
    }

    @Test func whatIsReleasedIsNotWrittenAnyMore() throws {
        let (store, live) = (Store(), Live(1))
        let keeper = LogKeeper(store)
        let kept = try keeper.keep(live.id, epoch: 1, origin: nil, from: live)
        keeper.changed(kept)
        keeper.release(kept)
        keeper.flush()
        #expect(store.sizes == [] && store.released == [live.id])
    }
}

extension GenerationLog {
    fileprivate var seenText: String { fold().blocks.first?.text ?? "" }
}
