"""How long after its client left a provider sees the gateway leave, one stream at a time.

Both ends read the same clock: CLOCK_MONOTONIC here, and in the stand-in's list of connections that left early.
"""
import json, socket, statistics, time

from .window import Window, mock_stats

PHASES = {
    "before the first token": ("mock-n5-i1000-t3000000", 0),
    "in a pause between tokens": ("mock-n5-i3000000", 1),
    "among tokens, 1 ms apart": ("mock-n10000-i1000", 20),
    "among tokens as fast as they go": ("mock-n100000-i0-w1", 1000),
}
TIMES = 200
LIMIT = 5.0  # seconds until it counts as never


def measure(harness, name):
    with harness.running(name) as gateway:
        gateway.load("mock-n5-i1000", "-c 4 -n 8")
        return [{"gateway": name, "phase": phase, **one(gateway, model, after)}
                for phase, (model, after) in PHASES.items()]


def one(gateway, model, after):
    known, late, window = 0, [], Window(gateway)
    for _ in range(TIMES):
        left = ask_and_leave(gateway, model, after)
        seen = sightings(gateway, model, known)
        if seen is None: break
        known += 1
        late.append(max(0, seen - left) / 1e6)
    late.sort()
    found = {"times": TIMES, "cancelled": len(late), "quiet": window.close()["quiet"]}
    if not late: return found
    return {**found, "p50_ms": statistics.median(late), "p99_ms": late[int(len(late) * 0.99)], "max_ms": late[-1]}


def ask_and_leave(gateway, model, after):
    """Asks for a stream, reads so many tokens of it, closes; when, in ns."""
    body = json.dumps({"model": model, "stream": True, "messages": [{"role": "user", "content": "hello"}]}).encode()
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=10) as client:
        client.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
                       b"content-length: %d\r\n\r\n%s" % (len(body), body))
        if after == 0: wait_until_asked(gateway, model)
        received = b""
        while received.count(b'"content":"t') < after: received += client.recv(65536)
        time.sleep(0.005)  # in the pause, not at the token
        left = time.monotonic_ns()
    return left


def wait_until_asked(gateway, model):
    end = time.monotonic() + LIMIT
    while time.monotonic() < end:
        if mock_stats(gateway)["models"].get(model, {}).get("active"): return
        time.sleep(0.001)


def sightings(gateway, model, known):
    """When the provider saw the latest one leave, in ns; None if it has not within the limit."""
    end = time.monotonic() + LIMIT
    while time.monotonic() < end:
        seen = mock_stats(gateway, f"?aborts=1&model={model}")["models"].get(model, {}).get("aborts", [])
        if len(seen) > known: return seen[-1][1]
        time.sleep(0.002)
    return None
