"""Readers that leave at any moment leave nothing behind: no memory, no descriptor, no request to a provider."""

from __future__ import annotations

import socket
import statistics
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from asking import FINISH, SOON, delta
from conftest import LOOPS, NOTES, SOAK
from gateway import Gateway, Served, configuration
from held import Held, eventually, held, metrics, resident
from leaving import PLAIN, WAYS, abort, leave, read, write_request
from provider import DONE, Answer, Gate, Provider, chat
from wire import Connection, Response

EACH_ROUND = 10_000 if SOAK else 400
AT_ONCE = 24
DIALECTS = PLAIN + ["simple"] * SOAK
IDLE = 60
"""Seconds for which connections to providers are kept, and answers that can be attached to."""

def rest(gateway: Gateway) -> Held:
    """What it holds when everybody has left: connections kept for the next request may be among it."""
    kept = 2 * 64 * LOOPS[-1]
    assert eventually(lambda: held(gateway).clients == 0 and held(gateway).providers <= kept), held(gateway)
    names = ["freshet_generations_running", "freshet_readers", "freshet_request_body_bytes"]
    assert eventually(lambda: not any(metrics(gateway)[name] for name in names)), metrics(gateway)
    if SOAK:
        assert eventually(lambda: held(gateway).providers == 0, IDLE * 2), held(gateway)
        assert eventually(lambda: metrics(gateway)["freshet_generations_kept"] == 0, IDLE * 2)
        assert metrics(gateway)["freshet_log_bytes"] == 0
        assert eventually(lambda: held(gateway).clients == 0)
    return held(gateway)


def unchanged(before: Held, after: Held) -> bool:
    return after.threads == before.threads and after.others <= before.others


@pytest.mark.timeout(1800)
def test_aborted_streams() -> None:
    """As many readers leave again and again; the last time costs no memory, and the descriptors are what they were."""
    with Gateway("--listen", "127.0.0.1:0", command="simulate") as outside:
        providers = {"outside": {"kind": "openai", "base_url": outside.url + "/v1"}}
        content = configuration(outside.url, LOOPS[-1], providers=providers, models={"*": {"routes": ["sim/*"]}})
        content["default_model"] = "talk"
        with Served(content) as gateway, ThreadPoolExecutor(AT_ONCE) as pool:
            for seed in range(AT_ONCE):
                abort(gateway.port, ("sim", "outside")[seed % 2], seed, DIALECTS)  # what is opened once is open
            before = rest(gateway)
            rounds = []
            for number in range(3):
                seeds = range(number * EACH_ROUND, (number + 1) * EACH_ROUND)
                phases = Counter(pool.map(lambda seed: abort(gateway.port, ("sim", "outside")[seed % 2], seed, DIALECTS), seeds))
                # A socket that is just being made or closed belongs to nobody for a moment.
                assert eventually(lambda: unchanged(before, rest(gateway))), (before, held(gateway))
                after = rest(gateway)
                rounds.append((resident(gateway), after))
            assert outside.running
            memory = [taken for taken, _ in rounds]
            NOTES.append(f"{EACH_ROUND} aborted streams a round: {memory} KiB, then {rounds[-1][1]}; {dict(phases)}")
            assert not SOAK or rounds[-1][1] == rounds[-2][1] == before
            # What the allocator gives back after a round, or not, is 2 MiB; one stream that stayed is 9 KiB.
            assert memory[-1] <= max(memory[:-1]) * 1.05 + (0 if SOAK else 2048), memory


# To the provider.

DEPARTED = 5.0
"""Seconds in which a provider must see that its reader has left: five times what is promised."""


BURST = [delta(content="x" * 1000) * 64] * 190
"""13 MB: more than the kernel keeps between a provider and the gateway."""


def stalls(provider: Provider, count: int = 1) -> bool:
    """Whether all of `count` answers come to wait for the gateway to read on, and stay so."""
    quiet = 0

    def is_quiet() -> bool:
        nonlocal quiet
        quiet = quiet + 1 if provider.stalled == count == provider.open else 0
        return quiet > 3

    return eventually(is_quiet)


LEAVING = [
    (dialect, phase)
    for dialect in PLAIN
    for phase in ("before the head", "before the first token", "in a pause", "amid a burst")
    if (dialect, phase) != ("chat whole", "amid a burst")  # it has nothing to take slowly
]


@pytest.fixture(scope="module")
def departures() -> Iterator[list[float]]:
    """Seconds from each reader's leaving to the provider's seeing it."""
    took: list[float] = []
    yield took
    if took:
        middle, most = 1000 * statistics.median(took), 1000 * max(took)
        NOTES.append(f"{len(took)} readers left: their providers saw it after {middle:.1f} ms, at most {most:.1f}")


@pytest.mark.parametrize(("dialect", "phase"), LEAVING)
def test_leaving_reaches_the_provider(
    gateway: Served, provider: Provider, departures: list[float], dialect: str, phase: str
) -> None:
    for number, way in enumerate(WAYS, 1):
        gate = Gate()
        if phase == "before the head":
            provider.answer_next(chat(["never"], head=[gate]))
        elif phase == "amid a burst":
            # A reader that takes nothing: the gateway does not read from the provider when it leaves.
            provider.answer_next(Answer(BURST))
        else:
            provider.answer_next(chat(["a word "] * 10, gate=gate))
        with Connection(gateway.port, SOON) as connection:
            write_request(connection, dialect, "m", None)
            exchange = provider.wait_count(number)
            if phase == "in a pause":
                gate.release(3)
                read(connection, 1) if dialect != "chat whole" else time.sleep(0.05)
            elif phase == "amid a burst" and dialect != "chat whole":
                assert stalls(provider)
            began = time.monotonic()
            leave(connection, way)
            assert exchange.wait(DEPARTED) == "aborted"
            assert exchange.closed is not None
            departures.append(exchange.closed - began)


# Slowly.

SLOW = 20
EACH = 1 << 20
"""Bytes of memory that one reader which takes nothing may cost: what its socket has refused (256 KiB and one turn's 64),
and room for buffers to double in. The kernel's buffers are not the process's."""


def test_slow_readers_cost_their_buffers(gateway: Served, provider: Provider) -> None:
    provider.answer(Answer([*BURST, FINISH, DONE]))
    with Connection(gateway.port) as connection:
        write_request(connection, "chat", "m", None)
        provider.wait_count(1)
    provider.wait_open(0)
    before = resident(gateway)
    readers = [Connection(gateway.port) for _ in range(SLOW)]
    for number, reader in enumerate(readers):
        reader.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
        write_request(reader, ("chat", "native", "chat lines", "native lines")[number % 4], "m", None)
    provider.wait_count(1 + SLOW)
    assert stalls(provider, SLOW)
    grown = resident(gateway) - before
    NOTES.append(f"{SLOW} readers that take nothing of 13 MB: {grown} KiB more")
    for number, reader in enumerate(readers):
        if number % 5 == 0:  # the patient ones get all of it
            response = Response(reader)
            size = sum(len(piece) for piece in response.pieces())
            assert response.ended == "clean" and size > sum(map(len, BURST)) * 0.9
        reader.close()
    provider.wait_open(0)
    assert grown < SLOW * EACH >> 10
