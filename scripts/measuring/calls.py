"""System calls per token and per request, counted by the kernel's tracepoints while the gateway runs at full speed."""
import contextlib, re, signal, subprocess, time
from typing import NamedTuple

# What a gateway's turn is made of. What nobody named here is the difference to all.
CALLS = {
    "wait": ["epoll_wait", "epoll_pwait", "epoll_pwait2"],
    "read": ["recvfrom", "recvmsg", "read", "readv"],
    "write": ["sendto", "sendmsg", "write", "writev"],
    "epoll_ctl": ["epoll_ctl"],
    "getrandom": ["getrandom"],
    "futex": ["futex"],
    "socket options": ["setsockopt", "getsockopt", "ioctl"],
    "open and close": ["accept4", "socket", "connect", "close", "shutdown"],
    "memory": ["mmap", "munmap", "madvise", "brk"],
}
ALL = "raw_syscalls:sys_enter"


class Regime(NamedTuple):
    title: str
    model: str
    load: str
    unit: str  # the load generator's figure to divide by


REGIMES = [
    Regime("token, 10,000 a second", "mock-n200-i20000", "-c 200 --ramp 217.3 -d 4", "tokens"),
    Regime("token, saturated", "mock-n200-i0-w1", "-c 32 -d 2", "tokens"),
    Regime("token, about 50 a write", "mock-n200-i0", "-c 32 -d 1", "tokens"),
    Regime("request, streamed", "mock-n1-i0", "-c 16 -d 1 --quickack", "done"),
    Regime("request, whole", "mock-n1-i0", "-c 16 -d 1 --stream 0 --quickack", "done"),
]


class Refused(Exception): """The kernel does not let tracepoints be counted here."""


def measure(harness, name, command=None):
    """For each regime: calls of each kind for one token or request, and voluntary context switches under `switches`."""
    found = []
    with harness.running(name, command) as gateway:
        for regime in REGIMES:
            gateway.load(regime.model, "-c 4 -d 0.3")
            with Counting(gateway.processes()) as counting: result = gateway.load(regime.model, regime.load)
            found.append({kind: count / result[regime.unit] for kind, count in counting.found().items()})
    return found


class Counting(contextlib.AbstractContextManager):
    """`perf stat` on some processes, from here to the end of the block."""
    def __init__(self, processes): self.processes = processes

    def __enter__(self):
        calls = [f"syscalls:sys_enter_{name}" for names in CALLS.values() for name in names]
        events, processes = ",".join([ALL, "context-switches", *calls]), ",".join(map(str, self.processes))
        self.perf = subprocess.Popen(
            ["perf", "stat", "-x", ",", "-e", events, "-p", processes], stderr=subprocess.PIPE, text=True)
        time.sleep(0.3)
        if self.perf.poll() is not None: raise Refused(self.perf.stderr.read().strip())
        return self

    def __exit__(self, *_):
        self.perf.send_signal(signal.SIGINT)
        self.report = self.perf.communicate()[1]

    def found(self):
        counts = {event: int(count) for count, event in re.findall(r"^(\d+),,([\w:-]+),", self.report, re.M)}
        kinds = {kind: sum(counts.get(f"syscalls:sys_enter_{name}", 0) for name in names)
                 for kind, names in CALLS.items()}
        return {**kinds, "all": counts.get(ALL, 0), "switches": counts.get("context-switches", 0)}
