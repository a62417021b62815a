"""A thousand readers of one generation, one of them slow; what they cost, and that it grows with the answer alone."""

from __future__ import annotations

import json
import math
import socket
import subprocess
import sys
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from asking import FINISH, delta
from conftest import LOOPS, NOTES, SANITIZED, SOAK
from gateway import Gateway, Served, configuration
from held import eventually, held
from provider import DONE, Answer, Gate, Provider, Step
from readers import NativeReader
from test_growth import processor_time, resident
from wire import Connection, Response

READERS = 1000
TOKENS, PAUSE = (200, 0.1) if SOAK else (48, 0.05)
TOKEN = 6000
"""Bytes of a token: so many that a slow reader falls behind soon."""


class Paced:
    """An answer whose tokens bear the time at which they are said, one each `PAUSE` seconds once the gate is open."""

    def __init__(self, gate: Gate) -> None:
        self.gate = gate
        self.said: list[int] = []
        self.text = ""

    def steps(self) -> Iterator[Step]:
        yield self.gate
        for _ in range(TOKENS):
            self.said.append(time.monotonic_ns())
            token = f"{self.said[-1]:019d} ".ljust(TOKEN, "x")
            self.text += token
            yield delta(content=token)
            yield PAUSE
        yield from (FINISH, DONE)

    @property
    def pace(self) -> float:
        """Tokens a second."""
        return (TOKENS - 1) * 1e9 / (self.said[-1] - self.said[0])


def made(gateway: Gateway) -> str:
    """Makes one that runs by itself."""
    with Connection(gateway.port) as connection:
        body = {"model": "m", "messages": [{"role": "user", "content": "Hello?"}]}
        response = connection.request("POST", "/v1/generations", {"accept": "application/json"}, body)
        assert response.status == 201, response.body()
        return str(response.json()["id"])


def read(gateway: Gateway, identity: str) -> Any:
    with Connection(gateway.port) as connection:
        return connection.request("GET", f"/v1/generations/{identity}").json()


def ended(gateway: Gateway, identity: str) -> Any:
    assert eventually(lambda: read(gateway, identity)["state"] != "running")
    return read(gateway, identity)


@pytest.mark.timeout(240)
def test_a_thousand_readers(provider: Provider) -> None:
    """Neither the provider nor any other reader waits for the one that takes 1 KiB a second; all get everything."""
    limits = {"send_buffer": "16KiB"}
    for rate in (0, 1024):
        gate = Gate()
        paced = Paced(gate)
        provider.answer(lambda _, paced=paced: Answer(paced.steps()))  # type: ignore[misc]
        with Served(configuration(provider.url, LOOPS[-1], limits=limits)) as gateway:
            identity = made(gateway)
            alone = resident(gateway)
            arguments = [str(gateway.port), identity, str(READERS), str(rate)]
            program = [sys.executable, str(Path(__file__).with_name("followers.py")), *arguments]
            with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as followers:
                assert followers.stdout is not None
                try:
                    assert followers.stdout.readline() == "ready\n"
                    attached, cost = resident(gateway), processor_time(gateway)
                    gate.open()
                    report = json.loads(followers.stdout.readline())
                finally:
                    followers.kill()
            cost = processor_time(gateway) - cost
            most = resident(gateway)
            found = read(gateway, identity)
        check(report, found, paced.text)
        named = f"one at {rate} B/s" if rate else "none slow"
        NOTES.append(
            f"{READERS} readers, {named}: {paced.pace:.2f} tokens/s said (of {1 / PAUSE:.0f} planned), lag p50, p99, "
            f"p99.9 {report['lag_ms']} ms, {report['bytes'] >> 20} MiB, {cost:.2f} s of processor; memory {alone >> 10} "
            f"MiB alone, {attached >> 10} with readers, {most >> 10} at most"
            + (f"; the slow one had {report['slow_had']} bytes, then got the rest" if rate else "")
        )
        answer = TOKENS * TOKEN >> 10
        assert SANITIZED or most - alone < READERS * 64 + 8 * answer, "KiB: 64 a reader and eight answers"


def check(report: dict[str, Any], found: dict[str, Any], text: str) -> None:
    sums = [f"{zlib.crc32(text.encode()):08x}"]
    assert found["state"] == "finished" and found["message"]["content"] == text and found["checksums"] == sums
    readers = [*report["others"], *([report["slow"]] if report["slow"] else [])]
    for reader in readers:
        assert reader["unbroken"] and reader["seq"] == found["seq"], reader
        assert reader["text"] == len(text) and reader["checksums"] == sums, reader
    if report["slow"]:
        assert report["slow_had"] < len(text) // 2, "it was behind when the others had everything"
        assert report["slow"]["merged"] > 0, report["slow"]


def test_who_takes_nothing_is_disconnected_and_comes_back(provider: Provider) -> None:
    """Past `write_time` it is cut; its place is that of the last whole event, and it goes on from there."""
    gate = Gate()
    tokens = [delta(content=f"{number:05d}".ljust(500, "é")) for number in range(2000)]
    provider.answer(Answer([*tokens[:1], gate, *tokens[1:], FINISH, DONE]))
    limits = {"send_buffer": "16KiB", "write_time": "1s"}
    with Served(configuration(provider.url, LOOPS[0], limits=limits)) as gateway:
        identity = made(gateway)
        sleeper = Connection(gateway.port)
        sleeper.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sleeper.send("GET", f"/v1/generations/{identity}/events", {"accept": "application/x-ndjson"})
        response = Response(sleeper)
        with Connection(gateway.port) as other:
            awake = other.request("GET", f"/v1/generations/{identity}/events", {"accept": "application/x-ndjson"})
            gate.open()
            whole = NativeReader()
            for line in awake.lines():
                whole.line(line)
        assert eventually(lambda: held(gateway).clients == 0), "the one that takes nothing is cut"
        reader = NativeReader()
        for line in response.lines():
            reader.line(line)
        assert response.ended == "cut" and reader.message.outcome is None
        sleeper.close()
        place, found = reader.seq, ended(gateway, identity)
        with Connection(gateway.port) as again:
            target = f"/v1/generations/{identity}/events?after={place}"
            for line in again.request("GET", target, {"accept": "application/x-ndjson"}).lines():
                reader.line(line)
        assert reader.message.text == whole.message.text == found["message"]["content"]
        assert place < found["seq"] == reader.seq


@pytest.mark.timeout(240)
@pytest.mark.parametrize("dialect", ["native", "simple", "openai-chat"])
def test_cost_grows_with_the_answer(provider: Provider, dialect: str) -> None:
    """Bytes and processor time of a reader that is there from the first event, and of one that comes late, at N, 2N, 4N
    tokens. Bytes are judged, time is told."""
    first = 16_000 if SOAK else 4000
    sizes = [first, 2 * first, 4 * first]
    live, late = [], []
    with Served(configuration(provider.url, LOOPS[0])) as gateway:
        measured(provider, gateway, 1000, dialect)  # whatever is made once is made now
        for size in sizes:
            bytes_live, bytes_late = measured(provider, gateway, size, dialect)
            live.append(bytes_live)
            late.append(bytes_late)
    for name, costs in (("from the start", live), ("late", late)):
        amounts, times = zip(*costs, strict=True)
        growth = [exponent(amounts), exponent(times)]
        NOTES.append(
            f"{dialect}, {name}: {sizes} tokens cost {list(amounts)} bytes, {[round(t * 1000, 1) for t in times]} ms "
            f"of processor; exponents {growth[0]:.2f} and {growth[1]:.2f}"
        )
        # Whoever is there from the start may fall behind now and then, and get less.
        assert all(amount < FRAME * size for amount, size in zip(amounts, sizes, strict=True)), amounts
        assert name != "late" or (amounts[2] < 4.4 * amounts[0] and 0.8 < growth[0] < 1.1), amounts


def exponent(costs: tuple[float, ...]) -> float:
    return math.log2(max(costs[-1], 1e-9) / max(costs[0], 1e-9)) / math.log2(4)


FRAME = 300
"""More than any dialect takes to say a short word."""
LATE = 8
"""Readers that come late, at equal distances: what each costs is divided by their number."""


def measured(provider: Provider, gateway: Gateway, size: int, dialect: str) -> tuple[tuple[int, float], ...]:
    """(bytes, seconds) of the first reader, with making the answer, and of one of those that come late."""
    gate = Gate()
    frames = [delta(content=f"word {number % 10} ") for number in range(size)]
    provider.answer(Answer([gate, *(b"".join(frames[at : at + 10]) for at in range(0, size, 10)), FINISH, DONE]))
    identity = made(gateway)
    with Connection(gateway.port) as connection:
        response = connection.request("GET", f"/v1/generations/{identity}/events?dialect={dialect}")
        before = processor_time(gateway)
        gate.open()
        amount = sum(map(len, response.pieces()))
        spent = processor_time(gateway) - before
    found = ended(gateway, identity)
    before, late = processor_time(gateway), 0
    for number in range(LATE):
        with Connection(gateway.port) as connection:
            place = found["seq"] * number // LATE
            target = f"/v1/generations/{identity}/events?dialect={dialect}&after={place}"
            late += len(connection.request("GET", target).body())
    return (amount, spent), (late // LATE, (processor_time(gateway) - before) / LATE)
