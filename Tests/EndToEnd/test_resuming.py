"""Readers that are cut at every event and at any byte, running or ended: what they put together equals the fold.

`make test` makes a few hundred cuts, FRESHET_LONG=1 ten thousand. FRESHET_SEED names another sequence of cuts.
"""

from __future__ import annotations

import os
import random
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from conftest import LOOPS, NOTES, SOAK
from gateway import Served, configuration
from held import eventually
from provider import FIN, STALL, Provider
from resuming import (
    ANY,
    EVERY_WAY,
    PLACES,
    WAYS,
    Call,
    ChatParts,
    Knife,
    NativeParts,
    Returning,
    Said,
    Script,
    SimpleParts,
    knives,
    last_place,
    said_by,
    script,
    whole,
)
from wire import Connection

SEED = int(os.environ.get("FRESHET_SEED", "1"))
CUTS = 10_000 if SOAK else 300


def document(gateway: Served, generation: str) -> Any:
    with Connection(gateway.port) as connection:
        response = connection.request("GET", f"/v1/generations/{generation}")
        assert response.status == 200, response.body()
        return response.json()


def agree(reader: Returning, gateway: Served, said: Said) -> None:
    assert reader.generation is not None
    found = document(gateway, reader.generation)
    reader.parts.agree(found, said)
    last_place(reader, found)


def ended(gateway: Served, generation: str) -> Any:
    assert eventually(lambda: document(gateway, generation)["state"] != "running")
    return document(gateway, generation)


def made(gateway: Served, provider: Provider, answer: Script) -> str:
    """Makes one that runs by itself."""
    provider.answer(answer.answer)
    with Connection(gateway.port) as connection:
        body = {"model": "m", "messages": [{"role": "user", "content": "Hello?"}]}
        response = connection.request("POST", "/v1/generations", {"accept": "application/json"}, body)
        assert response.status == 201
        return str(response.json()["id"])


def note(text: str) -> None:
    """What the long form alone has to say: the quick one would say it for each of its samples."""
    if SOAK:
        NOTES.append(text)


def every_event() -> Iterator[Knife]:
    while True:
        yield Knife(frames=1)


@pytest.mark.parametrize(("dialect", "framing"), WAYS)
def test_cut_at_every_event(gateway: Served, provider: Provider, dialect: str, framing: str) -> None:
    """One reader gets one frame a connection while the answer runs. Another reads it live; when it has ended, each
    place that this one went through is gone on from."""
    answer = script(SEED, words=24, most=8, pause=0.004, write=150)
    identity = made(gateway, provider, answer)
    live = Returning(gateway.port, dialect, framing, SEED)
    live.generation, live.snapshots = identity, []
    thread = threading.Thread(target=live.attach, args=(Knife(),))
    thread.start()
    reader = Returning(gateway.port, dialect, framing, SEED)
    reader.generation = identity
    reader.finish(every_event())
    thread.join()
    found = ended(gateway, identity)
    agree(live, gateway, answer.said)
    agree(reader, gateway, answer.said)
    for number, parts in enumerate(live.snapshots):
        again = Returning(gateway.port, dialect, framing, number)
        again.generation, again.parts = identity, parts
        again.finish(every_event() if number % 2 else iter(()), most=2 * (number % 2))
        parts.agree(found, answer.said)
    assert min(len(live.snapshots), reader.cuts) > 10, (len(live.snapshots), reader.cuts)
    note(
        f"resuming: {dialect} {framing}: cut behind each of {reader.cuts} frames while it ran, of {len(live.snapshots)} "
        "when it had ended"
    )


@pytest.mark.timeout(1800 if SOAK else 60)
def test_cut_anywhere(gateway: Served, provider: Provider) -> None:
    """One answer after the other, each read in every way at once, cut at random places."""
    numbers = random.Random(SEED)
    goal = CUTS // len(LOOPS) + 1
    cuts = running = answers = merged = 0
    while cuts < goal:
        seed = numbers.getrandbits(32)
        answer = script(seed, words=numbers.choice([8, 30, 120]), calls=seed % 3, most=seed % 17 + 1, pause=0.02)
        found = read_in_every_way(gateway, provider, answer, seed)
        cuts += sum(reader.cuts for reader in found)
        running += sum(reader.cuts_amid for reader in found)
        merged += sum(reader.parts.merged for reader in found)
        answers += 1
    assert running > cuts // 10 and merged
    NOTES.append(
        f"resuming: {cuts} cuts at random places in {answers} answers, {running} of them "
        f"while the answer ran, {merged} merged events; nothing twice, nothing missing"
    )



def read_in_every_way(gateway: Served, provider: Provider, answer: Script, seed: int) -> list[Returning]:
    """One reader asks and is cut, the others come to what it made; each reads until it has everything."""
    numbers = random.Random(seed)
    provider.answer(answer.answer)
    ways = list(EVERY_WAY)
    numbers.shuffle(ways)
    readers = [Returning(gateway.port, *way, numbers.getrandbits(32)) for way in ways]
    exchanges = provider.count
    identity = readers[0].create(knives(seed), f"key-{seed}")
    exchange = provider.wait_count(exchanges + 1)
    failures: list[BaseException] = []

    def follow(reader: Returning, number: int) -> None:
        try:
            reader.generation = identity
            cutting = knives(seed + number)
            most = 6 if reader.parts.dialect == "openai-chat" and reader.framing == "ndjson" else 40
            while not reader.is_whole:
                before = reader.cuts
                reader.attach(next(cutting) if reader.cuts < most else Knife())
                reader.cuts_amid += (reader.cuts - before) * (exchange.end is None)
            agree(reader, gateway, answer.said)
        except BaseException as problem:
            problem.add_note(f"{reader.dialect} {reader.framing} {identity}, FRESHET_SEED={SEED}, answer {seed}")
            failures.append(problem)

    threads = [threading.Thread(target=follow, args=(reader, at)) for at, reader in enumerate(readers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    assert provider.count == exchanges + 1, "asked once, however often it was asked for"
    return readers


@pytest.mark.parametrize(("dialect", "framing"), WAYS)
@pytest.mark.timeout(600 if SOAK else 60)
def test_cut_at_every_byte(gateway: Served, provider: Provider, dialect: str, framing: str) -> None:
    """An answer that has ended: cut behind each byte of the response (every 97th in the quick form), read on whole."""
    answer = script(SEED + 1, words=9, calls=1, most=9)
    identity = made(gateway, provider, answer)
    found = ended(gateway, identity)
    step = 1 if SOAK else 97
    place, cuts = 1 + SEED % step, 0
    while True:
        reader = Returning(gateway.port, dialect, framing, place)
        reader.generation = identity
        reader.attach(Knife(ANY, place))
        cuts += reader.cuts
        if not reader.cuts:
            break
        reader.finish(iter(()), most=0)
        reader.parts.agree(found, answer.said)
        place += step
    assert cuts > 5
    note(f"resuming: {dialect} {framing}: cut at {cuts} bytes of an ended answer")


@pytest.mark.parametrize("place", [name for name in PLACES if name != "any byte"])
def test_cut_at_delicate_places(gateway: Served, provider: Provider, place: str) -> None:
    """Each kind of place is met, in a running answer, in every dialect; the bytes before the cut say so."""
    answer = script(SEED + 2, words=30, most=15, pause=0.01)
    identity = made(gateway, provider, answer)
    for dialect, framing in WAYS:
        reader = Returning(gateway.port, dialect, framing, SEED)
        reader.generation = identity
        reader.finish((Knife(PLACES[place], count) for count in [1, 2, 3, 5, 8, 2, 1]), most=7)
        assert reader.cuts > 0 or place == "inside an escape", (dialect, framing)
        agree(reader, gateway, answer.said)


@pytest.mark.parametrize("ending", ["failed", "stopped"])
def test_cut_answers_that_do_not_finish(gateway: Served, provider: Provider, ending: str) -> None:
    """The end of a failure and of a stop, checksums and all, arrives however it is cut."""
    for seed in range(SEED, SEED + (20 if SOAK else 2)):
        answer = script(seed, words=20, calls=seed % 3, ends=[FIN if ending == "failed" else STALL])
        answer.said.error = "provider_truncated" if ending == "failed" else None
        identity = made(gateway, provider, answer)
        if ending == "stopped":
            assert eventually(lambda: said_by(document(gateway, identity)) == answer.said)
            with Connection(gateway.port) as connection:
                assert connection.request("POST", f"/v1/generations/{identity}/stop").status == 200
        ended(gateway, identity)
        for dialect, framing in WAYS:
            reader = Returning(gateway.port, dialect, framing, seed)
            reader.generation = identity
            reader.finish(knives(seed, 600), most=10)
            agree(reader, gateway, answer.said)


@pytest.mark.parametrize("loops", LOOPS)
def test_far_behind_then_cut(provider: Provider, loops: int) -> None:
    """A reader that fell behind gets deltas merged, is cut amid them, and goes on: still nothing twice."""
    answer = script(SEED, words=12_000 if SOAK else 4000, calls=1, most=4)
    limits = {"send_buffer": "8KiB"}
    with Served(configuration(provider.url, loops, limits=limits)) as gateway:
        identity = made(gateway, provider, answer)
        readers = []
        for dialect, framing in WAYS:
            reader = Returning(gateway.port, dialect, framing, SEED)
            reader.generation = identity
            readers.append(reader)
            reader.attach(Knife(ANY, 4000))
        ended(gateway, identity)
        numbers = random.Random(SEED)
        for reader in readers:
            reader.finish((Knife(ANY, numbers.randint(1, 60_000)) for _ in range(1000)), most=20)
            agree(reader, gateway, answer.said)
            assert not isinstance(reader.parts, NativeParts) or reader.parts.merged > 0


@pytest.mark.parametrize("dialect", ["simple", "openai-chat"])
def test_another_dialect_behind_any_event(gateway: Served, provider: Provider, dialect: str) -> None:
    """A reader of native events goes on in another dialect, wherever it stands: amid a character, a call, a frame."""
    answer = script(SEED + 3, words=16, most=6)
    provider.answer(answer.answer)
    with Connection(gateway.port) as connection:
        body = {"model": "m", "messages": [{"role": "user", "content": "Hello?"}]}
        response = connection.request("POST", "/v1/generations", {"accept": "application/x-ndjson"}, body)
        identity = response.headers["x-freshet-generation"]
        lines = list(response.lines())
    events = NativeParts()
    for line in lines[:-1]:
        events.line(line)
        rest = Returning(gateway.port, dialect, "ndjson", SEED)
        target = f"/v1/generations/{identity}/events?dialect={dialect}&after={events.reader.seq}"
        begun = [Call(block["call_id"], block["name"], block["text"]) for block in events.blocks if "call_id" in block]
        if isinstance(rest.parts, ChatParts):
            rest.parts.said.calls = begun
        assert rest.connect(target, {}, Knife()) == 200
        if isinstance(rest.parts, ChatParts):
            calls = [Call(call.id, call.name, whole(call.arguments)) for call in rest.parts.said.calls]
            assert calls == answer.said.calls
            text, reasoning = rest.parts.said.text, rest.parts.said.reasoning
        else:
            assert isinstance(rest.parts, SimpleParts)
            text, reasoning = rest.parts.reader.message.text, rest.parts.reader.message.reasoning
            complete = sum("call_id" in block and "open" not in block for block in events.blocks)
            assert len(rest.parts.reader.calls) == len(answer.said.calls) - complete
        before = events.reader.message
        assert whole(before.text + text) == answer.said.text
        assert whole(before.reasoning + reasoning) == answer.said.reasoning
