"""Readers that leave at any moment leave nothing behind: no memory, no descriptor, no request to a provider."""

from __future__ import annotations

import json
import random
import socket
import statistics
import struct
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from asking import FINISH, MESSAGES, SOON, delta
from conftest import LOOPS, NOTES, SOAK
from gateway import Gateway, Served, configuration
from held import Held, eventually, held, resident
from provider import DONE, Answer, Gate, Provider, chat
from wire import Connection, Response

EACH_ROUND = 10_000 if SOAK else 600
AT_ONCE = 24
IDLE = 60
"""Seconds for which connections to providers are kept, and answers that can be attached to."""

PHASES = {
    "within the request": "t50000",
    "before the head": "t50000",
    "before the first token": "t50000",
    "amid the tokens": "t0-i500-n400",
    "in a pause between tokens": "t0-i20000-n400",
    "amid a burst": "t0-i0-n2000",
    "at the end": "t0-i0-n3",
}
WAYS = ["close", "FIN", "RST"]
DIALECTS = ["chat", "chat whole", "chat lines", "native", "native lines"] + ["simple"] * SOAK
"""An answer to `EventSource` is kept for a minute beyond its end, which only the long form waits for."""


def write_request(connection: Connection, dialect: str, model: str, cut: float | None) -> None:
    """Sends a request; `cut` leaves it unfinished, at that fraction."""
    body = json.dumps({"model": model, "messages": MESSAGES, **({"stream": True} if dialect == "chat" else {})}).encode()
    if dialect == "chat lines":
        body = json.dumps({"model": model, "messages": MESSAGES, "stream": True}).encode()
    path = "/v1/generations" if dialect.startswith("native") else "/v1/chat/completions"
    accept = "Accept: application/x-ndjson\r\n" if dialect.endswith("lines") else ""
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\n{accept}Content-Length: {len(body)}\r\n\r\n"
    if dialect == "simple":
        head, body = f"GET /api/chat?prompt=x&model={model} HTTP/1.1\r\nHost: localhost\r\n\r\n", b""
    data = head.encode() + body
    connection.socket.sendall(data if cut is None else data[: int(len(data) * cut)])


def read(connection: Connection, most: int) -> None:
    """Reads so many bytes, or to the end of the answer."""
    while len(connection.received) < most and connection.more():
        if connection.received.endswith(b"\r\n0\r\n\r\n"):
            break
    assert connection.received.startswith(b"HTTP/1.1 200 "), connection.received


def leave(connection: Connection, way: str) -> None:
    if way == "RST":
        connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    elif way == "FIN":
        connection.socket.shutdown(socket.SHUT_WR)
        try:
            while connection.more():
                pass
        except TimeoutError:
            pytest.fail("who has closed its side is not answered any more, and the connection ends")
    connection.close()


def abort(port: int, provider: str, seed: int) -> str:
    """One reader that leaves; returns the phase it left in."""
    numbers = random.Random(seed)
    phase, dialect, way = numbers.choice(list(PHASES)), numbers.choice(DIALECTS), numbers.choice(WAYS)
    with Connection(port, SOON * 2) as connection:
        cut = numbers.random() if phase == "within the request" else None
        write_request(connection, dialect, f"{provider}/talk-seed{seed % 50}-{PHASES[phase]}", cut)
        if phase in ("before the head", "before the first token"):
            time.sleep(numbers.random() * 0.03)
        elif cut is None and dialect != "chat whole":
            read(connection, numbers.randint(1, 60_000 if phase == "amid a burst" else 3000))
        leave(connection, way)
    return phase


def rest(gateway: Gateway) -> Held:
    """What it holds when everybody has left: connections kept for the next request may be among it."""
    kept = 2 * 64 * LOOPS[-1]
    assert eventually(lambda: held(gateway).clients == 0 and held(gateway).providers <= kept), held(gateway)
    if SOAK:
        assert eventually(lambda: held(gateway).providers == 0, IDLE * 2), held(gateway)
    return held(gateway)


@pytest.mark.timeout(1800)
def test_aborted_streams() -> None:
    """As many readers leave twice; the second time costs no memory, and the descriptors are what they were."""
    with Gateway("--listen", "127.0.0.1:0", command="simulate") as outside:
        providers = {"outside": {"kind": "openai", "base_url": outside.url + "/v1"}}
        content = configuration(outside.url, LOOPS[-1], providers=providers, models={"*": {"routes": ["sim/*"]}})
        content["default_model"] = "talk"
        with Served(content) as gateway, ThreadPoolExecutor(AT_ONCE) as pool:
            for seed in range(AT_ONCE):
                abort(gateway.port, ("sim", "outside")[seed % 2], seed)  # what is opened once is open
            before = rest(gateway)
            rounds = []
            for number in range(3 if SOAK else 2):
                seeds = range(number * EACH_ROUND, (number + 1) * EACH_ROUND)
                phases = Counter(pool.map(lambda seed: abort(gateway.port, ("sim", "outside")[seed % 2], seed), seeds))
                after = rest(gateway)
                assert after.threads == before.threads and after.others == before.others, (before, after)
                rounds.append((resident(gateway), after))
            assert outside.running
            memory = [taken for taken, _ in rounds]
            NOTES.append(f"{EACH_ROUND} aborted streams a round: {memory} KiB, then {rounds[-1][1]}; {dict(phases)}")
            assert not SOAK or rounds[-1][1] == rounds[-2][1] == before
            assert memory[-1] <= memory[-2] * 1.05, memory


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
    for dialect in ("chat", "chat whole", "chat lines", "native", "native lines")
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
