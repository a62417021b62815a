"""`kill -9` amid a crowd of logged answers, and again while what they left is put in order.

Readers from outside remember every byte of every event they saw. Whatever the moment was: all of it is in the log
afterwards, each generation is found, and whoever comes back with its last number gets the rest once and one end. What
was stopped or deleted, as the answer said, is so afterwards, and a key names the answer it made.
FRESHET_SEED names another sequence of moments.
"""

from __future__ import annotations

import itertools
import json
import os
import random
import shutil
import socket
import sqlite3
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from conftest import NOTES, SANITIZED, SOAK
from gateway import Served, binary, configuration, ended, environment, folder
from provider import Answer, Exchange, Gate, Provider, Tool, chat
from readers import NativeReader
from test_generations import ask, checksums, read_status
from wire import Connection, Cut, Response

CROWD = 200
ROUNDS = 50 if SOAK and not SANITIZED else 5
SEED = int(os.environ.get("FRESHET_SEED", "1"))
WORDS = ["word ", "日本語", "🙂", "👩‍👩‍👧 ", "naïve ", '"quoted\\ ', "line\n", "\u2028", "𝒜 ", "한국 ", "x"]


class Answers:
    """What the provider says: drawn for each request, held until `gate` opens, then piece by piece."""

    def __init__(self, seed: int) -> None:
        self.numbers = random.Random(seed)
        self.gate = Gate()

    def __call__(self, exchange: Exchange) -> Answer:
        numbers = self.numbers
        words = numbers.choices(WORDS, k=numbers.choice([numbers.randint(1, 8), numbers.randint(2, 90)]))
        tool = Tool("call_a", "search", ['{"query":"', *numbers.choices(["日本", "🙂", "abc", "\\n"], k=6), '"}'])
        answer = chat(
            words,
            reasoning=numbers.choices(WORDS, k=numbers.choice([0, 0, 7])),
            tools=[tool] if numbers.random() < 0.3 else [],
        )(exchange)
        steps: list[Any] = [self.gate]
        for step in answer.steps:
            steps += [step, numbers.uniform(0.001, 0.03)] if numbers.random() < 0.5 else [step]
        return Answer(steps, headers=answer.headers)


class Watcher(threading.Thread):
    """Makes one generation, or attaches to one, and remembers what it saw."""

    def __init__(self, port: int, number: int, saw: Sight) -> None:
        super().__init__(daemon=True)
        self.port, self.number, self.saw = port, number, saw
        self.fields = {"accept": "application/x-ndjson" if number % 2 else "text/event-stream"}
        self.body = {"model": "m", "messages": [{"role": "user", "content": f"Question {number} 🙂"}]}
        self.key = {"idempotency-key": f"{number} {random.getrandbits(64)}"} if number % 3 == 0 else {}
        self.wish = {3: ("POST", "/stop"), 7: ("DELETE", "")}.get(number % 20)
        """What it asks for when it has seen some events."""
        self.granted = False
        self.identity: str | None = None
        self.reader = NativeReader()
        self.seen: list[bytes] = []
        self.problem: BaseException | None = None

    def run(self) -> None:
        try:
            self.watch()
        except (Cut, OSError):
            pass  # killed
        except BaseException as problem:
            self.problem = problem

    def watch(self) -> None:
        with Connection(self.port) as connection:
            if self.number % 5 == 0:  # its name first, then as anybody else
                response = connection.request("POST", "/v1/generations", {"accept": "application/json", **self.key}, self.body)
                assert response.status == 201
                identity = response.json()["id"]
                self.identity = identity
                response = connection.request("GET", f"/v1/generations/{identity}/events", self.fields)
            else:
                response = connection.request("POST", "/v1/generations", {**self.fields, **self.key}, self.body)
                self.identity = response.headers["x-freshet-generation"]
            assert response.status == 200, response.status
            for raw in raw_events(response):
                self.take(raw)

    def take(self, raw: bytes) -> None:
        self.reader.line(json.loads(raw))
        self.seen.append(raw)
        self.saw.one()
        if self.wish and len(self.seen) == 5:
            with Connection(self.port) as connection:
                response = connection.request(self.wish[0], f"/v1/generations/{self.identity}{self.wish[1]}")
                assert response.status in (200, 204)
                self.granted = True

    @property
    def has_end(self) -> bool:
        return self.reader.message.outcome is not None


class Sight:
    """Says when so many events were seen."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.reached = threading.Event()
        self._count = itertools.count(1)

    def one(self) -> None:
        if next(self._count) >= self.limit:
            self.reached.set()


def raw_events(response: Response) -> Iterator[bytes]:
    """The JSON of each event, byte for byte as it came, in either framing; a cut one is none."""
    is_lines = "ndjson" in response.headers["content-type"]
    rest = b""
    for piece in response.pieces():
        *lines, rest = (rest + piece).split(b"\n")
        for line in lines:
            if is_lines:
                yield line.lstrip(b" ")
            elif line.startswith(b"data: "):
                yield line.removeprefix(b"data: ")


def runs(raws: list[bytes]) -> list[Any]:
    """Events as bytes; deltas that follow each other in one block as one, however they were merged on the way."""
    out: list[Any] = []
    for raw in raws:
        event = json.loads(raw)
        if "delta" not in event:
            out.append(raw)
            continue
        first, last, text = event.get("from", event["seq"]), event["seq"], event["delta"]
        if out and isinstance(out[-1], list) and out[-1][:2] == [event["type"], event["block"]]:
            assert out[-1][3] + 1 == first
            out[-1][3], out[-1][4] = last, out[-1][4] + text
        else:
            out.append([event["type"], event["block"], first, last, text])
    return out


class House:
    """A data directory and a port, and the processes that have them one after the other."""

    def __init__(self, provider: Provider, loops: int) -> None:
        self.data = f"{folder()}/data"
        self.port = quiet_port()
        content = configuration(provider.url, loops, data=self.data)
        self.content = {**content, "listen": f"127.0.0.1:{self.port}", "limits": {"kept_time": "1s"}}
        self.start_time = 0.1

    def open(self) -> Served:
        began = time.monotonic()
        gateway = Served(self.content)
        self.start_time = time.monotonic() - began
        return gateway

    def die_starting(self, part: float) -> bool:
        """Starts a process and kills it at a part of the time that the last start took; whether it had not opened."""
        path = Path(self.data).parent / "dying.yaml"
        path.write_text(json.dumps(self.content))
        command = [binary(), "serve", "--config", str(path)]
        with ended(subprocess.Popen(command, stdout=subprocess.PIPE, env=environment())) as process:
            time.sleep(self.start_time * part)
            process.kill()
            assert process.stdout is not None
            return b"listening" not in process.stdout.read()

    def check_catalogue(self) -> None:
        """As it lies there, read by SQLite from elsewhere."""
        copy = Path(folder())
        for suffix in ("", "-wal"):
            source = Path(f"{self.data}/catalogue.sqlite{suffix}")
            if source.exists():
                shutil.copy(source, copy / source.name)
        with sqlite3.connect(copy / "catalogue.sqlite") as database:
            assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            assert database.execute("PRAGMA foreign_key_check").fetchall() == []
        database.close()
        shutil.rmtree(copy)


def quiet_port() -> int:
    """A free one below those that the kernel gives to clients: nobody takes it while the gateway is dead."""
    for port in random.SystemRandom().sample(range(20000, 32000), 100):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("no free port")


def whole_log(port: int, identity: str, after: int = 0, fields: dict[str, str] | None = None) -> list[bytes] | None:
    """What attaching brings; None when there is nothing behind that place."""
    with Connection(port) as connection:
        response = connection.request("GET", f"/v1/generations/{identity}/events?after={after}", fields)
        assert response.status in (200, 204), (identity, response.status, response.body())
        return list(raw_events(response)) if response.status == 200 else None


def check(gateway: Served, watcher: Watcher) -> str | None:
    """Everything it saw is there, and it can go on; returns how the generation ended, None for a deleted one."""
    identity, reader = watcher.identity, watcher.reader
    assert identity is not None
    if watcher.wish == ("DELETE", ""):
        status = read_status(gateway, identity)
        assert status == 404 if watcher.granted else status in (200, 404)
        if status == 404:
            return None
    had_end, had_content, last = watcher.has_end, any("delta" in event for event in reader.events), reader.seq
    whole = whole_log(gateway.port, identity)
    assert whole is not None, identity
    rest = whole_log(gateway.port, identity, last, watcher.fields)
    assert (rest is None) == had_end, (identity, last)
    for raw in rest or []:
        reader.line(json.loads(raw))  # strict: no number twice, none left out, nothing behind the end
    assert runs([*watcher.seen, *(rest or [])]) == runs(whole), identity
    ends = [event for event in reader.events if event["type"] == "generation-end"]
    assert len(ends) == 1 and whole_log(gateway.port, identity, reader.seq) is None
    response, document = ask(gateway, "GET", f"/v1/generations/{identity}")
    assert response.status == 200 and document["id"] == identity and document["seq"] == reader.seq
    assert document["state"] == ends[0]["outcome"] and document["message"]["content"] == reader.message.text
    sums = checksums(document["message"])
    assert document.get("checksums", []) == ends[0].get("checksums", []) == sums
    outcome = str(ends[0]["outcome"])
    if watcher.granted:
        assert outcome in ("finished", "stopped")
    else:
        assert outcome in ("finished", "interrupted") or (watcher.wish and outcome == "stopped")
    if watcher.key and reader.blocks and had_content:
        repeated, _ = ask(gateway, "POST", "/v1/generations", watcher.body, accept="application/json", **watcher.key)
        assert (repeated.status, repeated.headers["x-freshet-generation"]) == (200, identity)
    return outcome


def listed(gateway: Served, state: str = "ended") -> list[Any]:
    """All generations in that state, page by page."""
    found: list[Any] = []
    query = f"?state={state}&limit=100"
    while True:
        _, page = ask(gateway, "GET", "/v1/generations" + query)
        found += page["data"]
        if not page["has_more"]:
            return found
        query = f"?state={state}&limit=100&after={found[-1]['id']}"


def crowd(gateway: Served, provider: Provider, numbers: random.Random) -> list[Watcher]:
    """All of them run at once; killed when readers have seen so many events."""
    answers = Answers(numbers.getrandbits(32))
    provider.answer(answers)
    # Also while they are being made, and when the first ones have ended.
    saw = Sight(numbers.choice([numbers.randint(1, 2 * CROWD), numbers.randint(2 * CROWD, 45 * CROWD)]))
    watchers = [Watcher(gateway.port, number, saw) for number in range(CROWD)]
    for watcher in watchers:
        watcher.start()
    while not saw.reached.wait(0.005) and provider.open < CROWD:
        assert gateway.running, gateway.said()
    answers.gate.open()
    while not saw.reached.wait(0.05) and any(watcher.is_alive() for watcher in watchers):
        assert gateway.running, gateway.said()
    gateway.process.kill()
    for watcher in watchers:
        watcher.join(30)
        assert not watcher.is_alive() and watcher.problem is None, watcher.problem
    gateway.kill()
    provider.wait_open(0)
    return watchers


@pytest.mark.timeout(900)
@pytest.mark.parametrize("loops", [2])
def test_killed(provider: Provider, loops: int) -> None:
    numbers = random.Random(SEED)
    house = House(provider, loops)
    known: dict[str, str | None] = {}
    events = died_starting = 0
    gateway = house.open()
    try:
        for number in range(ROUNDS):
            watchers = [w for w in crowd(gateway, provider, numbers) if w.identity is not None]
            house.check_catalogue()
            for _ in range(numbers.randint(1, 3) if number % 2 else 0):
                died_starting += house.die_starting(numbers.uniform(0.2, 1))
                house.check_catalogue()
            gateway = house.open()
            assert ask(gateway, "GET", "/readyz")[1] == b"ok\n"
            events += sum(len(watcher.seen) for watcher in watchers)
            with ThreadPoolExecutor(8) as pool:
                outcomes = list(pool.map(lambda watcher: check(gateway, watcher), watchers))
            for watcher, outcome in zip(watchers, outcomes, strict=True):
                known[str(watcher.identity)] = outcome
        found = {document["id"]: document["state"] for document in listed(gateway)}
        assert listed(gateway, "running") == []
        assert {identity: found.get(identity) for identity in known} == known  # those of all rounds
        assert gateway.stop() == 0, gateway.said()
    finally:
        gateway.stop()
    house.check_catalogue()
    assert Path(house.data, "clean").exists() and os.listdir(f"{house.data}/segments") == []
    ends = Counter(outcome or "deleted" for outcome in known.values())
    NOTES.append(
        f"killed {ROUNDS} times amid {CROWD} answers (seed {SEED}), {died_starting} times more while starting: "
        f"{events} events seen by {len(known)} readers are there, the answers' ends: {dict(ends)}"
    )
