"""Every recorded Chat stream comes through Freshet as the SDK would have seen it without.

`model_dump()` of every chunk, direct and through the gateway, is deep-equal after `normaliser.normalised` on both
sides, whatever pieces the provider writes the body in. `exceptions.json` lists what may differ, with the reason.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from openai import APIError, OpenAI
from openai.lib.streaming.chat import ChatCompletionStreamState
from openai.types.chat import ChatCompletionChunk

from conftest import LOOPS, SOAK
from corpus import ROOT, THERE, Recording, error_bodies, recordings
from gateway import Served, configuration
from normaliser import normalised
from provider import Answer, Exchange, Provider, cut, random_sizes
from wire import Connection

RECORDINGS = {recording.name: recording for recording in recordings("openai-chat")}
COMPATIBLE = {recording.name: recording for recording in recordings("openai-compatible")}
EXCEPTIONS: dict[str, str] = json.loads((Path(__file__).parent / "exceptions.json").read_text())
EXPECTED = 37
MOST_EXCEPTIONS = 1
CHUNKINGS = ["whole", "events", "random-1", "random-2"] + ([f"random-{n}" for n in range(3, 20)] + ["3", "7"]) * SOAK
RAN: set[str] = set()


def pieces(body: bytes, chunking: str) -> list[bytes]:
    if chunking == "whole":
        return [body]
    if chunking == "events":
        return [event + b"\n\n" for event in body.split(b"\n\n") if event]
    kind, _, number = chunking.partition("-")
    return cut(body, random_sizes(int(number)) if kind == "random" else [int(chunking)] * len(body))


def play(exchange: Exchange) -> Answer:
    """The recording the model names, in the pieces asked for, as the provider would send it."""
    name, _, chunking = exchange.json["model"].rpartition("@")
    parts: list[Any] = []
    for piece in pieces((RECORDINGS | COMPATIBLE)[name].body, chunking):
        # A pause of nothing lets the loop flush, so that pieces leave one by one.
        parts += [piece, 0.0]
    return Answer(parts)


@pytest.fixture(scope="module")
def stage() -> Iterator[Provider]:
    with Provider() as provider:
        provider.answer(play)
        yield provider


@pytest.fixture(scope="module", params=LOOPS, ids=lambda loops: f"loops{loops}")
def served(request: pytest.FixtureRequest, stage: Provider) -> Iterator[Served]:
    with Served(configuration(stage.url, request.param)) as gateway:
        yield gateway


@cache
def client(url: str) -> OpenAI:
    return OpenAI(base_url=url, api_key="sk-client", max_retries=0, timeout=30)


def ask(url: str, recording: Recording, chunking: str) -> list[ChatCompletionChunk]:
    options: dict[str, Any] = {"stream_options": {"include_usage": True}} if recording.has_usage else {}
    if recording.choices > 1:
        options["n"] = recording.choices
    messages: Any = [{"role": "user", "content": "Go on."}]
    model = f"{recording.name}@{chunking}"
    return list(client(url).chat.completions.create(model=model, messages=messages, stream=True, **options))


def dumps(chunks: list[ChatCompletionChunk]) -> list[dict[str, Any]]:
    return normalised([chunk.model_dump() for chunk in chunks])


def accumulated(chunks: list[ChatCompletionChunk]) -> dict[str, Any]:
    state: ChatCompletionStreamState[None] = ChatCompletionStreamState()
    for chunk in chunks:
        state.handle_chunk(chunk)
    return state.current_completion_snapshot.model_dump()


def trusted(final: dict[str, Any]) -> dict[str, Any]:
    """The members that SOURCES.md says to trust."""
    return {"usage": known(final.get("usage")), "choices": [trusted_choice(choice) for choice in final["choices"]]}


def known(value: Any) -> Any:
    """Without nulls: the SDK's versions name different members that nobody sent."""
    return (
        {key: known(inner) for key, inner in value.items() if inner is not None} if isinstance(value, dict) else value
    )


def trusted_choice(choice: dict[str, Any]) -> dict[str, Any]:
    message = choice["message"]
    calls = [
        (call["id"], call["function"]["name"], call["function"]["arguments"])
        for call in message.get("tool_calls") or []
    ]
    parts = {"content": message.get("content") or None, "refusal": message.get("refusal") or None}
    return {**parts, "index": choice["index"], "tool_calls": calls, "finish_reason": choice["finish_reason"]}


needs_corpus = pytest.mark.skipif(not THERE, reason=f"no recorded streams at {ROOT}: 0 run")


@needs_corpus
@pytest.mark.parametrize("name", RECORDINGS)
def test_direct(stage: Provider, name: str) -> None:
    """The control column: the SDK against the stand-in agrees with the recording's own final."""
    recording = RECORDINGS[name]
    chunks = ask(stage.url, recording, "events")
    assert len(chunks) == len(recording.chunks)
    if recording.final is not None:
        assert trusted(accumulated(undoubled(chunks))) == trusted(recording.final)


def undoubled(chunks: list[ChatCompletionChunk]) -> list[ChatCompletionChunk]:
    """Repeated tool ids and names blanked, as was done for the .final.json files: the SDK would join them."""
    values = normalised([chunk.to_dict() for chunk in chunks])
    for value in values:
        for delta in (choice["delta"] for choice in value["choices"]):
            holders = [delta, *(call for call in delta.get("tool_calls") or [])]
            for holder in [*holders, *(call.get("function") or {} for call in holders[1:])]:
                for member in [member for member in ("role", "id", "type", "name") if holder.get(member, 0) is None]:
                    del holder[member]
    return [ChatCompletionChunk.model_validate(value) for value in values]


@needs_corpus
@pytest.mark.parametrize("name", RECORDINGS)
def test_through(served: Served, stage: Provider, name: str) -> None:
    recording = RECORDINGS[name]
    wanted = dumps(ask(stage.url, recording, "whole"))
    for chunking in CHUNKINGS:
        chunks = ask(f"{served.url}/v1", recording, chunking)
        same = dumps(chunks) == wanted
        if name in EXCEPTIONS:
            assert not same, f"{name} is listed as an exception ({EXCEPTIONS[name]}) and is none"
            continue
        assert dumps(chunks) == wanted, chunking
        if recording.final is not None:
            assert trusted(accumulated(chunks)) == trusted(recording.final), chunking
    RAN.add(name)


@needs_corpus
def test_all_ran(request: pytest.FixtureRequest) -> None:
    """Where the corpus is there, a run that used fewer than all fails."""
    assert len(RECORDINGS) == EXPECTED and len(set(EXCEPTIONS) & set(RECORDINGS)) <= MOST_EXCEPTIONS
    if request.config.getoption("keyword") or "::" in " ".join(request.config.args):
        pytest.skip("a selection was asked for")
    with request.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
        print(f"\nrecorded Chat streams through Freshet: {len(RAN)} of {EXPECTED}, at {len(CHUNKINGS)} chunkings each")
    assert len(RAN) == EXPECTED, sorted(set(RECORDINGS) - RAN)


# Other services that speak the dialect, each in its own way: what they say must arrive, not every odd member.

DIFFERENT = {
    "openrouter:llm-tools-streaming-variant-a.sse": "no finish reason: an error, not half an answer",
    "openrouter:pydanticai-openrouter-stream-error.sse": "an error behind a complete answer",
}


def meaning(chunks: list[ChatCompletionChunk]) -> dict[str, Any]:
    """Text, reasoning, tool calls and finish reasons by choice, however the service cuts and repeats them."""
    said: dict[str, Any] = {"tools": [], "finish": {}}
    places: dict[tuple[int, int], list[str]] = {}
    for choice in (choice for chunk in chunks for choice in chunk.choices or []):
        delta = choice.delta.model_dump() if choice.delta else {}
        for member in ("content", "reasoning", "reasoning_content", "refusal"):
            if isinstance(delta.get(member), str) and delta[member]:
                key = f"{choice.index} {member}"
                said[key] = said.get(key, "") + delta[member]
        for call in delta.get("tool_calls") or []:
            place = (choice.index, call["index"])
            if place not in places or (call["id"] and call["id"] != places[place][0]):
                places[place] = [call["id"], call["function"]["name"], ""]
                said["tools"].append(places[place])
            places[place][2] += call["function"]["arguments"] or ""
        if choice.finish_reason:
            said["finish"][choice.index] = choice.finish_reason
    return said


@needs_corpus
@pytest.mark.filterwarnings("ignore:Pydantic serializer warnings")
def test_compatible_services(served: Served, stage: Provider, capsys: pytest.CaptureFixture[str]) -> None:
    differ = []
    for name, recording in COMPATIBLE.items():
        try:
            wanted = meaning(ask(stage.url, recording, "random-1"))
            same = meaning(ask(f"{served.url}/v1", recording, "random-1")) == wanted
        except APIError:
            same = False
        if not same:
            differ.append(name)
    with capsys.disabled():
        same_count = len(COMPATIBLE) - len(differ)
        print(f"\nrecorded streams of other services: {same_count} of {len(COMPATIBLE)} mean the same")
    assert sorted(differ) == sorted(DIFFERENT) and len(COMPATIBLE) == 82


@needs_corpus
def test_recorded_errors(served: Served, stage: Provider, capsys: pytest.CaptureFixture[str]) -> None:
    """Errors of every service pass with their status and their own bytes."""
    bodies = error_bodies()
    body = {"model": "m", "messages": [{"role": "user", "content": "Hello?"}], "stream": True}
    for name, status, content in bodies:
        kind = "application/json" if content.lstrip()[:1] in (b"{", b"[") else "text/plain"
        stage.answer_next(Answer([content], status, {"content-type": kind}, "length"))
        with Connection(served.port) as connection:
            response = connection.request("POST", "/v1/chat/completions", body=body)
            assert (response.status, response.body()) == (status, content), name
            assert response.headers["content-type"].startswith(kind), name
    with capsys.disabled():
        print(f"\nrecorded error bodies: {len(bodies)} passed as they were")
    assert len(bodies) == 53
