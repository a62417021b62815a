"""A crowd of clients of every kind over providers that fail: every answer is judged, and in the end nothing is held.

FRESHET_SOAK_SECONDS says for how long. With FRESHET_SANITIZED=1 the program is one that a sanitizer watches: its memory
says nothing then, and its report, which ends the test, everything.
"""

from __future__ import annotations

import os
import threading

import pytest

from conftest import LOOPS, NOTES, SANITIZED, SOAK
from crowd import SILENCE, Crowd
from gateway import Gateway, Served, configuration, folder
from held import Held, eventually, held, metrics, resident

SECONDS = float(os.environ.get("FRESHET_SOAK_SECONDS") or (600 if SOAK else 10))
KEPT = 60
"""Seconds for which answers to `EventSource` and connections to providers are kept."""


def settings(outside: Gateway, data: str) -> dict[str, object]:
    deadlines = {"head": f"{SILENCE}s", "content": f"{SILENCE}s", "silence": f"{SILENCE}s"}
    deadlines["total"] = "20s"  # amid a tool call silence may take longer
    providers = {"outside": {"kind": "openai", "base_url": f"{outside.url}/v1", "api_key": "k", "deadlines": deadlines}}
    return configuration(
        outside.url,
        4 if SANITIZED else LOOPS[-1],
        providers=providers,
        models={"*": {"routes": ["sim/*"], "deadlines": deadlines}},
        default_model="talk",
        data=data,
        # Read from disk again soon; looked every 10 or 2 s for what may be deleted.
        limits={"kept_time": "200ms", "retention_time": "40s" if SOAK or SANITIZED else "8s"},
    )


class Watch:
    """Notes its memory every second."""

    def __init__(self, gateway: Gateway) -> None:
        self.memory: list[int] = []
        self._gateway, self._over = gateway, threading.Event()
        self._thread = threading.Thread(target=self._look)

    def _look(self) -> None:
        while not self._over.wait(1):
            self.memory.append(resident(self._gateway))

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()


def rest(gateway: Gateway, data: str) -> Held:
    """What it holds when everybody has left."""
    assert eventually(lambda: os.listdir(f"{data}/segments") == [], 60)
    assert eventually(lambda: held(gateway).clients == 0), held(gateway)
    names = ["freshet_generations_running", "freshet_readers", "freshet_request_body_bytes"]
    if SECONDS > KEPT:  # then it matters little to wait
        names += ["freshet_generations_kept", "freshet_log_bytes", "freshet_provider_connections_idle"]
    assert eventually(lambda: not any(metrics(gateway)[name] for name in names), KEPT * 2), metrics(gateway)
    assert eventually(lambda: held(gateway).clients == 0), held(gateway)
    return held(gateway)


@pytest.mark.timeout(SECONDS * 3 + 300)
def test_a_crowd_leaves_nothing_behind() -> None:
    data = f"{folder()}/data"
    outside = Gateway("--listen", "127.0.0.1:0", command="simulate")
    with outside, Served(settings(outside, data)) as gateway:
        Crowd(gateway, outside).run(1, seed=9)  # what is opened once is open
        before = rest(gateway, data)
        crowd = Crowd(gateway, outside)
        with Watch(gateway) as watch:
            crowd.run(SECONDS)
        assert not crowd.problems, "\n".join(crowd.problems)
        after = rest(gateway, data)
        third = len(watch.memory) // 3
        most = [max(watch.memory[third : 2 * third]), max(watch.memory[-third:])]
        NOTES.append(f"{sum(crowd.counts.values())} clients in {SECONDS:.0f} s, {most[1]} KiB at most, then {after}:")
        NOTES.extend(f"    {count:6} {name}" for name, count in sorted(crowd.counts.items()))
        assert gateway.running and outside.running
        assert (after.threads, after.clients) == (before.threads, before.clients)
        assert SANITIZED or after.others == before.others  # a sanitizer has descriptors of its own
        assert SECONDS <= KEPT or after.descriptors == before.descriptors
        assert SANITIZED or most[1] <= most[0] * 1.1 + 4096, watch.memory
