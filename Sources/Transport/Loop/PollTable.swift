import CLinux
import Glibc

/// The descriptors of one epoll set. An event names its place and that place's generation, so that an event that was
/// fetched before its descriptor was removed reaches nobody.
struct PollTable {
    private struct Place {
        var pollable: Pollable?
        var generation: UInt32 = 0
    }
    private let epoll: Int32
    private var places: ContiguousArray<Place> = []
    private var free: [Int] = []

    init(epoll: Int32) { self.epoll = epoll }

    /// Every registered descriptor; O(n).
    var all: [Pollable] { places.compactMap(\.pollable) }

    subscript(key: UInt64) -> Pollable? {
        let place = places[Int(truncatingIfNeeded: key & 0xFFFF_FFFF)]
        return place.generation == UInt32(truncatingIfNeeded: key >> 32) ? place.pollable : nil
    }

    mutating func add(_ pollable: Pollable, interest: UInt32) {
        let slot = free.popLast() ?? places.count
        if slot == places.count { places.append(Place()) }
        places[slot].pollable = pollable
        pollable.slot = slot
        pollable.interest = interest
        control(EPOLL_CTL_ADD, pollable)
    }

    func change(_ pollable: Pollable, interest: UInt32) {
        guard pollable.slot >= 0, pollable.interest != interest else { return }
        pollable.interest = interest
        control(EPOLL_CTL_MOD, pollable)
    }

    mutating func remove(_ pollable: Pollable) {
        guard pollable.slot >= 0 else { return }
        control(EPOLL_CTL_DEL, pollable)
        places[pollable.slot].pollable = nil
        places[pollable.slot].generation &+= 1
        free.append(pollable.slot)
        pollable.slot = -1
    }

    private func control(_ operation: Int32, _ pollable: Pollable) {
        let key = UInt64(places[pollable.slot].generation) << 32 | UInt64(pollable.slot)
        var event = epoll_event(events: pollable.interest, data: epoll_data_t(u64: key))
        epoll_ctl(epoll, operation, pollable.descriptor, &event)
    }
}
