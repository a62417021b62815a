"""Whether a stream keeps its dialect's grammar to the letter: checkers that know the vendors' documents, not our code.

Each takes the events of a whole body and returns the JSON values, or raises `Broken` with the rule that was broken. A
stream that ends with an error is as grammatical as one that succeeds; what it must not do is look like a success.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from readers import must
from wire import Event, Response

WORDS = {
    # Chat has no word for a turn that is to be gone on with: there Anthropic's stands.
    "openai-chat": {"stop", "length", "tool_calls", "content_filter", "function_call", "pause_turn"},
    "anthropic": {
        "end_turn", "max_tokens", "stop_sequence", "tool_use", "pause_turn", "refusal", "model_context_window_exceeded",
    },
    "gemini": {
        "STOP", "MAX_TOKENS", "SAFETY", "RECITATION", "LANGUAGE", "OTHER", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII",
        "MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "TOO_MANY_TOOL_CALLS", "IMAGE_SAFETY", "NO_IMAGE",
    },
}  # fmt: skip
"""Why a vendor's model stops: the words its clients know."""


@dataclass
class Checked:
    values: list[dict[str, Any]]
    error: dict[str, Any] | None
    """The vendor's error object where the stream ended with one."""


def check(client: str, response: Response, events: list[Event]) -> Checked:
    must(response.status == 200, "a stream", response.status)
    kind = response.headers["content-type"].partition(";")[0]
    must(kind == "text/event-stream", "a stream's type", kind)
    found = {"openai-chat": chat, "anthropic": messages, "gemini": gemini}[client](events)
    must((found.error is None) == (response.ended == "clean"), "a body ends clean where the answer does", response.ended)
    return found


# Chat


@dataclass
class _Choice:
    is_begun: bool = False
    finish: str | None = None
    calls: int = 0


def chat(events: list[Event]) -> Checked:
    found = Checked([], None)
    choices: dict[int, _Choice] = {}
    is_done = False
    envelope: dict[str, Any] | None = None
    usages = 0
    for event in events:
        if event.data is None:
            continue
        must(event.event is None, "Chat's events have no name", event)
        must(not is_done and found.error is None, "nothing follows [DONE] or an error", event)
        if event.data == "[DONE]":
            is_done = True
            continue
        value = event.json()
        found.values.append(value)
        if "error" in value:
            found.error = value["error"]
            must(isinstance(found.error["message"], str) and "type" in found.error, "an error says what", value)
            continue
        now = {name: value.get(name) for name in ("id", "created", "object", "model")}
        must(now["object"] == "chat.completion.chunk" and now["id"] and now["model"], "a chunk", value)
        must(isinstance(now["created"], int), "created is a time", value)
        envelope = envelope or now
        must(envelope == now, "one id, time and model", envelope, now)
        usages += bool(value.get("usage"))
        must(not value.get("usage") or not value["choices"], "usage has a chunk of its own", value)
        must(not usages or value.get("usage"), "nothing follows usage", value)
        for entry in value["choices"]:
            _chat_choice(choices.setdefault(entry["index"], _Choice()), entry)
    must(is_done == (found.error is None), "[DONE] after success only", is_done, found.error)
    must(found.error or all(choice.finish for choice in choices.values()), "every choice finishes", choices)
    must(found.error or choices, "an answer has a choice")
    must(usages <= 1, "usage once", usages)
    return found


def _chat_choice(choice: _Choice, entry: dict[str, Any]) -> None:
    delta = entry["delta"]
    must("finish_reason" in entry, "every choice has a finish_reason", entry)
    must(choice.finish is None, "nothing follows a finish", entry)
    must(("role" in delta) != choice.is_begun, "a role once, first", entry)
    must(delta.get("role", "assistant") == "assistant", "the assistant's role", entry)
    choice.is_begun = True
    for part in delta.get("tool_calls") or ():
        function = part["function"]
        if "id" in part:
            must(part["index"] == choice.calls, "tool indexes rise one by one", part, choice.calls)
            must(part["id"] and part["type"] == "function" and function["name"], "id, type and name first", part)
            choice.calls += 1
        else:
            must(part["index"] < choice.calls and "type" not in part and "name" not in function, "names once", part)
        must(isinstance(function.get("arguments", ""), str), "arguments are text", part)
    choice.finish = entry["finish_reason"]
    must(choice.finish is None or choice.finish in WORDS["openai-chat"], "a reason Chat knows", entry)
    must(choice.finish != "tool_calls" or choice.calls, "tool_calls has calls", entry)


# Messages

DELTAS = {
    "text": {"text_delta", "citations_delta"},
    "thinking": {"thinking_delta", "signature_delta"},
    "tool_use": {"input_json_delta"},
    "server_tool_use": {"input_json_delta"},
    "mcp_tool_use": {"input_json_delta"},
    "compaction": {"compaction_delta"},
}
STARTED = {"id", "type", "role", "model", "content", "stop_reason", "stop_sequence", "usage"}


@dataclass
class _Blocks:
    count: int = 0
    open: str | None = None
    is_signed: bool = False
    json: str = ""
    has_tools: bool = False
    ids: set[str] = field(default_factory=set)


def messages(events: list[Event]) -> Checked:
    found = Checked([], None)
    blocks = _Blocks()
    state, stop = "new", None
    for event in events:
        if event.data is None:
            continue
        value = event.json()
        must(event.event == value["type"], "an event bears its type as its name", event)
        must(state not in ("stopped", "failed"), "nothing follows message_stop or an error", event)
        kind = value["type"]
        if kind == "ping":
            continue
        found.values.append(value)
        if kind == "error":
            found.error, state = value["error"], "failed"
            must(found.error["type"] and isinstance(found.error["message"], str), "an error says what", value)
        elif kind == "message_start":
            must(state == "new", "message_start once, first", value)
            _message_start(value["message"])
            state = "blocks"
        elif kind.startswith("content_block_"):
            must(state == "blocks", "blocks lie between message_start and message_delta", value)
            _block(blocks, kind, value)
        elif kind == "message_delta":
            must(state in ("blocks", "delta") and blocks.open is None, "message_delta after the last block", value)
            stop, state = value["delta"].get("stop_reason") or stop, "delta"
            must(isinstance(value["usage"]["output_tokens"], int), "message_delta counts", value)
        elif kind == "message_stop":
            must(state == "delta" and stop in WORDS["anthropic"], "message_stop after a stop_reason", value, stop)
            must(stop != "tool_use" or blocks.has_tools, "tool_use has calls", stop)
            state = "stopped"
        else:
            must(False, "an event Messages knows", value)
    must(state in ("stopped", "failed"), "an end", state)
    return found


def _message_start(message: dict[str, Any]) -> None:
    must(STARTED <= set(message), "message_start is complete", message)
    must(message["type"] == "message" and message["role"] == "assistant" and message["content"] == [], "empty", message)
    must(message["id"] and message["model"] and message["stop_reason"] is None, "named, not stopped", message)
    usage = message["usage"]
    must(isinstance(usage["input_tokens"], int) and isinstance(usage["output_tokens"], int), "counts", usage)


def _block(blocks: _Blocks, kind: str, value: dict[str, Any]) -> None:
    if kind == "content_block_start":
        must(blocks.open is None, "one block after the other", value)
        must(value["index"] == blocks.count, "blocks are numbered 0, 1, 2…", value, blocks.count)
        _block_start(blocks, value["content_block"])
        return
    must(blocks.open is not None and value["index"] == blocks.count, "of the open block", value)
    assert blocks.open is not None
    if kind == "content_block_stop":
        if blocks.open in ("tool_use", "server_tool_use") and blocks.json:
            must(isinstance(_object(blocks.json), dict), "a tool's input is an object", blocks.json)
        blocks.open = None
        blocks.count += 1
        return
    delta = value["delta"]
    must(delta["type"] in DELTAS.get(blocks.open, ()), "a delta of its block's kind", blocks.open, value)
    must(not blocks.is_signed, "a signature is the last of its block", value)
    blocks.is_signed = delta["type"] == "signature_delta"
    blocks.json += delta.get("partial_json", "")


def _block_start(blocks: _Blocks, block: dict[str, Any]) -> None:
    kind = blocks.open = block["type"]
    blocks.is_signed, blocks.json = False, ""
    must(kind != "text" or isinstance(block["text"], str), "a text has text", block)
    must(kind != "thinking" or isinstance(block["thinking"], str), "thinking has text", block)
    must(kind != "redacted_thinking" or block["data"], "redacted thinking has its data", block)
    if kind == "tool_use":
        must(block["id"] and block["name"] and block["input"] == {}, "a call has id, name, empty input", block)
        must(block["id"] not in blocks.ids, "an id once", block)
        blocks.ids.add(block["id"])
        blocks.has_tools = True


def _object(text: str) -> Any:
    import json

    try:
        return json.loads(text)
    except ValueError:
        return None


# Gemini

PARTS = {
    "text", "inlineData", "fileData", "functionCall", "functionResponse", "executableCode", "codeExecutionResult",
    "toolCall", "toolResponse", "thoughtSignature",
}  # fmt: skip


def gemini(events: list[Event]) -> Checked:
    found = Checked([], None)
    is_finished = False
    for event in events:
        if event.data is None:
            continue
        must(event.event is None, "Gemini's events have no name", event)
        must(found.error is None, "nothing follows an error", event)
        value = event.json()
        found.values.append(value)
        if "error" in value:
            found.error = value["error"]
            must(isinstance(found.error["code"], int) and found.error["status"], "an error says what", value)
            continue
        blocked = (value.get("promptFeedback") or {}).get("blockReason")
        must(value.get("candidates") or blocked, "a chunk has a candidate", value)
        for candidate in value.get("candidates") or ():
            _candidate(candidate)
            is_finished = is_finished or "finishReason" in candidate
        is_finished = is_finished or bool(blocked)
    must(found.error or is_finished, "an answer that ends has a reason")
    must(found.error is None or not is_finished, "a failure has none", found.values[-2:])
    return found


def _candidate(candidate: dict[str, Any]) -> None:
    content = candidate.get("content") or {}
    must(content.get("parts"), "Google's chat forgets a turn of which one chunk has no part", candidate)
    must(content.get("role", "model") == "model", "the model's role", candidate)
    for part in content["parts"]:
        must(PARTS & set(part), "a part says something", part)
        must("text" not in part or isinstance(part["text"], str), "text is text", part)
        if call := part.get("functionCall"):
            must(call["name"] and isinstance(call.get("args", {}), dict), "a call has a name and an object", part)
    reason = candidate.get("finishReason")
    must(reason is None or reason in WORDS["gemini"], "a reason Gemini knows", candidate)
