#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sched.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <time.h>

static _Thread_local void *slot;

void *freshet_thread_slot(void) { return slot; }

void freshet_set_thread_slot(void *value) { slot = value; }

void freshet_name_thread(const char *name) { pthread_setname_np(pthread_self(), name); }

int freshet_accept(int listener, struct sockaddr *address, socklen_t *length) {
    return accept4(listener, address, length, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

static int wait_in_milliseconds(int epoll, struct epoll_event *events, int capacity, int64_t nanoseconds) {
    int64_t milliseconds = nanoseconds / 1000000 + (nanoseconds % 1000000 != 0);
    return epoll_wait(epoll, events, capacity, milliseconds > INT32_MAX ? INT32_MAX : (int)milliseconds);
}

int freshet_epoll_wait(int epoll, struct epoll_event *events, int capacity, int64_t nanoseconds) {
    static _Atomic int lacking = 0;
    if (nanoseconds <= 0) return epoll_wait(epoll, events, capacity, nanoseconds < 0 ? -1 : 0);
    if (lacking) return wait_in_milliseconds(epoll, events, capacity, nanoseconds);
    struct timespec limit = {.tv_sec = nanoseconds / 1000000000, .tv_nsec = nanoseconds % 1000000000};
    int count = epoll_pwait2(epoll, events, capacity, &limit, NULL);
    if (count >= 0 || (errno != ENOSYS && errno != EPERM)) return count;
    lacking = 1;
    return wait_in_milliseconds(epoll, events, capacity, nanoseconds);
}

int freshet_unacknowledged(int socket) {
    int bytes = 0;
    return ioctl(socket, SIOCOUTQ, &bytes) == 0 ? bytes : -1;
}

int freshet_unheard_milliseconds(int socket) {
    struct tcp_info info = {0};
    socklen_t length = sizeof info;
    int bytes = 0;
    if (ioctl(socket, SIOCOUTQ, &bytes) != 0 || bytes == 0) return 0;
    if (getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &length) != 0) return 0;
    if (info.tcpi_unacked == 0 && info.tcpi_probes < 2) return 0;
    return info.tcpi_last_ack_recv > INT32_MAX ? INT32_MAX : (int)info.tcpi_last_ack_recv;
}

int freshet_available_cores(void) {
    cpu_set_t cores;
    if (sched_getaffinity(0, sizeof cores, &cores) != 0) return 1;
    return CPU_COUNT(&cores);
}
