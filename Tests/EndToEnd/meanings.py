"""What an answer amounts to, in no dialect's words: read from the JSON of its events as the vendor's SDK gave them.

Only what every dialect can say: text, reasoning, calls of the client's own tools, usage, why it stopped. A server's tool
calls, citations and files are no part of it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

COUNTS = ("input", "cached", "output", "reasoning")


@dataclass
class ToolCall:
    id: str | None
    name: str
    arguments: Any
    """Parsed; text that is no JSON stays text."""


@dataclass
class Meaning:
    text: str = ""
    reasoning: str = ""
    calls: list[ToolCall] = field(default_factory=list)
    usage: dict[str, int] = field(default_factory=dict)
    """`COUNTS`, all of them totals: cached and written tokens are part of the input, reasoning is part of the output."""
    stop: str | None = None
    """In Chat's words; a provider's own where Chat has none."""
    is_refused: bool = field(default=False, compare=False)
    """Whether its text is a refusal by the name that Chat has for one."""

    @property
    def named_calls(self) -> list[tuple[str, Any]]:
        return [(call.name, call.arguments) for call in self.calls]


def parsed(text: str) -> Any:
    if not text.strip():
        return {}
    try:
        return json.loads(text)
    except ValueError:
        return text


def plain(dialect: str, item: Any) -> dict[str, Any]:
    """An SDK's object as the JSON it stands for."""
    if isinstance(item, dict):
        return item
    if dialect == "gemini":
        return dict(item.model_dump(mode="json", by_alias=True, exclude_none=True))
    return dict(item.model_dump(mode="json", exclude_unset=True, warnings=False))


def meaning(dialect: str, items: Iterable[Any]) -> Meaning:
    """Of a stream's events: an SDK's objects, or their JSON."""
    values = [plain(dialect, item) for item in items]
    return {"openai-chat": _chat, "anthropic": _messages, "gemini": _gemini}[dialect](values)


def whole_meaning(dialect: str, item: Any) -> Meaning:
    """Of an answer that was not streamed."""
    value = plain(dialect, item)
    if dialect == "gemini":
        return _gemini([value])
    if dialect == "anthropic":
        starts = [{"type": "content_block_start", "index": i, "content_block": b} for i, b in enumerate(value["content"])]
        return _messages([{"type": "message_start", "message": value}, *starts])
    choice = value["choices"][0]
    calls = [{"index": index, **call} for index, call in enumerate(choice["message"].get("tool_calls") or [])]
    delta = {**choice["message"], "tool_calls": calls}
    return _chat([{**value, "choices": [{**choice, "delta": delta}]}])


def _larger(usage: dict[str, int], **counts: int | None) -> None:
    for name, count in counts.items():
        if count is not None:
            usage[name] = max(usage.get(name, 0), count)


# Chat


def _chat(values: list[dict[str, Any]]) -> Meaning:
    found = Meaning()
    calls: dict[int, dict[str, str]] = {}
    for value in values:
        if counts := value.get("usage"):
            details, spent = counts.get("prompt_tokens_details") or {}, counts.get("completion_tokens_details") or {}
            _larger(found.usage, input=counts.get("prompt_tokens"), cached=details.get("cached_tokens"))
            _larger(found.usage, output=counts.get("completion_tokens"), reasoning=spent.get("reasoning_tokens"))
        for choice in value.get("choices") or ():
            if choice["index"] != 0:
                continue
            delta = choice.get("delta") or {}
            found.text += (delta.get("content") or "") + (delta.get("refusal") or "")
            found.is_refused = found.is_refused or bool(delta.get("refusal"))
            found.reasoning += delta.get("reasoning_content") or delta.get("reasoning") or ""
            for part in delta.get("tool_calls") or ():
                call = calls.setdefault(part["index"], {"id": "", "name": "", "arguments": ""})
                function = part.get("function") or {}
                call["id"] = part.get("id") or call["id"]
                call["name"] = function.get("name") or call["name"]
                call["arguments"] += function.get("arguments") or ""
            found.stop = choice.get("finish_reason") or found.stop
    found.calls = [ToolCall(call["id"] or None, call["name"], parsed(call["arguments"])) for call in calls.values()]
    return found


# Messages

STOPS = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}


def _messages(values: list[dict[str, Any]]) -> Meaning:
    found = Meaning()
    blocks: list[dict[str, Any]] = []
    open_blocks: dict[int, dict[str, Any]] = {}
    usage: dict[str, int] = {}

    def count(counts: dict[str, Any] | None) -> None:
        """As the SDK does it: what is said later counts, what is not said later stays."""
        counts = counts or {}
        names = ("input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")
        said = {name: counts.get(name) for name in names}
        said["thinking"] = (counts.get("output_tokens_details") or {}).get("thinking_tokens")
        usage.update({name: number for name, number in said.items() if number is not None})

    for value in values:
        kind = value["type"]
        if kind == "message_start":
            open_blocks = {}
            count(value["message"].get("usage"))
            found.stop = value["message"].get("stop_reason") or found.stop
        elif kind == "content_block_start":
            block = {"json": "", **value["content_block"]}
            open_blocks[value["index"]] = block
            blocks.append(block)
        elif kind == "content_block_delta":
            _block_delta(open_blocks[value["index"]], value["delta"])
        elif kind == "message_delta":
            found.stop = value["delta"].get("stop_reason") or found.stop
            count(value.get("usage"))
    for block in blocks:
        if block["type"] == "text":
            found.text += block.get("text") or ""
        elif block["type"] == "thinking":
            found.reasoning += block.get("thinking") or ""
        elif block["type"] == "tool_use":
            arguments = parsed(block["json"]) if block["json"] else block.get("input") or {}
            found.calls.append(ToolCall(block["id"], block["name"], arguments))
    found.stop = STOPS.get(found.stop or "", found.stop)
    if "input_tokens" in usage:
        cached, written = usage.get("cache_read_input_tokens", 0), usage.get("cache_creation_input_tokens", 0)
        found.usage = {"input": usage["input_tokens"] + cached + written, "cached": cached}
    _larger(found.usage, output=usage.get("output_tokens"), reasoning=usage.get("thinking"))
    return found


def _block_delta(block: dict[str, Any], delta: dict[str, Any]) -> None:
    if delta["type"] == "text_delta":
        block["text"] = (block.get("text") or "") + delta["text"]
    elif delta["type"] == "thinking_delta":
        block["thinking"] = (block.get("thinking") or "") + delta["thinking"]
    elif delta["type"] == "input_json_delta":
        block["json"] += delta["partial_json"]


# Gemini

REASONS = {
    "STOP": "stop",
    "MAX_TOKENS": "length",
    **dict.fromkeys(
        "SAFETY RECITATION BLOCKLIST PROHIBITED_CONTENT SPII IMAGE_SAFETY IMAGE_PROHIBITED_CONTENT IMAGE_RECITATION".split(),
        "content_filter",
    ),
}
NUMBERED = {1: "STOP", 2: "MAX_TOKENS", 3: "SAFETY", 4: "RECITATION", 5: "OTHER"}
"""How a server that does not know the names of its enumerations writes them."""
STEP = re.compile(r"\.([^.\[]+)|\[(\d+)\]|\['([^']*)'\]")


def _gemini(values: list[dict[str, Any]]) -> Meaning:
    found = Meaning()
    counts: dict[str, int] = {}
    streamed: ToolCall | None = None
    for value in values:
        for name, count in (value.get("usageMetadata") or {}).items():
            if isinstance(count, int):
                counts[name] = count
        if (value.get("promptFeedback") or {}).get("blockReason"):
            found.stop = "content_filter"
        for candidate in value.get("candidates") or ():
            if candidate.get("index", 0) != 0:
                continue
            for part in (candidate.get("content") or {}).get("parts") or ():
                if "text" in part:
                    setattr(found, *_said(found, part))
                elif "functionCall" in part:
                    streamed = _called(found, part["functionCall"], streamed)
            reason = candidate.get("finishReason")
            found.stop = NUMBERED.get(reason, reason) or found.stop
    if counts:
        spent = counts.get("candidatesTokenCount", 0) + counts.get("thoughtsTokenCount", 0)
        given = counts.get("promptTokenCount", 0) + counts.get("toolUsePromptTokenCount", 0)
        cached, reasoning = counts.get("cachedContentTokenCount", 0), counts.get("thoughtsTokenCount", 0)
        found.usage = {"input": given, "cached": cached, "output": spent, "reasoning": reasoning}
    found.stop = REASONS.get(found.stop or "", found.stop)
    if found.calls and found.stop == "stop":
        found.stop = "tool_calls"
    return found


def _said(found: Meaning, part: dict[str, Any]) -> tuple[str, str]:
    name = "reasoning" if part.get("thought") else "text"
    return name, getattr(found, name) + part["text"]


def _called(found: Meaning, call: dict[str, Any], streamed: ToolCall | None) -> ToolCall | None:
    """One part of a call; returns the call where more of it follows."""
    if streamed is None and not call.get("name"):
        return None  # the mark that a streamed call has ended
    if streamed is None:
        streamed = ToolCall(call.get("id"), call["name"], call.get("args") or {})
        found.calls.append(streamed)
    for argument in call.get("partialArgs") or ():
        _place(streamed.arguments, argument)
    return streamed if call.get("willContinue") else None


def _place(arguments: Any, argument: dict[str, Any]) -> None:
    """Puts a streamed value at its JSON path; text is joined to what is there."""
    path = [name or (int(number) if number else quoted) for name, number, quoted in STEP.findall(argument["jsonPath"])]
    value = next((argument[name] for name in ("stringValue", "numberValue", "boolValue") if name in argument), None)
    here = arguments
    for step, following in zip(path, [*path[1:], None], strict=True):
        if isinstance(step, int) and isinstance(here, list):
            here.extend([None] * (step + 1 - len(here)))
        known = here[step] if isinstance(here, list) else here.get(step)
        if following is None:
            here[step] = known + value if isinstance(known, str) and isinstance(value, str) else value
            return
        if known is None:
            known = here[step] = [] if isinstance(following, int) else {}
        here = known
