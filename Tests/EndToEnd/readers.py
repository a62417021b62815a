"""Readers of the simple and the native dialect that know only docs/PROTOCOL.md, never the gateway's code.

Each takes the JSON of one event after the other, over as many connections as it took, checks the grammar strictly and
puts the message together. `Broken` says which rule the stream broke.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass, field
from typing import Any

from wire import Event, json_lines, sse_events

GENERATION = re.compile(r"gen_[0-9a-hjkmnp-tv-z]{26}")
CURSOR = re.compile(r"(gen_[0-9a-hjkmnp-tv-z]{26}):(\d+)(?:\.(\d+))?")
OUTCOMES = {"finished", "stopped", "failed", "interrupted", "over-budget"}


class Broken(AssertionError):
    """The stream broke a rule of its dialect."""


def must(holds: object, rule: str, *facts: object) -> None:
    if not holds:
        raise Broken(f"{rule}: {', '.join(map(repr, facts))}" if facts else rule)


@dataclass
class ToolCall:
    id: str
    name: str
    arguments: str = ""


@dataclass
class Message:
    """What a reader has understood. `outcome` is None until the stream has ended by its grammar."""

    text: str = ""
    reasoning: str = ""
    refusal: str = ""
    tool_calls: list[ToolCall] = field(default_factory=list)
    finish_reason: str | None = None
    outcome: str | None = None
    usage: dict[str, Any] | None = None
    error: dict[str, Any] | None = None

    def plain(self) -> dict[str, Any]:
        return asdict(self)


def cursor(text: str) -> tuple[str, int, int]:
    """`gen_…:seq` or `gen_…:seq.part` as (generation, seq, part)."""
    found = CURSOR.fullmatch(text)
    must(found, "an id is gen_…:seq or gen_…:seq.part", text)
    assert found is not None
    return found[1], int(found[2]), int(found[3] or 0)


class SimpleReader:
    """The simple dialect: text, thinking, tool_call, tool_result, progress, error, done."""

    def __init__(self, named: bool = False) -> None:
        self.named = named
        self.message = Message()
        self.generation: str | None = None
        self.position: tuple[int, int] = (0, -1)
        self.last_id = ""
        self.tool_results: list[dict[str, Any]] = []
        self.unknown: list[str] = []
        self.calls: list[tuple[str, str, Any]] = []

    def event(self, block: Event) -> None:
        """One SSE block."""
        if block.id is not None:
            self._moved(block.id, block.data is not None)
        if block.data is None:
            return
        value = block.json()
        must(block.id is not None, "every event has an id", block)
        must(
            "id" not in value or value["type"] in ("tool_call", "tool_result"), "over SSE the id is the frame's", value
        )
        kind = value["type"]
        wanted = {"text": "token", "error": "failure"}.get(kind, kind) if self.named else None
        must(block.event == wanted, "the event's name", block.event, wanted)
        self._apply(value)

    def line(self, value: dict[str, Any]) -> None:
        """One NDJSON line: the position is the member whose value is a cursor (a tool call has an id of its own)."""
        places = [member for member in value.values() if isinstance(member, str) and CURSOR.fullmatch(member)]
        must(len(places) == 1, "every line has one position", value)
        self._moved(places[0], True)
        self._apply(value)

    def _moved(self, text: str, carries_data: bool) -> None:
        generation, seq, part = cursor(text)
        must(self.generation in (None, generation), "one generation", self.generation, generation)
        self.generation, self.last_id = generation, text
        if carries_data:
            must((seq, part) > self.position, "ids rise", self.position, (seq, part))
            self.position = (seq, part)
        else:
            must((seq, part) >= self.position or seq == 0, "a bare id never goes back", self.position, (seq, part))

    def _apply(self, value: dict[str, Any]) -> None:
        message = self.message
        must(message.outcome is None, "nothing follows done or error", value)
        kind = value.get("type")
        if kind == "text":
            message.text += _text(value, "content")
        elif kind == "thinking":
            message.reasoning += _text(value, "content")
        elif kind == "tool_call":
            call, tool = value.get("call_id", value.get("id")), _text(value, "tool")
            must("params" in value, "a tool call has params", value)
            self.calls.append((str(call), tool, value["params"]))
            message.tool_calls.append(ToolCall(str(call), tool, json.dumps(value["params"])))
        elif kind == "tool_result":
            self.tool_results.append(value)
        elif kind == "error":
            must(isinstance(value.get("retryable"), bool), "an error says whether to retry", value)
            message.error = {"message": _text(value, "message"), "code": _text(value, "code")}
            message.outcome = "failed"
        elif kind == "done":
            reason = value.get("finish_reason")
            must(reason is None or isinstance(reason, str), "a finish reason is a word", value)
            message.finish_reason, message.usage = reason, value.get("usage")
            message.outcome = "stopped" if reason == "stopped" else "finished"
        else:
            self.unknown.append(str(kind))


class NativeReader:
    """The native dialect: every event of the log, numbered without gaps."""

    def __init__(self, after: int = 0) -> None:
        self.message = Message()
        self.generation: str | None = None
        self.model: str | None = None
        self.seq = after
        self.events: list[dict[str, Any]] = []
        self.blocks: dict[int, str] = {}
        self.open: set[int] = set()
        self.calls: dict[int, ToolCall] = {}
        self.finishes: dict[int, str] = {}

    def event(self, block: Event) -> None:
        """One SSE block."""
        if block.data is None:
            return
        value = block.json()
        must(block.event in (None, "message"), "native events have no name", block.event)
        must(block.id is not None, "every event has an id", block)
        self.apply(value)
        generation, seq, _ = cursor(str(block.id))
        must(generation == self.generation and seq == self.seq, "the id is the event's", block.id, self.seq)

    def line(self, value: dict[str, Any]) -> None:
        """One NDJSON line."""
        self.apply(value)

    def apply(self, value: dict[str, Any]) -> None:
        must(self.message.outcome is None, "nothing follows generation-end", value)
        kind, seq = value.get("type"), value.get("seq")
        must(isinstance(kind, str) and isinstance(seq, int), "an event has a type and a seq", value)
        assert isinstance(kind, str) and isinstance(seq, int)
        first = value.get("from", seq)
        must(first == seq or kind.endswith("-delta"), "only a delta stands for several events", value)
        must(first == self.seq + 1 and first <= seq, "no gap, no repetition", self.seq, value)
        must((seq == 1) == (kind == "generation-start"), "generation-start is event 1", value)
        self.seq = seq
        self.events.append(value)
        stem, _, phase = kind.rpartition("-")
        if stem in ("text", "reasoning", "refusal", "tool-input"):
            self._block(stem, phase, value)
        elif kind == "generation-start":
            self._start(value)
        elif kind == "finish":
            self._finish(value)
        elif kind == "usage":
            self._usage(value["usage"])
        elif kind == "generation-end":
            self._end(value)

    def _start(self, value: dict[str, Any]) -> None:
        must(GENERATION.fullmatch(value["id"]), "a generation's id", value)
        must(value.get("freshet") == 1 and isinstance(value.get("created_ms"), int), "version and time", value)
        self.generation, self.model = value["id"], value["model"]

    def _block(self, kind: str, phase: str, value: dict[str, Any]) -> None:
        number = value.get("block")
        must(isinstance(number, int), "a block has a number", value)
        assert isinstance(number, int)
        if phase == "start":
            must(number == len(self.blocks), "blocks are numbered 0, 1, 2… as they begin", value)
            self.blocks[number] = kind
            self.open.add(number)
            if kind == "tool-input":
                call = self.calls[number] = ToolCall(_text(value, "call_id"), _text(value, "name"))
                self.message.tool_calls.append(call)
        elif phase == "delta":
            must(number in self.open and self.blocks[number] == kind, "a delta is in an open block", value)
            self._delta(kind, number, _text(value, "delta"))
        else:
            must(phase == "end" and number in self.open and self.blocks[number] == kind, "a block ends once", value)
            self.open.discard(number)

    def _delta(self, kind: str, number: int, delta: str) -> None:
        if kind == "tool-input":
            self.calls[number].arguments += delta
        else:
            setattr(self.message, kind, getattr(self.message, kind) + delta)

    def _finish(self, value: dict[str, Any]) -> None:
        choice = value.get("choice", 0)
        self.finishes[choice] = _text(value, "finish_reason")
        if choice == 0:
            self.message.finish_reason = value["finish_reason"]

    def _usage(self, usage: dict[str, Any]) -> None:
        known = self.message.usage or {}
        larger = {key: max(value, known.get(key, 0)) for key, value in usage.items() if isinstance(value, int)}
        self.message.usage = {**known, **usage, **larger}

    def _end(self, value: dict[str, Any]) -> None:
        outcome = value.get("outcome")
        must(outcome in OUTCOMES, "an outcome we know", value)
        must((outcome == "failed") <= ("error" in value), "a failure says why", value)
        must(outcome != "finished" or not self.open, "a finished answer has no open block", self.open)
        self.message.outcome = outcome
        self.message.error = value.get("error")
        self.message.finish_reason = value.get("finish_reason") or self.message.finish_reason
        if value.get("usage"):
            self._usage(value["usage"])


def _text(value: dict[str, Any], member: str) -> str:
    must(isinstance(value.get(member), str), f"{member} is text", value)
    return str(value[member])


def read(dialect: str, framing: str, *parts: str, named: bool = False) -> Message:
    """The message of a whole stream, or of one that was cut and resumed, with everything checked."""
    reader = SimpleReader(named) if dialect == "simple" else NativeReader()
    for part in parts:
        if framing == "sse":
            for block in sse_events(part):
                reader.event(block)
        else:
            for value in json_lines(part):
                reader.line(value)
    return reader.message
