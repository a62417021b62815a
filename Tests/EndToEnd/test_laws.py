"""The two laws of encoders, judged by readers that are not ours.

*Merging changes nothing*, and *an encoder rebuilt in the middle goes on as if nothing had happened*: in every variant
of a stream the reader understands the same message. Chat is judged by the `openai` SDK's own decoder and accumulator,
Messages by those of the `anthropic` SDK, Gemini by the `google-genai` SDK's reader and types, the simple and the native dialect by `readers.py`.

FRESHET_LAWS names a file with one JSON object a line, written by a program that makes random event programs:

    {"seed": 7,                                  what the program was made from
     "dialect": "openai-chat|anthropic|gemini|simple|native",
     "framing": "sse|ndjson",
     "named": false,                             optional, simple over SSE: `?events=named`
     "expected": {
       "text": "…", "reasoning": "…", "refusal": "…",   all deltas of that kind, in the order they came; to Messages
                                                 and Gemini block by block, a refusal as text
       "tool_calls": [{"id": "…", "name": "…", "arguments": "…"}],     in the order they began
       "finish_reason": "stop",                  null where there is none
       "outcome": "finished"},                   finished, stopped, failed, interrupted, over-budget
     "variants": {
       "whole":   "…stream text…",               encoded event by event
       "merged":  "…stream text…",               deltas merged, as for a late reader
       "resumed": ["…first part…", "…rest…"]}}   by two encoders, the second rebuilt from the fold of what came before

An expected member that is left out is not compared. More variants may stand beside these; each is a text or a list of
parts. A `resumed` that begins at an event after the first is given to a reader that has read the first part.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anthropic
import httpx2
import openai
import pytest
from anthropic.lib.streaming._messages import accumulate_event
from anthropic.types import Message as AnthropicMessage
from anthropic.types import RawMessageStreamEvent
from google.genai._api_client import HttpResponse
from google.genai.types import GenerateContentResponse
from openai import OpenAI, Stream
from openai.lib.streaming.chat import ChatCompletionStreamState
from openai.types.chat import ChatCompletionChunk

from readers import Message, ToolCall, read
from wire import json_lines, sse_events

NAMED = os.environ.get("FRESHET_LAWS")
PROGRAMS = 1000 if os.environ.get("FRESHET_LONG") else 400
DIALECTS = ("openai-chat", "anthropic", "gemini", "simple", "native")
SDK = OpenAI(api_key="unused", base_url="http://127.0.0.1:9/v1")
ANTHROPIC = anthropic.Anthropic(api_key="unused", base_url="http://127.0.0.1:9")
REQUEST = httpx2.Request("POST", "http://127.0.0.1:9/v1/chat/completions")

needs_laws = pytest.mark.skipif(NAMED is None, reason="FRESHET_LAWS names no file of law programs: 0 judged")


def cases() -> Iterator[dict[str, Any]]:
    assert NAMED is not None
    with Path(NAMED).open(encoding="utf-8") as file:
        for line in file:
            if line.strip():
                yield json.loads(line)


def understood(case: dict[str, Any], parts: list[str]) -> Message:
    if case["dialect"] == "openai-chat":
        message = read_chat(case["framing"], "".join(parts))
    elif case["dialect"] == "anthropic":
        message = read_anthropic(case["framing"], "".join(parts))
    elif case["dialect"] == "gemini":
        message = read_gemini(case["framing"], "".join(parts))
    else:
        message = read(case["dialect"], case["framing"], *parts, named=case.get("named", False))
    message.text, message.reasoning, message.refusal = map(joined, (message.text, message.reasoning, message.refusal))
    for call in message.tool_calls:
        call.arguments = joined(call.arguments)
    return message


def joined(text: str) -> str:
    """The text with the halves of surrogate pairs joined that came in two deltas, as JavaScript's `+` joins them."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def read_chat(framing: str, text: str) -> Message:
    """What the SDK understands: chunks by its decoder, the message by its accumulator, a failure by its exception."""
    state: ChatCompletionStreamState[None] = ChatCompletionStreamState()
    message = Message()
    chunks = 0
    try:
        for chunk in sdk_chunks(framing, text):
            state.handle_chunk(chunk)
            chunks += 1
    except openai.APIError:
        message.outcome = "failed"
    except (openai.LengthFinishReasonError, openai.ContentFilterFinishReasonError):
        pass
    done = text.rstrip().endswith("data: [DONE]") if framing == "sse" else message.outcome is None
    assert done == (message.outcome is None), "[DONE] after success and only then"
    if not chunks:
        return message
    choice = state.current_completion_snapshot.choices[0]
    said = choice.message
    message.text, message.refusal = said.content or "", said.refusal or ""
    # Under the name that the provider gave it, where it speaks this dialect.
    message.reasoning = getattr(said, "reasoning_content", None) or getattr(said, "reasoning", None) or ""
    message.tool_calls = [
        ToolCall(call.id, call.function.name, call.function.arguments) for call in said.tool_calls or []
    ]
    assert message.outcome == "failed" or said.role == "assistant", "the role, once"
    message.finish_reason = choice.finish_reason
    return message


def sdk_chunks(framing: str, text: str) -> Iterator[ChatCompletionChunk]:
    if framing == "ndjson":
        text = "".join(f"data: {json.dumps(value)}\n\n" for value in json_lines(text))
    response = httpx2.Response(
        200, request=REQUEST, content=text.encode(), headers={"content-type": "text/event-stream"}
    )
    yield from Stream(cast_to=ChatCompletionChunk, response=response, client=SDK)


def read_anthropic(framing: str, text: str) -> Message:
    """What the SDK understands: events by its decoder, the message by its accumulator, a failure by its exception."""
    if framing == "ndjson":
        values = json_lines(text)
        text = "".join(f"event: {value['type']}\ndata: {json.dumps(value)}\n\n" for value in values)
    headers = {"content-type": "text/event-stream"}
    response = httpx2.Response(200, request=REQUEST, content=text.encode(), headers=headers)
    snapshot: Any = None
    arguments: dict[int, str] = {}
    broken: set[int] = set()
    message, types = Message(), Counter[str]()
    try:
        kind: Any = RawMessageStreamEvent
        events = anthropic.Stream(cast_to=kind, response=response, client=ANTHROPIC)
        buffers: dict[int, bytes] = {}
        for event in events:
            types[event.type] += 1
            if event.type == "content_block_delta" and event.delta.type == "input_json_delta":
                arguments[event.index] = arguments.get(event.index, "") + event.delta.partial_json
                if event.index in broken:
                    continue
            try:
                snapshot = accumulate_event(
                    event=event, current_snapshot=snapshot, json_bufs=buffers, output_format=anthropic.NOT_GIVEN
                )
            except ValueError:  # what can be no beginning of JSON
                broken.add(event.index)
    except anthropic.APIError:
        message.outcome = "failed"
    assert types["message_start"] <= 1
    assert types["message_stop"] == (message.outcome is None), "message_stop after success and only then"
    if snapshot is None:
        return message
    assert isinstance(snapshot, AnthropicMessage) and snapshot.id.startswith("msg_") and snapshot.role == "assistant"
    message.finish_reason = snapshot.stop_reason
    for index, block in enumerate(snapshot.content):
        match block.type:
            case "text":
                message.text += block.text
            case "thinking":
                message.reasoning += block.thinking
            case "tool_use":
                said = arguments.get(index, "")
                if index not in broken and whole(said):
                    assert block.input == json.loads(said or "{}"), "the SDK's input is what was written"
                message.tool_calls.append(ToolCall(block.id, block.name, said))
    return message


def read_gemini(framing: str, text: str) -> Message:
    """What the SDK understands: chunks by its reader and its types, joined part by part."""
    if framing == "ndjson":
        text = "".join(f"data: {json.dumps(value)}\r\n\r\n" for value in json_lines(text))
    response = httpx2.Response(200, request=REQUEST, content=text.encode())
    message = Message()
    for value in HttpResponse(headers={}, response_stream=response).segments():
        assert message.outcome is None and message.finish_reason is None, "nothing follows the end"
        if "error" in value:
            message.outcome = "failed"
            continue
        chunk = GenerateContentResponse.model_validate(value)
        assert chunk.response_id and chunk.model_version and chunk.candidates
        for part in chunk.candidates[0].content.parts or []:
            if part.function_call is not None:
                call = part.function_call
                said = (call.args or {}).get("INVALID_JSON", json.dumps(call.args))
                message.tool_calls.append(ToolCall(call.id or "", call.name or "", said))
            elif part.thought:
                message.reasoning += part.text or ""
            else:
                message.text += part.text or ""
        message.finish_reason = chunk.candidates[0].finish_reason
    return message


def whole(arguments: str) -> bool:
    try:
        json.loads(arguments or "{}")
    except ValueError:
        return False
    return True


def judge(case: dict[str, Any], message: Message) -> None:
    expected = case["expected"]
    succeeded = expected.get("outcome", "finished") in ("finished", "stopped", "over-budget")
    assert (message.outcome in (None, "finished", "stopped", "over-budget")) == succeeded, message.outcome
    if case["dialect"] == "simple":
        judge_simple(expected, message, succeeded)
        return
    if case["dialect"] == "anthropic":
        judge_anthropic(expected, message, succeeded)
        return
    if case["dialect"] == "gemini":
        judge_gemini(expected, message, succeeded)
        return
    for member in ("text", "reasoning", "refusal"):
        if member in expected:
            assert getattr(message, member) == expected[member], member
    if "tool_calls" in expected:
        assert [vars(call) for call in message.tool_calls] == expected["tool_calls"]
    if succeeded and expected.get("finish_reason") is not None:
        assert message.finish_reason == finish(case["dialect"], expected)
    if case["dialect"] == "native" and "outcome" in expected:
        assert message.outcome == expected["outcome"]


def finish(dialect: str, expected: dict[str, Any]) -> str:
    """The table of outcomes: Chat says `stop` for stopped and `length` for over-budget."""
    by_outcome = {"stopped": "stop", "over-budget": "length"} if dialect == "openai-chat" else {}
    return by_outcome.get(expected.get("outcome", "finished"), expected["finish_reason"])


def judge_anthropic(expected: dict[str, Any], message: Message, succeeded: bool) -> None:
    """Blocks come one after the other: what waits for another's end when an answer fails is never sent."""
    calls = [vars(call) for call in message.tool_calls]
    if not succeeded:
        assert all(call["id"] in {known["id"] for known in expected["tool_calls"]} for call in calls)
        return
    assert message.text == expected["text"] and message.reasoning == expected["reasoning"]
    assert calls == expected["tool_calls"]
    words = {"length": "max_tokens", "tool_calls": "tool_use", "content_filter": "refusal"}
    if expected["finish_reason"] not in (None, "stop"):
        assert message.finish_reason == words.get(expected["finish_reason"], expected["finish_reason"])
    elif expected["outcome"] == "finished":
        assert message.finish_reason in (("tool_use",) if calls else ("end_turn", "refusal"))
    else:
        assert message.finish_reason in ("max_tokens", "end_turn")


def judge_gemini(expected: dict[str, Any], message: Message, succeeded: bool) -> None:
    """Blocks come one after the other, calls whole."""
    calls = [(call.id, call.name, value(call.arguments)) for call in message.tool_calls]
    wanted = [(call["id"], call["name"], value(call["arguments"])) for call in expected["tool_calls"]]
    if not succeeded:
        assert set(calls) <= set(wanted)
        return
    assert message.text == expected["text"] and message.reasoning == expected["reasoning"]
    assert calls == wanted
    words = {"stop": "STOP", "tool_calls": "STOP", "length": "MAX_TOKENS", "content_filter": "SAFETY"}
    if expected["finish_reason"] is not None:
        assert message.finish_reason == words.get(expected["finish_reason"], "OTHER")
    else:
        assert message.finish_reason is not None


def judge_simple(expected: dict[str, Any], message: Message, succeeded: bool) -> None:
    """Simple has one run of text for text and refusal, and a tool call only once it is whole, in that order."""
    if not expected.get("refusal"):
        assert message.text == expected.get("text", message.text)
    else:
        assert Counter(message.text) == Counter(expected["text"] + expected["refusal"])
    assert message.reasoning == expected.get("reasoning", message.reasoning)
    if "tool_calls" in expected:
        wanted = sorted((call["id"], call["name"], value(call["arguments"])) for call in expected["tool_calls"])
        shown = sorted((call.id, call.name, value(call.arguments, shown=True)) for call in message.tool_calls)
        assert shown == wanted if succeeded else set(shown) <= set(wanted)
    outcome = expected.get("outcome")
    if outcome in ("stopped", "over-budget"):
        assert message.finish_reason == {"stopped": "stopped", "over-budget": "length"}[outcome]
    elif succeeded and expected.get("finish_reason") is not None:
        assert message.finish_reason == expected["finish_reason"]


def value(arguments: str, shown: bool = False) -> str:
    """Arguments as a comparable JSON text. What is no JSON is shown as a string, nothing as an empty object."""
    if shown:
        return json.dumps(json.loads(arguments), sort_keys=True)
    try:
        return json.dumps(json.loads(arguments) if arguments else {}, sort_keys=True)
    except ValueError:
        return json.dumps(arguments)


@needs_laws
@pytest.mark.timeout(600)
@pytest.mark.parametrize("dialect", DIALECTS)
def test_laws(dialect: str, capsys: pytest.CaptureFixture[str]) -> None:
    seeds: set[int] = set()
    judged = 0
    wrong: list[str] = []
    for case in cases():
        if case["dialect"] != dialect:
            continue
        seeds.add(case["seed"])
        for name, parts in case["variants"].items():
            try:
                judge(case, understood(case, parts if isinstance(parts, list) else [parts]))
            except Exception as problem:  # every seed is to be named, whatever it broke
                wrong.append(f"seed {case['seed']} {case['framing']} {name}: {type(problem).__name__}: {problem}")
            judged += 1
    with capsys.disabled():
        print(f"\nlaws, {dialect}: {len(seeds)} programs, {judged} streams judged, {len(wrong)} wrong")
    assert not wrong, "\n".join(wrong[:20])
    assert len(seeds) >= PROGRAMS


# The judges themselves: each must tell a broken stream from a good one.

GEN = "gen_01jd0000000000000000000000"
START = {"type": "generation-start", "seq": 1, "id": GEN, "model": "m", "created_ms": 1, "freshet": 1}


def native(*events: dict[str, Any]) -> str:
    return "".join(json.dumps(event) + "\n" for event in (START, *events))


def test_native_judge() -> None:
    text = {"type": "text-start", "seq": 2, "block": 0}
    first, second = ({"type": "text-delta", "seq": n, "block": 0, "delta": d} for n, d in ((3, "a"), (4, "b")))
    close = {"type": "text-end", "seq": 5, "block": 0}
    end = {"type": "generation-end", "seq": 6, "outcome": "finished", "finish_reason": "stop"}
    merged = {**second, "from": 3, "delta": "ab"}
    good = Message(text="ab", finish_reason="stop", outcome="finished")
    assert read("native", "ndjson", native(text, first, second, close, end)) == good
    assert read("native", "ndjson", native(text, merged, close, end)) == good
    broken = [
        native(text, second, close, end),
        native(text, first, first),
        native(text, first, {**merged}),
        native(text, {**first, "type": "reasoning-delta"}),
        native(text, first, second, close, end, {**close, "seq": 7}),
        native(text, first, second, {**end, "seq": 5}),
        native(first),
    ]
    for stream in broken:
        with pytest.raises(AssertionError):
            read("native", "ndjson", stream)


def test_simple_judge() -> None:
    def sse(*frames: tuple[int, dict[str, Any]]) -> str:
        return "".join(f"id: {GEN}:{seq}\ndata: {json.dumps(value)}\n\n" for seq, value in frames)

    text, done = {"type": "text", "content": "a"}, {"type": "done", "finish_reason": "stop", "usage": None}
    assert read("simple", "sse", sse((3, text), (5, done))).outcome == "finished"
    assert read("simple", "sse", sse((3, text)), sse((5, done))).text == "a"
    for stream in (sse((3, text), (3, text)), sse((5, done), (6, text)), sse((4, text), (3, done))):
        with pytest.raises(AssertionError):
            read("simple", "sse", stream)


def test_chat_judge() -> None:
    def chunk(**delta: Any) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "finish_reason": None}
        return {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}

    values = [chunk(role="assistant", content=""), chunk(content="a"), chunk(reasoning_content="r"), chunk(content="b")]
    lines = "".join(f"data: {json.dumps(value)}\n\n" for value in values)
    message = read_chat("sse", lines + "data: [DONE]\n\n")
    assert (message.text, message.reasoning, message.outcome) == ("ab", "r", None)
    failure = f"data: {json.dumps({'error': {'message': 'x'}})}\n\n"
    assert read_chat("sse", lines + failure).outcome == "failed"
    with pytest.raises(AssertionError):
        read_chat("sse", lines)
    repeated = chunk(role="assistant", content="")
    with pytest.raises(AssertionError):
        read_chat("sse", f"data: {json.dumps(repeated)}\n\n{lines}data: [DONE]\n\n")
    assert len(sse_events(lines)) == len(values)
