"""Recorded Gemini streams: what `freshet decode` makes of them is what Google's own client yields, joined part by part."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import pytest
from google.genai._api_client import HttpResponse
from google.genai.types import FinishReason, GenerateContentResponse

from corpus import ROOT, THERE
from gateway import binary

REQUEST = httpx2.Request("POST", "http://127.0.0.1:9/")
WORDS = {"finishReason": ("FINISH_REASON_UNSPECIFIED", "STOP", "MAX_TOKENS", "SAFETY", "RECITATION", "OTHER")}
"""Two recordings have numbers for enumerations, at which Google's client breaks down: they are put into words first."""
NUMBERED = ("modality", "category", "probability", "trafficType")
"""Enumerations that do not matter here: where they are numbers they are left out."""
UNFINISHED = {
    "firebase-vertexai-streaming-failure-malformed-content.sse",
    "firebase-vertexai-streaming-success-quotes-escaped.sse",
}
"""No chunk has a finish reason: no whole answers."""
FILTERED = {"SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "IMAGE_SAFETY"}


@dataclass
class Answer:
    text: str = ""
    thoughts: str = ""
    calls: list[tuple[str, dict[str, Any] | None]] = field(default_factory=list)
    signatures: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    server_calls: int = 0
    finish: str | None = None
    usage: tuple[int, int, int, int] | None = None
    """Input, output, cached and reasoning tokens."""


def files() -> list[Path]:
    folder = ROOT / "streams" / "gemini"
    return sorted(path for path in folder.iterdir() if path.suffix in (".sse", ".json", ".ndjson")) if THERE else []


def chunks(path: Path) -> Iterator[GenerateContentResponse]:
    """As Google's client yields them."""
    if path.suffix == ".sse":
        response = httpx2.Response(200, request=REQUEST, content=path.read_bytes())
        values = HttpResponse(headers={}, response_stream=response).segments()
    elif path.suffix == ".ndjson":
        values = map(json.loads, path.read_text().splitlines())
    else:
        values = iter(json.loads(path.read_text()))
    for value in values:
        yield GenerateContentResponse._from_response(response=worded(value), kwargs={})


def worded(value: Any) -> Any:
    if isinstance(value, list):
        return [worded(element) for element in value]
    if not isinstance(value, dict):
        return value
    members = {name: member for name, member in value.items() if name not in NUMBERED or isinstance(member, str)}
    return {
        name: WORDS[name][member] if name in WORDS and isinstance(member, int) else worded(member)
        for name, member in members.items()
    }


def joined(path: Path) -> Answer:
    """What the client's own parts say together. Counts that a later chunk leaves out hold."""
    answer, counts = Answer(), dict.fromkeys(("prompt", "tools", "cached", "candidates", "thoughts"), 0)
    for chunk in chunks(path):
        if usage := chunk.usage_metadata:
            told = {
                "prompt": usage.prompt_token_count,
                "tools": usage.tool_use_prompt_token_count,
                "cached": usage.cached_content_token_count,
                "candidates": usage.candidates_token_count,
                "thoughts": usage.thoughts_token_count,
            }
            counts = {name: counts[name] if told[name] is None else told[name] for name in counts}
        for candidate in chunk.candidates or []:
            for part in (candidate.content and candidate.content.parts) or []:
                add(part.model_dump(exclude_none=True, by_alias=True, mode="json"), answer)
            if candidate.finish_reason:
                answer.finish = FinishReason(candidate.finish_reason).value
    if any(counts.values()):
        output = counts["candidates"] + counts["thoughts"]
        answer.usage = (counts["prompt"] + counts["tools"], output, counts["cached"], counts["thoughts"])
    return answer


def add(part: dict[str, Any], answer: Answer) -> None:
    if part.get("thought"):
        answer.thoughts += part.get("text", "")
    else:
        answer.text += part.get("text", "")
    if "thoughtSignature" in part:
        # The client writes bytes in the other alphabet of base64.
        answer.signatures.append(part["thoughtSignature"].replace("-", "+").replace("_", "/"))
    if call := part.get("functionCall"):
        # Pieces of arguments are not joined by the client: only that the call was made is compared.
        if "name" in call:
            whole = not call.get("willContinue") and "partialArgs" not in call
            answer.calls.append((call["name"], call.get("args", {}) if whole else None))
    if "inlineData" in part:
        answer.files.append(part["inlineData"]["mimeType"])
    answer.server_calls += "executableCode" in part or "toolCall" in part


def decoded(path: Path) -> tuple[Answer, dict[str, Any]]:
    """What `freshet decode` says, and its last event."""
    ran = subprocess.run(
        [binary(), "decode", str(path), "--dialect", "gemini"], capture_output=True, timeout=30, check=True
    )
    answer, blocks, text, end = Answer(), {}, {}, {}
    for event in map(json.loads, ran.stdout.decode().splitlines()):
        match event["type"]:
            case "text-delta":
                answer.text += event["delta"]
            case "reasoning-delta":
                answer.thoughts += event["delta"]
            case "tool-input-start" if event.get("provider_executed"):
                answer.server_calls += 1
            case "tool-input-start":
                blocks[event["block"]], text[event["block"]] = event["name"], ""
            case "tool-input-delta" if event["block"] in blocks:
                text[event["block"]] += event["delta"]
            case "signature":
                answer.signatures.append(event["signature"])
            case "file":
                answer.files.append(event["media_type"])
            case "finish":
                answer.finish = event["finish_reason"]
            case "generation-end":
                end = event
    answer.calls = [(name, json.loads(text[block])) for block, name in blocks.items()]
    if usage := end.get("usage"):
        names = ("input_tokens", "output_tokens", "cached_input_tokens", "reasoning_tokens")
        answer.usage = tuple(usage.get(name, 0) for name in names)  # type: ignore[assignment]
    return answer, end


def word(finish: str | None, called: bool) -> str | None:
    if finish == "STOP":
        return "tool_calls" if called else "stop"
    if finish in FILTERED:
        return "content_filter"
    return {"MAX_TOKENS": "length"}.get(finish or "", finish)


def judge(path: Path) -> None:
    (ours, end), theirs = decoded(path), joined(path)
    assert len(ours.calls) == len(theirs.calls)
    for (name, arguments), (other, wanted) in zip(ours.calls, theirs.calls, strict=True):
        assert name == other and isinstance(arguments, dict)
        assert wanted is None or arguments == wanted
    theirs.finish, theirs.calls = word(theirs.finish, bool(ours.calls)), ours.calls
    assert ours == theirs, path.name
    assert (end["outcome"] == "finished") == (path.name not in UNFINISHED), end


@pytest.mark.skipif(not THERE, reason="the corpus is not there: 0 recordings judged")
def test_recordings(capsys: pytest.CaptureFixture[str]) -> None:
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(judge, files()))
    with capsys.disabled():
        print(f"\nGemini oracle: {len(results)} recordings equal, 0 excepted")
    assert len(results) == 45


PIECES = [
    "vercel-google-stream-no-args-tool-call.ndjson",
    "vercel-google-stream-tool-call-array-arguments-missing-terminal-function-call.ndjson",
]


def put(arguments: Any, path: str, value: Any) -> None:
    """Puts a piece where its path says, as in `$.rows[1].name`; a text goes behind the text that is there."""
    steps = [int(index) if index else name for name, index in re.findall(r"\.(\w+)|\[(\d+)\]", path)]
    for step, following in zip(steps, steps[1:]):
        empty: Any = [] if isinstance(following, int) else {}
        if isinstance(step, int):
            arguments.extend(None for _ in range(step + 1 - len(arguments)))
            arguments[step] = empty if arguments[step] is None else arguments[step]
            arguments = arguments[step]
        else:
            arguments = arguments.setdefault(step, empty)
    known = arguments.get(steps[-1]) if isinstance(arguments, dict) else None
    arguments[steps[-1]] = known + value if isinstance(known, str) else value


def pieced(path: Path) -> list[Any]:
    """Arguments as the recording's own pieces say them, put together by the book."""
    calls: list[Any] = []
    for line in path.read_text().splitlines():
        for part in json.loads(line)["candidates"][0]["content"].get("parts", ()):
            call = part.get("functionCall")
            if call is None:
                continue
            if "name" in call:
                calls.append(call.get("args", {}))
            for piece in call.get("partialArgs", ()):
                value = next(piece[key] for key in ("stringValue", "numberValue", "boolValue") if key in piece)
                put(calls[-1], piece["jsonPath"], value)
    return calls


@pytest.mark.skipif(not THERE, reason="the corpus is not there: 0 recordings judged")
@pytest.mark.parametrize("name", PIECES)
def test_arguments_in_pieces(name: str) -> None:
    path = ROOT / "streams" / "gemini" / name
    answer, _ = decoded(path)
    wanted = pieced(path)
    assert wanted and [arguments for _, arguments in answer.calls] == wanted


@pytest.mark.skipif(not THERE, reason="the corpus is not there: 0 recordings judged")
def test_another_dialect_is_refused_by_name() -> None:
    paths = sorted((ROOT / "streams" / "gemini-interactions").glob("*.sse"))
    assert len(paths) == 3
    for path in paths:
        _, end = decoded(path)
        assert end["outcome"] == "failed" and end["error"]["code"] == "provider_malformed"
        assert "gemini-interactions" in end["error"]["message"]
