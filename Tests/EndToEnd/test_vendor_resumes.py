"""Kept answers read in the vendors' dialects, cut anywhere and resumed: the vendor's SDK reads what was put together.

A reader knows two things: each frame has an id, and going on means naming the last one. The pieces, ids taken off, are one
body, which a stand-in hands to the SDK; it must be what an uncut reading is, by the SDK and by the dialect's grammar.
FRESHET_SEED names other cuts.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from typing import Any

import pytest

from conftest import LOOPS, NOTES, SANITIZED, SOAK
from corpus import THERE
from gateway import Restartable, Served
from grammar import check
from held import eventually
from meanings import Meaning, meaning
from provider import FIN, Answer, Exchange, Gate, Provider
from readers import cursor, must
from replay import ALL, NUMBERED, play, three
from resuming import ANY, Knife, Severed, knives, script
from vendors import KINDS, body, failures, question, stream, target
from wire import Connection, Cut, Event, Response

SEED = int(os.environ.get("FRESHET_SEED", "1"))
CUTS = 4000 if SOAK and not SANITIZED else 150
DIALECTS = ["openai-chat", "anthropic", "gemini"]


pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")


class Pieces:
    """What a reader has, and where it goes on."""

    def __init__(self, port: int, dialect: str, seed: int) -> None:
        self.port, self.dialect = port, dialect
        self.numbers = random.Random(seed)
        self.events: list[Event] = []
        self.generation: str | None = None
        self.place = ""
        self.cuts = 0
        self.ended: str | None = None
        self.status = 200
        self.has_no_ids = False

    @property
    def is_failed(self) -> bool:
        return bool(self.events) and '"error"' in str(self.events[-1].data)[:60]

    @property
    def is_whole(self) -> bool:
        return self.ended == "clean" or self.is_failed

    def connect(self, knife: Knife, method: str, path: str, fields: dict[str, str], content: Any = None) -> None:
        """One connection, until it is cut or has ended."""
        with Severed(self.port, knife) as connection:
            connection.send(method, path, fields, content)
            try:
                response = Response(connection)
            except (Cut, ValueError):
                must(connection.is_cut, "an answer", path)
                self.cuts += 1
                return
            self.status = response.status
            if response.status == 204:
                self.ended = "clean"
                return
            must(response.status == 200, "it is there", response.status, path, fields)
            self.generation = response.headers["x-freshet-generation"]
            for event in response.events():
                self._take(event)
            self.ended = None if connection.is_cut else response.ended
            self.cuts += connection.is_cut
            must(connection.is_cut or self.is_whole, "no end without the answer's", self.place)

    def _take(self, event: Event) -> None:
        if event.id is not None:
            now, before = position(event.id), position(self.place or event.id.partition(":")[0] + ":0.0")
            must(now > before or (now == before and event.data is None), "ids rise", before, now)
            self.place = event.id
        if event.data is not None:
            must(event.id is not None or event.event == "ping" or self.has_no_ids, "an id", event)
            self.events.append(event)

    def ask(self, knife: Knife, model: str, key: str) -> None:
        """Makes it, in the vendor's own way. Google's SDK takes any line but data for an error, so its clients get no
        ids there: who is cut begins anew."""
        fields = {"x-freshet-log": "on", "idempotency-key": key}
        if self.dialect == "anthropic":
            fields["anthropic-version"] = "2023-06-01"
        self.has_no_ids = self.dialect == "gemini"
        self.connect(knife, "POST", target(self.dialect, model, True), fields, body(self.dialect, model))
        if self.has_no_ids and not self.is_whole:
            self.events = []
        self.has_no_ids = False

    def attach(self, knife: Knife) -> None:
        """Comes back, by number, by cursor, or as a browser does."""
        base = f"/v1/generations/{self.generation}/events?dialect={self.dialect}&include_usage=true"
        if not self.place:
            return self.connect(knife, "GET", base, {})
        if self.numbers.random() < 0.5:
            return self.connect(knife, "GET", base, {"last-event-id": self.place})
        self.connect(knife, "GET", f"{base}&after={self.place}", {})

    def finish(self, cutting: Iterator[Knife], most: int = 40) -> None:
        while not self.is_whole:
            self.attach(next(cutting) if self.cuts < most else Knife())

    @property
    def body(self) -> bytes:
        """What came, as one body without ids."""
        frames = []
        for event in self.events:
            name = f"event: {event.event}\n" if event.event else ""
            lines = "".join(f"data: {line}\n" for line in str(event.data).split("\n"))
            frames.append(f"{name}{lines}\n".encode())
        return b"".join(frames)


def position(place: str) -> tuple[str, int, float]:
    """A frame that is the last of its event has the event's number alone: it lies behind the numbered ones."""
    generation, seq, part = cursor(place)
    return generation, seq, part if "." in place else float("inf")


class Bodies:
    """Hands bodies to SDKs by their names; any other model is a recording or the script of the moment."""

    def __init__(self) -> None:
        self.bodies: dict[str, bytes] = {}
        self.script: Any = None

    def __call__(self, exchange: Exchange) -> Answer:
        name = exchange.model
        if name in self.bodies:
            return Answer([self.bodies[name]])
        return slowly(play(exchange)) if "@" in name else self.script

    def read(self, provider: Provider, dialect: str, content: bytes) -> Meaning:
        """What the vendor's SDK makes of it."""
        name = f"body-{len(self.bodies)}"
        self.bodies[name] = content
        return meaning(dialect, stream(dialect, provider.root, question(dialect, name)))


def slowly(answer: Answer) -> Answer:
    return Answer([0.004 if step == 0.0 else step for step in answer.steps], headers=answer.headers)


@pytest.fixture
def bodies(provider: Provider) -> Bodies:
    found = Bodies()
    provider.answer(found)
    return found


@pytest.fixture(params=LOOPS, ids=lambda loops: f"loops{loops}")
def served(request: pytest.FixtureRequest, provider: Provider) -> Iterator[Served]:
    with Served(three(provider.root, request.param)) as gateway:
        yield gateway


def checked(pieces: Pieces) -> None:
    """What was put together keeps the grammar."""
    response: Any = type("Whole", (), {"status": 200, "headers": {"content-type": "text/event-stream"}})()
    response.ended = "cut" if pieces.is_failed else "clean"
    check(pieces.dialect, response, pieces.events)


def uncut(port: int, dialect: str, generation: str) -> Pieces:
    pieces = Pieces(port, dialect, 0)
    pieces.generation = generation
    pieces.attach(Knife())
    return pieces


def agree(pieces: Pieces, provider: Provider, bodies: Bodies, is_own: bool) -> Meaning:
    """`is_own`: the provider speaks the dialect itself, and its oddities are passed on."""
    assert pieces.generation is not None
    whole = uncut(pieces.port, pieces.dialect, pieces.generation)
    if not is_own:
        checked(pieces)
        checked(whole)
    found = bodies.read(provider, pieces.dialect, pieces.body)
    assert found == bodies.read(provider, pieces.dialect, whole.body)
    return found


def ended(port: int, generation: str) -> bool:
    with Connection(port) as connection:
        document = connection.request("GET", f"/v1/generations/{generation}").json()
    return bool(document["state"] != "running")


def models(numbers: random.Random) -> Iterator[str]:
    """Recordings of each dialect, and the script, in turn."""
    fitting = [
        f"{recording.kind}/{name}@random-{numbers.randint(1, 99)}"
        for name, recording in ALL.items()
        if 3000 < len(recording.body) < 20_000 and recording.is_single and name not in NUMBERED
    ]
    while True:
        yield "openai/scripted"
        if THERE:
            yield numbers.choice(fitting)


@pytest.mark.timeout(1800 if SOAK else 120)
def test_cut_anywhere(served: Served, provider: Provider, bodies: Bodies) -> None:
    """One reader of each dialect makes an answer and is cut; the others attach; all are cut until they have it all."""
    numbers = random.Random(SEED)
    cuts = answers = 0
    found = models(numbers)
    while cuts < CUTS // len(LOOPS):
        seed = numbers.getrandbits(32)
        model = next(found)
        said = script(seed, words=30, calls=seed % 3, most=9, pause=0.01)
        bodies.script = said.answer
        readers = [Pieces(served.port, dialect, seed) for dialect in DIALECTS]
        numbers.shuffle(readers)
        cutting = knives(seed, 2500)
        while readers[0].generation is None:
            readers[0].ask(next(cutting), model, f"key-{seed}")
        for reader in readers:
            reader.generation = readers[0].generation
            reader.finish(knives(seed + len(reader.dialect), 2500), most=12)
            try:
                is_own = model.startswith(KINDS[reader.dialect]) and "@" in model
                meant = None if reader.is_failed else agree(reader, provider, bodies, is_own)
                if meant is not None and model.endswith("scripted"):
                    assert meant.text.encode("utf-16", "surrogatepass").decode("utf-16", "replace") == said.said.text
            except BaseException as problem:
                problem.add_note(f"{reader.dialect} {model} {reader.generation}, FRESHET_SEED={SEED}, answer {seed}")
                raise
            cuts += reader.cuts
        answers += 1
    NOTES.append(f"vendors' dialects resumed: {cuts} cuts in {answers} answers, each read whole by its SDK")


@pytest.mark.parametrize("dialect", ["anthropic", "gemini"])
def test_cut_behind_every_frame(served: Served, provider: Provider, bodies: Bodies, dialect: str) -> None:
    """One frame a connection; when it has ended, from each place that it went through."""
    said = script(SEED, words=24, calls=2, most=8, pause=0.002, write=150)
    bodies.script = said.answer
    first = Pieces(served.port, dialect, SEED)
    first.ask(Knife(), "openai/scripted", f"every-{dialect}")
    generation = str(first.generation)
    whole = uncut(served.port, dialect, generation)
    checked(whole)
    wanted = bodies.read(provider, dialect, whole.body)
    assert wanted.reasoning and wanted.calls
    step = 1 if SOAK else 7
    for number in range(1 + SEED % step, len(whole.events), step):
        rest = Pieces(served.port, dialect, number)
        rest.generation, rest.events = generation, list(whole.events[:number])
        rest.place = str(next(event.id for event in reversed(rest.events) if event.id))
        rest.attach(Knife())
        checked(rest)
        assert bodies.read(provider, dialect, rest.body) == wanted, number
    last = Pieces(served.port, dialect, 0)
    last.generation, last.place = generation, str(whole.place)
    last.attach(Knife())
    assert last.status == 204 and not last.events


@pytest.mark.parametrize("dialect", ["anthropic", "gemini"])
def test_cut_and_failed(served: Served, provider: Provider, bodies: Bodies, dialect: str) -> None:
    """The error arrives however the reader is cut, and the SDK raises behind what was said."""
    said = script(SEED, words=40, calls=1, ends=[FIN])
    bodies.script = said.answer
    reader = Pieces(served.port, dialect, SEED)
    cutting = knives(SEED, 1500)
    while reader.generation is None:
        reader.ask(next(cutting), "openai/scripted", f"failed-{dialect}")
    if not reader.is_whole:
        reader.attach(Knife(ANY, 700))
    reader.finish(cutting)
    assert reader.is_failed
    checked(reader)
    with pytest.raises(failures()):
        bodies.read(provider, dialect, reader.body)


@pytest.mark.parametrize("loops", LOOPS)
def test_killed(provider: Provider, bodies: Bodies, loops: int) -> None:
    """`kill -9` amid an answer: its readers go on behind it, in each dialect, to the error that says so."""
    said = script(SEED + 1, words=60, calls=1, most=9, write=200)
    gate = Gate()
    half = len(said.steps) // 2
    bodies.script = Answer([*said.steps[:half], gate, *said.steps[half:]])
    with Restartable(three(provider.root, loops)) as house:
        readers = [Pieces(house.port, dialect, SEED) for dialect in DIALECTS]
        first = readers[0]
        while first.generation is None:
            first.ask(cut_soon(first.numbers), "openai/scripted", "killed")
        for reader in readers:
            reader.generation = first.generation
            for _ in range(3):
                reader.attach(cut_soon(reader.numbers))
        house.kill()
        house.start()
        gate.open()
        assert eventually(lambda: ended(house.port, str(first.generation)))
        for reader in readers:
            reader.finish(knives(SEED, 1500), most=reader.cuts + 5)
            assert reader.is_failed, reader.events[-1]
            checked(reader)
            with pytest.raises(failures()):
                bodies.read(provider, reader.dialect, reader.body)
            whole = uncut(house.port, reader.dialect, str(first.generation))
            assert whole.is_failed and whole.events[-1].data == reader.events[-1].data


def cut_soon(numbers: random.Random) -> Knife:
    """Where the provider has surely come to, head included, before it is held."""
    return Knife(ANY, numbers.randint(1, 900))
