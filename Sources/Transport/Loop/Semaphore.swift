import Glibc

/// A counting semaphore between threads that are not loops: a loop never waits on one.
package final class Semaphore: @unchecked Sendable {  // sem_t is made for this; its address is fixed by the allocation
    private let place = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)

    /// At zero.
    package init() { sem_init(place, 0, 0) }

    deinit {
        sem_destroy(place)
        place.deallocate()
    }

    /// Lets one wait end, now or later.
    package func signal() { sem_post(place) }

    /// Waits for a signal that no other wait has taken.
    package func wait() { while sem_wait(place) != 0 && errno == EINTR {} }
}
