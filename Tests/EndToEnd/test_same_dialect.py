"""Every recorded Messages and Gemini stream comes through Freshet as the vendor's SDK would have seen it without.

What the SDK yields, direct and through the gateway, is deep-equal, members included that no model of ours knows, whatever
pieces the provider writes the body in. google-genai drops what it does not know: there the JSON of each chunk is compared
too. `exceptions.json` lists what may differ, with the reason. Chat has `test_corpus.py`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from conftest import LOOPS, NOTES, SOAK
from corpus import ROOT, THERE, Recording
from gateway import Served
from meanings import meaning, whole_meaning
from provider import Provider
from replay import EXPECTED, NUMBERED, RECORDED, chunkings, oracle, play, raw, three, through, values
from vendors import body, dump, failures, question, stream, target, whole
from wire import Connection

EXCEPTIONS: dict[str, str] = json.loads((Path(__file__).parent / "exceptions.json").read_text())
CASES = [(dialect, name) for dialect in ("anthropic", "gemini") for name in RECORDED[dialect]]
DIRECT: dict[str, Any] = {}
"""What the SDK yields without Freshet, by the recording's name."""
RAN: dict[str, set[str]] = {"anthropic": set(), "gemini": set()}

# Members and words that an SDK does not know are the point of some recordings.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")
needs_corpus = pytest.mark.skipif(not THERE, reason=f"no recorded streams at {ROOT}: 0 run")


@pytest.fixture(scope="module")
def stage() -> Iterator[Provider]:
    with Provider() as provider:
        provider.answer(play)
        yield provider


@pytest.fixture(scope="module", params=LOOPS, ids=lambda loops: f"loops{loops}")
def served(request: pytest.FixtureRequest, stage: Provider) -> Iterator[Served]:
    with Served(three(stage.root, request.param)) as gateway:
        yield gateway


def yielded(dialect: str, root: str, model: str) -> Any:
    """What the SDK makes of it: its objects, and how it fails where it does."""
    try:
        return [dump(item) for item in stream(dialect, root, question(dialect, model))], None
    except Exception as problem:
        return None, type(problem).__name__


@needs_corpus
@pytest.mark.parametrize(("dialect", "name"), CASES)
def test_direct(stage: Provider, dialect: str, name: str) -> None:
    """The control column: the SDK against the stand-in agrees with the recording's own final."""
    recording = RECORDED[dialect][name]
    if recording.final is not None and "spliced" not in name:
        wanted = whole_meaning(dialect, recording.final)
        assert oracle(stage, recording) == wanted


@needs_corpus
@pytest.mark.parametrize(("dialect", "name"), CASES)
def test_through(served: Served, stage: Provider, dialect: str, name: str) -> None:
    recording = RECORDED[dialect][name]
    for chunking in chunkings(len(recording.body), SOAK):
        same = as_without(served, stage, recording, chunking)
        assert (same is None) != (name in EXCEPTIONS), (chunking, same, EXCEPTIONS.get(name))
    RAN[dialect].add(name)


def as_without(served: Served, stage: Provider, recording: Recording, chunking: str) -> str | None:
    """None where it is; else the first difference."""
    dialect, model = recording.dialect, through(recording, chunking)
    ends = oracle(stage, recording).stop is not None
    if recording.name not in DIRECT:
        DIRECT[recording.name] = yielded(dialect, stage.root, f"{recording.name}@sdk")
    wanted, refused = DIRECT[recording.name]
    found, failed = yielded(dialect, served.url, model)
    if not ends:
        return None if failed else "an answer without an end passed for a whole one"
    if refused is None and found != wanted:
        return failed or difference(found, wanted)
    if dialect == "anthropic" and refused is None:
        return None
    response, events = raw(served.port, dialect, model)
    if response.status != 200:
        return f"{response.status}"
    got = [event.json() for event in events if event.data]
    if dialect == "gemini":
        return None if got == values(recording.events) else difference(got, values(recording.events))
    return None if meaning(dialect, got) == oracle(stage, recording) else f"{meaning(dialect, got)}"


def difference(found: list[Any], wanted: list[Any]) -> str:
    for number, (one, other) in enumerate(zip(found, wanted, strict=False)):
        if one != other:
            return f"{number}: {one} instead of {other}"
    return f"{len(found)} items instead of {len(wanted)}"


@needs_corpus
@pytest.mark.parametrize(("dialect", "name"), CASES)
def test_whole(served: Served, stage: Provider, dialect: str, name: str) -> None:
    """Not streamed: the fold says what the stream's SDK accumulates."""
    recording = RECORDED[dialect][name]
    if name in EXCEPTIONS:
        return
    wanted = oracle(stage, recording)
    asked = question(dialect, through(recording))
    if wanted.stop is None:
        with pytest.raises(failures()):
            whole(dialect, served.url, asked)
        return
    if dialect == "gemini":
        with Connection(served.port) as connection:  # enumerations as numbers are none to the SDK
            response = connection.request("POST", target(dialect, through(recording), False), body=body(dialect, "", False))
            assert response.status == 200, response.body()
            assert whole_meaning(dialect, response.json()) == wanted
    if name not in NUMBERED:
        assert whole_meaning(dialect, whole(dialect, served.url, asked)) == wanted


@needs_corpus
def test_all_ran(request: pytest.FixtureRequest) -> None:
    """Where the corpus is there, a run that used fewer than all fails."""
    total = sum(EXPECTED[dialect] for dialect in RAN)
    assert len(CASES) == total and len(EXCEPTIONS) <= total * 3 // 100
    if request.config.getoption("keyword") or "::" in " ".join(request.config.args):
        pytest.skip("a selection was asked for")
    assert {dialect: len(names) for dialect, names in RAN.items()} == {name: EXPECTED[name] for name in RAN}
    NOTES.append(
        "recorded streams in their own dialect through Freshet: "
        + ", ".join(f"{len(names)} of {EXPECTED[dialect]} {dialect}" for dialect, names in RAN.items())
        + f", at {len(list(chunkings(0, SOAK)))} chunkings, {len(EXCEPTIONS)} excepted"
    )
