"""Heap allocations per token of Freshet: one long answer less one short answer, divided by the tokens between.

The counter (malloc-counter.c) is put before libc in the gateway only. The difference takes out what a request costs, so
what remains grows with tokens alone.
"""
import sys, tempfile, time

from malloc_counter import Counter

SHORT, LENGTHS = 200, [10_000, 20_000, 40_000]
LOGGED = " -H 'x-freshet-log: on'"
WAYS = {
    # Title → the provider's pace, more of the request, numbers of tokens.
    "each its own write, 100 µs apart": ("-i100", "", LENGTHS[:1]),
    "each its own write, as fast as they go": ("-i0-w1", "", LENGTHS),
    "about 50 a write": ("-i0", "", LENGTHS),
    "each its own write, 100 µs apart, logged": ("-i100", LOGGED, LENGTHS[:1]),
    "each its own write, as fast as they go, logged": ("-i0-w1", LOGGED, LENGTHS),
}


def measure(harness):
    """A row for each way tokens arrive; and allocations a second of a stream without tokens."""
    with tempfile.TemporaryDirectory(prefix="mallocs-") as folder, Counter(folder) as counter:
        environment = " ".join(f"{name}={value}" for name, value in counter.environment.items())
        with harness.running("freshet", f"env {environment} " + harness.command("freshet") + " --data {work}/data") as gateway:
            if counter.read().allocations == 0: sys.exit("the counter saw no allocation: is malloc linked statically?")
            for _ in range(3): gateway.load(f"mock-n{LENGTHS[-1]}-i0", "-c 1 -n 1")  # buffers reach their size
            rows = [row(counter, gateway, way, *what) for way, what in WAYS.items()]
            return {"rows": rows, "idle_a_second": idle(counter, gateway)}


def row(counter, gateway, way, pace, field, lengths):
    answer(counter, gateway, SHORT, pace, field)
    short = answer(counter, gateway, SHORT, pace, field)
    more = [answer(counter, gateway, length, pace, field) - short for length in lengths]
    tokens = [length - SHORT for length in lengths]
    return {"way": way, "lengths": lengths, "short": short.allocations,
            "mallocs": [counts.allocations / count for counts, count in zip(more, tokens)],
            "bytes": [counts.bytes / count for counts, count in zip(more, tokens)]}


def answer(counter, gateway, length, pace, field):
    before = counter.settled()
    found = gateway.load(f"mock-n{length}{pace}", f"-c 1 -n 1{field}")
    if found["tokens"] != length: sys.exit(f"{found['tokens']} tokens came instead of {length}")
    return counter.settled() - before


def idle(counter, gateway, seconds=3):
    """Allocations a second while one stream is open and nothing comes."""
    with gateway.loading("mock-n5-i60000000", "--mode idle -c 1") as load:
        load.stdout.readline()
        before = counter.settled()
        time.sleep(seconds)
        return (counter.read() - before).allocations / seconds
