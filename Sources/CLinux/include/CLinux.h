// Linux calls that the Glibc module does not export, or that Swift cannot call (variadics, macros).
#ifndef FRESHET_CLINUX_H
#define FRESHET_CLINUX_H
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

// Swift has no thread-local storage, and pthread_self() is declared const: an optimiser may move it across a
// suspension, so a loop is known by a pointer of its thread instead.
void *freshet_thread_slot(void);
void freshet_set_thread_slot(void *value);

// pthread_setname_np needs _GNU_SOURCE. At most 15 bytes and a NUL.
void freshet_name_thread(const char *name);

// accept4 needs _GNU_SOURCE, which a header that Swift imports must not define (it changes fd_set under Glibc's feet).
// The accepted descriptor is non-blocking and closed on exec.
int freshet_accept(int listener, struct sockaddr *address, socklen_t *length);

// epoll_pwait2 needs _GNU_SOURCE; where the kernel lacks it, epoll_wait with the time-out rounded up to milliseconds.
// A negative time-out waits for ever.
int freshet_epoll_wait(int epoll, struct epoll_event *events, int capacity, int64_t nanoseconds);

// ioctl is variadic. Bytes that the peer has not acknowledged yet; negative when that cannot be told.
int freshet_unacknowledged(int socket);

// ioctl is variadic, and Swift does not import the bit fields of tcp_info as they are. How long ago the peer was last
// heard while it owes a word: it has not acknowledged bytes that were sent, or does not answer the kernel's questions
// whether its window is still closed. 0 when it owes none; a peer that answers but takes nothing owes none.
int freshet_unheard_milliseconds(int socket);

// sched_getaffinity and CPU_COUNT need _GNU_SOURCE. Cores this process may run on; 1 when that cannot be told.
int freshet_available_cores(void);
#endif
