"""Every recording crosses into the other two dialects and means there what the source's own SDK accumulated.

What a client gets is accepted by its vendor's SDK, streamed and whole, and by a checker of its grammar. A recording that
has no proper end, or ends by a word that means failure, is an error in every dialect and never a success: that is no
exception. `CROSSING` lists what may differ, with the reason.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from conftest import LOOPS, NOTES
from corpus import ROOT, THERE, Recording
from gateway import Served
from grammar import check
from meanings import Meaning, meaning, whole_meaning
from provider import Provider
from replay import EXPECTED, RECORDED, oracle, play, raw, three, through
from vendors import DIALECTS, body, failures, question, stream, target, whole
from wire import Connection

FAILING = {
    "MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "TOO_MANY_TOOL_CALLS", "MALFORMED_RESPONSE", "OTHER", "LANGUAGE",
    "MISSING_THOUGHT_SIGNATURE", "IMAGE_OTHER", "NO_IMAGE", "FINISH_REASON_UNSPECIFIED",
}  # fmt: skip
TWO = "two answers one after the other in one file: the first one's message_stop ends it"
CROSSING: dict[tuple[str, str], str] = {
    ("openai-chat", "vercel-anthropic-tool-search-regex-1.ndjson"): TWO,
    ("gemini", "vercel-anthropic-tool-search-regex-1.ndjson"): TWO,
    ("gemini", "vercel-spliced-message-start.ndjson"): "a call broken off amid its JSON: Gemini's arguments are objects",
}
"""(client's dialect, recording): why it may differ."""
CASES = [
    (client, source, name)
    for client in DIALECTS
    for source in DIALECTS
    if client != source
    for name in RECORDED[source]
]
RAN: dict[tuple[str, str], list[str]] = {}

# Words that Google's SDK does not know are the point of some recordings.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")
needs_corpus = pytest.mark.skipif(not THERE, reason=f"no recorded streams at {ROOT}: 0 run")


@pytest.fixture(scope="module")
def stage() -> Iterator[Provider]:
    with Provider() as provider:
        provider.answer(play)
        yield provider


@pytest.fixture(scope="module")
def served(stage: Provider) -> Iterator[Served]:
    with Served(three(stage.root, LOOPS[-1])) as gateway:
        yield gateway


def expected(client: str, found: Meaning) -> Meaning:
    """What the client's dialect can say of it."""
    if found.is_refused and client == "anthropic":  # Chat has a member for it, and no reason
        return replace(found, stop="content_filter")
    if found.stop == "pause_turn" and client == "gemini":  # which has no word for it
        return replace(found, stop="OTHER")
    return found


def is_failure(found: Meaning) -> bool:
    return found.stop is None or found.stop in FAILING


def same(client: str, found: Meaning, wanted: Meaning) -> str | None:
    """The first difference; None where there is none."""
    wanted = expected(client, wanted)
    for member in ("text", "reasoning", "stop"):
        if getattr(found, member) != getattr(wanted, member):
            return f"{member}: {getattr(found, member)!r} instead of {getattr(wanted, member)!r}"
    if found.named_calls != wanted.named_calls:
        return f"calls: {found.named_calls} instead of {wanted.named_calls}"
    ids = [(one.id, other.id) for one, other in zip(found.calls, wanted.calls, strict=True)]
    if any(one != other for one, other in ids if other):
        return f"ids: {ids}"
    known = {name: count for name, count in wanted.usage.items() if count}
    told = {name: count for name, count in found.usage.items() if count}
    if wanted.usage and told != known:
        return f"usage: {told} instead of {known}"
    return None


@needs_corpus
@pytest.mark.parametrize(("client", "source", "name"), CASES)
def test_crossing(served: Served, stage: Provider, client: str, source: str, name: str) -> None:
    recording = RECORDED[source][name]
    wanted = oracle(stage, recording)
    difference = failing(served, client, recording) if is_failure(wanted) else succeeding(served, client, recording, wanted)
    excepted = CROSSING.get((client, name))
    assert (difference is None) == (excepted is None), (difference, excepted)
    RAN.setdefault((source, client), []).append(name)


def succeeding(served: Served, client: str, recording: Recording, wanted: Meaning) -> str | None:
    model = through(recording, "random-1")
    response, events = raw(served.port, client, model)
    checked = check(client, response, events)
    assert checked.error is None, checked.error
    asked = question(client, model)
    streamed = {**asked, "stream_options": {"include_usage": True}} if client == "openai-chat" else asked
    found: list[Meaning] = [
        meaning(client, checked.values),
        meaning(client, stream(client, served.url, streamed)),
        whole_meaning(client, whole(client, served.url, asked)),
    ]
    if client == "gemini":
        found.append(meaning(client, array(served.port, model)))
    return next((told for told in (same(client, one, wanted) for one in found) if told), None)


def array(port: int, model: str) -> list[dict[str, Any]]:
    """The chunks that Gemini's clients get without `alt=sse`: one JSON array."""
    with Connection(port) as connection:
        path = target("gemini", model, True).partition("?")[0]
        response = connection.request("POST", path, body=body("gemini", model))
        assert response.headers["content-type"].startswith("application/json")
        values = response.json()
        assert response.ended == "clean"
        return list(values)


def failing(served: Served, client: str, recording: Recording) -> str | None:
    """An error in every form: before the first byte a status, afterwards the dialect's error and no clean end."""
    model = through(recording, "random-1")
    response, events = raw(served.port, client, model)
    if response.status == 200:
        assert check(client, response, events).error is not None
    else:
        assert response.status >= 500, response.status
    for ask in (stream, whole):
        with pytest.raises(failures()):
            ask(client, served.url, question(client, model))
    return None


@needs_corpus
def test_all_crossed(request: pytest.FixtureRequest) -> None:
    """Where the corpus is there, a run that used fewer than all fails."""
    assert len(CASES) == 2 * sum(EXPECTED.values()) and len(CROSSING) <= len(CASES) * 3 // 100
    if request.config.getoption("keyword") or "::" in " ".join(request.config.args):
        pytest.skip("a selection was asked for")
    told: list[str] = []
    for (source, client), names in sorted(RAN.items()):
        excepted = sum((client, name) in CROSSING for name in names)
        told.append(f"{source} to {client} {len(names) - excepted} of {EXPECTED[source]}")
    NOTES.append(f"recorded streams that crossed: {', '.join(told)}; {len(CROSSING)} excepted")
    assert sum(map(len, RAN.values())) == len(CASES)
