"""User-mode instructions per token and per request, counted by callgrind: the same on a busy machine as on a quiet one.

One process per gateway. Each figure is the difference of two loads that differ in nothing but the number of tokens (or
of requests), so what starting, connecting and asking cost is not in it.
"""
import subprocess, time
from typing import NamedTuple

from .callgrind import Reader


class Load(NamedTuple):
    model: str  # of the provider stand-in; {n} is the number of tokens in an answer
    tokens: int
    requests: int
    options: str = ""  # of the load generator

    def run(self, gateway):
        gateway.load(self.model.format(n=self.tokens), f"{self.options} -c 4 -n {self.requests}")


class Figure(NamedTuple):
    title: str
    less: Load
    more: Load

    @property
    def units(self):
        tokens = self.more.tokens * self.more.requests - self.less.tokens * self.less.requests
        return tokens if self.more.requests == self.less.requests else self.more.requests - self.less.requests


FIGURES = [
    # Four streams, a millisecond apart, so that no two tokens come at once.
    Figure("token, alone in its wake-up", Load("mock-n{n}-i4000", 20, 8, "--ramp 1000"),
           Load("mock-n{n}-i4000", 320, 8, "--ramp 1000")),
    Figure("token, about 50 a write", Load("mock-n{n}-i0", 200, 8), Load("mock-n{n}-i0", 2200, 8)),
    Figure("request, streamed", Load("mock-n{n}-i0", 1, 40), Load("mock-n{n}-i0", 1, 240)),
    Figure("request, whole", Load("mock-n{n}-i0", 1, 40, "--stream 0"), Load("mock-n{n}-i0", 1, 240, "--stream 0")),
]

CALLGRIND = "valgrind --tool=callgrind --callgrind-out-file={work}/callgrind --dump-instr=no "
# One process, for callgrind follows one: nginx' master would fork.
ALONE = {"nginx": " -g 'master_process off;'"}


def under_callgrind(harness, name):
    return harness.running(name, CALLGRIND + harness.command(name) + ALONE.get(name, ""))


class Counter:
    """Counts the instructions of one gateway under callgrind, from dump to dump."""
    def __init__(self, gateway): self.gateway, self.dumps, self.reader = gateway, 0, Reader()

    def during(self, load):
        """The profile of one load."""
        self.monitor("zero")
        load.run(self.gateway)
        time.sleep(0.3)  # what ends after its answer was read
        self.monitor("dump")
        self.dumps += 1
        return self.reader.read(self.gateway.folder / f"callgrind.{self.dumps}")

    def of(self, figure):
        """The profile of one token or request."""
        for _ in range(2): figure.less.run(self.gateway)  # pools, caches and buffers reach their size
        less, more = self.during(figure.less), self.during(figure.more)
        return more.per_unit(less, figure.units)

    def monitor(self, word):
        subprocess.run(["vgdb", f"--pid={self.gateway.pid}", word], check=True, capture_output=True, timeout=60)


def measure(harness, name, figures=FIGURES):
    """The profile of each figure, for one gateway."""
    with under_callgrind(harness, name) as gateway:
        counter = Counter(gateway)
        return [counter.of(figure) for figure in figures]
