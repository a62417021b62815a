"""Readers that take a little of what is offered: what does the gateway keep for them, and does it grow?"""
import time

from .window import mock_stats, resident

READERS = 20
MOMENTS = [1, 2, 4, 8]


def measure(harness, name):
    """Memory beyond that at rest, at some moments (s), while each reader takes 10 KB/s of an answer without pace."""
    with harness.running(name) as gateway:
        gateway.load("mock-n200-i0", "-c 4 -n 40")
        before, began, growth = resident(gateway), time.monotonic(), []
        load = f"--mode slow -c {READERS} -d {MOMENTS[-1] + 2} --slow-bytes 1024 --slow-us 100000"
        with gateway.loading("mock-n40000-i0-w1-s200", load):
            for moment in MOMENTS:
                time.sleep(max(0, began + moment - time.monotonic()))
                growth.append(resident(gateway) - before)
            blocked = sum(model["blocked"] for model in mock_stats(gateway)["models"].values())
    return {"gateway": name, "readers": READERS, "moments": MOMENTS, "growth": growth, "blocked": blocked}
