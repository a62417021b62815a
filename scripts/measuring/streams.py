"""Many streams at once, the same tokens a second in all: what does a stream cost that mostly waits?"""
import time

from .window import Window, resident

TOKENS_A_SECOND = 10_000
COUNTS = [200, 1000, 5000]
# As many as it is configured for: each stream takes two of its 9,000 connections.
MOST = {"nginx": 4000, "haproxy": 4000}


def measure(harness, name, seconds=4):
    """A row for each number of streams."""
    rows = []
    for count in COUNTS:
        if count > MOST.get(name, count): continue
        found = one(harness, name, count, seconds)
        if not found["quiet"]: found = one(harness, name, count, seconds)
        rows.append({"gateway": name, "streams": count, **found})
    return rows


def measure_idle(harness, name):
    """Rows for streams with a token each 5 s: memory alone, which a busy machine does not change."""
    return [{"gateway": name, "streams": count, **waiting(harness, name, count)}
            for count in COUNTS[1:] if count <= MOST.get(name, count)]


def waiting(harness, name, count):
    with harness.running(name) as gateway:
        gateway.load("mock-n5-i1000", "-c 4 -n 8")
        before = resident(gateway)
        with gateway.loading("mock-n1000-i5000000", f"--mode idle -c {count} --ramp 1000") as load:
            ready = load.stdout.readline().split()
            time.sleep(1.5)
            taken = resident(gateway) - before
    if ready != ["READY", str(count)]: raise RuntimeError(f"{name}: {ready} of {count} idle streams came up")
    return {"at_rest": before, "bytes_per_stream": taken / count}


def one(harness, name, count, seconds):
    pace = 1_000_000 * count // TOKENS_A_SECOND
    with harness.running(name) as gateway:
        gateway.load("mock-n5-i1000", "-c 4 -n 8")
        before = resident(gateway)
        ramp = max(0.5, count / 2500)
        load = f"--mode idle -c {count} --ramp {count / ramp:.1f} --warmup {ramp + 1.2:.1f}"
        with gateway.loading(f"mock-n100000-i{pace}", load) as load:
            ready = load.stdout.readline().split()
            time.sleep(1.2)
            window = Window(gateway)
            time.sleep(seconds)
            taken = {**window.close(), "bytes_per_stream": (resident(gateway) - before) / count}
    return {**taken, "open": int(ready[1]) if ready[:1] == ["READY"] else 0, "latency_us": load.result["token_us"],
            "errors": load.result["error_total"]}
