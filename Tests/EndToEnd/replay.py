"""Recordings played by a stand-in provider through a gateway that has one provider of each dialect.

The model names the recording and how its body is cut: `NAME@CHUNKING`; through the gateway, with the provider's kind and
`/` before it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from corpus import Recording, recordings
from meanings import Meaning, meaning
from provider import Answer, Exchange, Provider, cut, random_sizes
from vendors import DIALECTS, KINDS, body, provider, question, stream, target
from wire import Connection, Event, EventStream, Response

EXPECTED = {"openai-chat": 37, "anthropic": 46, "gemini": 45}
"""How many recordings there are; a run with fewer fails where there are any."""
RECORDED = {dialect: {recording.name: recording for recording in recordings(dialect)} for dialect in DIALECTS}
NUMBERED = {
    "langchaingo-testgoogleaiwithstreaming.array.json",
    "openinference-vertex-gemini-token-counts-streaming.array.json",
}
"""Recordings that write enumerations as numbers: Google's SDK fails on them."""
ALL = {name: recording for found in RECORDED.values() for name, recording in found.items()}
SENTINEL = re.compile(rb"(?m)^data: ?\[DONE\]\r?\n\r?\n")


def pieces(content: bytes, chunking: str) -> list[bytes]:
    if chunking == "whole":
        return [content]
    if chunking == "events":
        ends = [found.end() for found in re.finditer(rb"\r?\n\r?\n", content)]
        return [content[at:end] for at, end in zip([0, *ends], [*ends, len(content)], strict=True) if end > at]
    kind, _, number = chunking.partition("-")
    return cut(content, random_sizes(int(number)) if kind == "random" else [int(number or chunking)] * len(content))


def play(exchange: Exchange) -> Answer:
    """The recording that the model names, in the pieces asked for; an SDK that asks itself gets event streams alone."""
    name, _, chunking = exchange.model.rpartition("@")
    recording = ALL[name]
    is_array = recording.is_array and chunking != "sdk"
    parts: list[Any] = []
    for piece in pieces(recording.body if is_array else recording.events, "whole" if chunking == "sdk" else chunking):
        # A pause of nothing lets the loop flush, so that pieces leave one by one.
        parts += [piece, 0.0]
    return Answer(parts, headers={"content-type": "application/json" if is_array else "text/event-stream"})


def three(root: str, loops: int, **more: Any) -> dict[str, Any]:
    """A configuration with one provider of each kind, all of them at one address."""
    providers = {KINDS[dialect]: provider(dialect, root) for dialect in DIALECTS}
    return {"listen": "127.0.0.1:0", "loops": loops, "providers": providers, **more}


def through(recording: Recording, chunking: str = "events") -> str:
    """The model's name, as the gateway takes it."""
    return f"{recording.kind}/{recording.name}@{chunking}"


def direct(stage: Provider, recording: Recording) -> list[Any]:
    """What the source's own SDK yields; raises what it raises."""
    return stream(recording.dialect, stage.root, question(recording.dialect, f"{recording.name}@sdk"))


def oracle(stage: Provider, recording: Recording) -> Meaning:
    """What the source's own SDK accumulates; where it rejects the recording, what the recording's JSON says."""
    if recording.name not in _ORACLES:
        try:
            found = meaning(recording.dialect, direct(stage, recording))
        except Exception:
            found = meaning(recording.dialect, values(recording.events))
        _ORACLES[recording.name] = found
    return _ORACLES[recording.name]


_ORACLES: dict[str, Meaning] = {}


def values(content: bytes) -> list[dict[str, Any]]:
    """The JSON values of an event stream."""
    stream = EventStream()
    found = [event.data for event in stream.feed(content + b"\n\n")]
    return [json.loads(data) for data in found if data and data.startswith("{")]


def raw(port: int, client: str, model: str, wants_stream: bool = True) -> tuple[Response, list[Event]]:
    """A client's request by hand: the response and its events."""
    with Connection(port) as connection:
        fields = {"anthropic-version": "2023-06-01"} if client == "anthropic" else {}
        asked = body(client, model, wants_stream)
        response = connection.request("POST", target(client, model, wants_stream), fields, asked)
        return response, list(response.events()) if wants_stream and response.status == 200 else []


def chunkings(size: int, long: bool) -> Iterator[str]:
    """Of a body of so many bytes; smaller pieces of a large one would take minutes."""
    yield from ("whole", "events", "random-1", "random-2")
    if long:
        yield from (str(length) for length in (1, 2, 3, 7, 64, 1460) if size < 5000 * length)
        yield from (f"random-{number}" for number in range(3, 20))
