"""Readers that are cut and come back, and the answers they read: every cut is seeded, and none may cost a word.

A reader knows docs/PROTOCOL.md alone. It keeps what it has put together and its place; the connection is cut by a
`Knife` at a byte or behind a frame, what came before the cut is read, and the reader attaches again in the ways its
dialect offers. In the end `agree` compares what it has with the generation's document, and with what the provider said.
"""

from __future__ import annotations

import copy
import json
import random
import re
import socket
import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from asking import ChatReader
from provider import DONE, Answer, Step
from readers import NativeReader, SimpleReader, must
from wire import Connection, Cut, Event, Response

# What is said.

WORDS = [
    "Hel", "lo, ", "日本語", "の", "한국어", "👩‍👩‍👧‍👦", "🏳️‍🌈", "👍🏽", "e\u0301", "Z\u0351\u036b\u0343", " \n", "\t", '"', "\\", "/",
    "data: x\n\n", "id: 7\n", "\r\n", "\u2028", "\ufeff", "\u0000", "\u001f", "𝄞", "ß", "नमस्ते", "مرحبا", "<b>", "[DONE]", " ",
]  # fmt: skip


def whole(text: str) -> str:
    """Text whose halves of characters have been put together, as far as they met."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")


def checksum(text: str) -> str:
    """As `generation-end` has it: of UTF-8, a half that stayed alone as three bytes."""
    return f"{zlib.crc32(whole(text).encode('utf-8', 'surrogatepass')):08x}"


@dataclass
class Call:
    """A tool call as a reader understood it."""

    id: str
    name: str
    arguments: str = ""


@dataclass
class Said:
    """What an answer amounts to."""

    text: str = ""
    reasoning: str = ""
    calls: list[Call] = field(default_factory=list)
    finish: str | None = None
    """Its dialect's word."""
    usage: dict[str, int] | None = None
    error: str | None = None


@dataclass
class Script:
    """An answer and the provider's steps that say it."""

    said: Said
    steps: list[Step]
    frames: int

    @property
    def answer(self) -> Answer:
        return Answer(self.steps)


def pieces(text: str, numbers: random.Random, most: int) -> list[str]:
    """`text` in pieces of 1 to `most` UTF-16 units: characters may be cut in halves."""
    units = text.encode("utf-16-le", "surrogatepass")
    found, at = [], 0
    while at < len(units):
        size = 2 * numbers.randint(1, most)
        found.append(units[at : at + size].decode("utf-16-le", "surrogatepass"))
        at += size
    return found


def script(
    seed: int,
    words: int = 30,
    calls: int = 2,
    most: int = 12,
    pause: float = 0.0,
    ends: Sequence[Step] | None = None,
    write: int = 900,
) -> Script:
    """A random answer: reasoning, text, parallel tool calls; its frames in writes that ignore where frames end.

    `most` UTF-16 units are a piece, `write` bytes a write, `pause` seconds lie between two writes, each at most. `ends` replaces the finish and what follows.
    """
    numbers = random.Random(seed)
    said = Said("".join(numbers.choices(WORDS, k=words)), "".join(numbers.choices(WORDS, k=words // 3)))
    deltas: list[dict[str, Any]] = [{"reasoning_content": piece} for piece in pieces(said.reasoning, numbers, most)]
    deltas += [{"content": piece} for piece in pieces(said.text, numbers, most)]
    rows = []
    for index in range(calls):
        arguments = {"q": "".join(numbers.choices(WORDS, k=words // 4)), "n": [index, 1.5, None], "é": {"a\"": True}}
        call = Call(f"call_{index}", f"look_{index}", json.dumps(arguments, ensure_ascii=bool(index % 2)))
        said.calls.append(call)
        function = {"name": call.name, "arguments": ""}
        deltas.append({"tool_calls": [{"index": index, "id": call.id, "type": "function", "function": function}]})
        rows.append([(index, piece) for piece in pieces(call.arguments, numbers, most)])
    for place in range(max(map(len, rows), default=0)):  # parallel calls take turns
        for index, piece in (row[place] for row in rows if place < len(row)):
            deltas.append({"tool_calls": [{"index": index, "function": {"arguments": piece}}]})
    frames = [chunk({"role": "assistant", "content": ""}), *map(chunk, deltas)]
    if ends is None:
        said.finish, said.usage = "tool_calls" if calls else "stop", {"input_tokens": 9, "output_tokens": 21}
        frames += [chunk({}, said.finish), USAGE, DONE]
    steps: list[Step] = []
    body, at = b"".join(frames), 0
    while at < len(body):
        size = numbers.randint(1, write)
        steps += [numbers.uniform(0, pause)] if pause else []
        steps.append(body[at : at + size])
        at += size
    return Script(said, [*steps, *(ends or ())], len(frames))


def chunk(delta: dict[str, Any], finish: str | None = None) -> bytes:
    value = {**HEAD, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}
    text = json.dumps(value, ensure_ascii=False)
    try:
        return f"data: {text}\n\n".encode()
    except UnicodeEncodeError:  # half of a character: only an escape can say it
        return f"data: {json.dumps(value)}\n\n".encode()


HEAD = {"id": "chatcmpl-r", "object": "chat.completion.chunk", "created": 1763650000, "model": "stand-in-2025"}
USAGE = b"data: " + json.dumps(
    {**HEAD, "choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 21, "total_tokens": 30}}
).encode() + b"\n\n"  # fmt: skip


# What is read.


class NativeParts:
    """Blocks put together from native events."""

    dialect = "native"

    def __init__(self) -> None:
        self.reader = NativeReader()
        self.generation: str | None = None
        self.blocks: list[dict[str, Any]] = []
        self.merged = 0

    @property
    def place(self) -> str:
        return str(self.reader.seq)

    @property
    def is_whole(self) -> bool:
        return self.reader.message.outcome is not None

    def event(self, block: Event) -> None:
        count = len(self.reader.events)
        self.reader.event(block)
        for value in self.reader.events[count:]:
            self._take(value)

    def line(self, value: Any) -> None:
        self.reader.line(value)
        self._take(value)

    def _take(self, value: dict[str, Any]) -> None:
        self.generation = self.reader.generation
        kind, _, phase = value["type"].rpartition("-")
        self.merged += "from" in value
        if "block" not in value:
            return
        if phase == "start":
            named = {name: value[name] for name in ("call_id", "name") if name in value}
            self.blocks.append({"block": value["block"], "type": kind, **named, "text": "", "open": True})
        elif phase == "delta":
            self.blocks[value["block"]]["text"] += value["delta"]
        else:
            del self.blocks[value["block"]]["open"]

    def agree(self, document: dict[str, Any], said: Said) -> None:
        message, end = self.reader.message, self.reader.events[-1]
        blocks = [{**block, "text": whole(block["text"])} for block in self.blocks]
        must(blocks == document["message"]["blocks"], "every block is the fold's", blocks, document["message"])
        sums = [checksum(block["text"]) for block in self.blocks]
        must(end.get("checksums", []) == sums == document.get("checksums", []), "checksums", end, sums, document)
        must(self.reader.seq == document["seq"], "all events", self.reader.seq, document["seq"])
        must(message.outcome == document["state"], "the outcome", message.outcome, document["state"])
        must(message.usage == document.get("usage"), "usage", message.usage, document.get("usage"))
        must(end.get("error") == document.get("error"), "the error", end, document)
        must(message.finish_reason == document.get("finish_reason"), "the reason", end, document)
        must(said_by(document) == said, "the fold is what the provider said", said_by(document), said)


class SimpleParts:
    """What a simple front end shows."""

    dialect = "simple"

    def __init__(self) -> None:
        self.reader = SimpleReader()
        self.merged = 0

    @property
    def generation(self) -> str | None:
        return self.reader.generation

    @property
    def place(self) -> str:
        return self.reader.last_id

    @property
    def is_whole(self) -> bool:
        return self.reader.message.outcome is not None

    def event(self, block: Event) -> None:
        self.reader.event(block)

    def line(self, value: Any) -> None:
        self.reader.line(value)

    def agree(self, document: dict[str, Any], said: Said) -> None:
        message, wanted = self.reader.message, said_by(document)
        must((whole(message.text), whole(message.reasoning)) == (wanted.text, wanted.reasoning), "text", message, wanted)
        whole_calls = [block for block in document["message"]["blocks"] if "call_id" in block and "open" not in block]
        calls = [(block["call_id"], block["name"], json.loads(block["text"] or "{}")) for block in whole_calls]
        must(self.reader.calls == calls, "tool calls", self.reader.calls, calls)
        results = [{"id": out["call_id"], "result": out["result"]} for out in document["message"]["tool_outputs"]]
        got = [{"id": out.get("call_id", out["id"]), "result": out["result"]} for out in self.reader.tool_results]
        must(got == results, "tool results", got, results)
        if document["state"] == "failed":
            must(message.error and message.error["code"] == document["error"]["code"], "the error", message, document)
        else:
            reason = "stopped" if document["state"] == "stopped" else document["finish_reason"]
            must(message.finish_reason == reason, "the reason", message, document)
            must(message.usage == document.get("usage"), "usage", message.usage, document.get("usage"))
        must(not self.reader.unknown, "nothing unknown", self.reader.unknown)
        must(wanted == said, "the fold is what the provider said", wanted, said)


class ChatParts(ChatReader):
    """The message that Chat's chunks make."""

    dialect = "openai-chat"

    def __init__(self) -> None:
        super().__init__()
        self.generation: str | None = None
        self.place = ""
        self.said = Said()
        self.roles = 0
        self.merged = 0

    @property
    def is_whole(self) -> bool:
        return self.is_done or self.error is not None

    def event(self, block: Event) -> None:
        super().event(block)
        if block.data is None:
            return
        must(block.id is not None and block.id != self.place, "each frame has an id of its own", block, self.place)
        self.generation, self.place = str(block.id).partition(":")[0], str(block.id)
        if block.data != "[DONE]":
            self._take(block.json())

    def line(self, value: Any) -> None:
        super().event(Event(data=json.dumps(value)))
        self._take(value)

    def ended(self) -> None:
        """Over JSON lines the body's clean end is the answer's, where no error came."""
        self.is_done = self.error is None

    def _take(self, value: dict[str, Any]) -> None:
        if value.get("usage"):
            must(self.said.usage is None, "usage once", value)
            counts = value["usage"]
            self.said.usage = {"input_tokens": counts["prompt_tokens"], "output_tokens": counts["completion_tokens"]}
        for choice in value.get("choices", ()):
            delta = choice["delta"]
            self.roles += "role" in delta
            self.said.text += delta.get("content") or ""
            self.said.reasoning += delta.get("reasoning_content") or ""
            for part in delta.get("tool_calls") or ():
                self._call(part)
            self.said.finish = choice["finish_reason"] or self.said.finish
        self.said.error = (value.get("error") or {}).get("code") or self.said.error

    def _call(self, part: dict[str, Any]) -> None:
        function = part.get("function", {})
        if "id" in part:
            must(part["index"] == len(self.said.calls), "a call begins once, its index rising", part, self.said.calls)
            self.said.calls.append(Call(part["id"], function["name"]))
        must("name" not in function or "id" in part, "a name once", part)
        self.said.calls[part["index"]].arguments += function.get("arguments") or ""

    def agree(self, document: dict[str, Any], said: Said) -> None:
        got, wanted = self.said, said_by(document)
        must(wanted == said, "the fold is what the provider said", wanted, said)
        must((whole(got.text), whole(got.reasoning)) == (wanted.text, wanted.reasoning), "text", got, wanted)
        calls = [Call(call.id, call.name, whole(call.arguments)) for call in got.calls]
        must(calls == wanted.calls, "tool calls", calls, wanted.calls)
        must(self.roles <= 1, "a role once", self.roles)
        if document["state"] == "failed":
            must(got.error == wanted.error, "the error", got, document)
        else:
            reason = "stop" if document["state"] == "stopped" else wanted.finish
            must((got.finish, got.usage) == (reason, said.usage), "the end", got, document)


Parts = NativeParts | SimpleParts | ChatParts
KINDS: dict[str, type[Parts]] = {"native": NativeParts, "simple": SimpleParts, "openai-chat": ChatParts}
WAYS = [
    *((dialect, framing) for dialect in ("native", "simple") for framing in ("sse", "ndjson", "either")),
    ("openai-chat", "sse"),
]
"""The dialects and framings in which a reader has a place. Chat over JSON lines has none."""
EVERY_WAY = [*WAYS, ("openai-chat", "ndjson")]


def said_by(document: dict[str, Any]) -> Said:
    """What a generation's document says."""
    blocks = document["message"]["blocks"]

    def text(kind: str) -> str:
        return "".join(block["text"] for block in blocks if block["type"] == kind)

    must(document["message"]["content"] == text("text"), "content is the text", document["message"])
    calls = [Call(block["call_id"], block["name"], block["text"]) for block in blocks if "call_id" in block]
    usage = document.get("usage") or {}
    counts = None if usage.get("estimated") else {name: usage[name] for name in usage}
    error = (document.get("error") or {}).get("code")
    return Said(text("text"), text("reasoning"), calls, document.get("finish_reason"), counts or None, error)


# Where it is cut.


@dataclass
class Knife:
    """Cuts a connection behind the `count`th place that matches `pattern`, among all bytes of the response.

    Nothing is read of what comes behind it; `frames` cuts when that many were read.
    """

    pattern: re.Pattern[bytes] | None = None
    count: int = 1
    frames: int | None = None
    how: str = "reset"

    def place(self, received: bytes) -> int | None:
        """The length at which to cut; None where it is not there yet."""
        if self.pattern is None:
            return None
        if self.pattern is ANY:
            return self.count if len(received) >= self.count else None
        for number, found in enumerate(self.pattern.finditer(received), 1):
            if number == self.count:
                return found.end()
        return None


ANY = re.compile(rb"(?s).")
PLACES = {
    "any byte": ANY,
    "inside a character": re.compile(rb"[\xc2-\xdf]|[\xe0-\xef][\x80-\xbf]?|[\xf0-\xf4][\x80-\xbf]{0,2}"),
    "inside an escape": re.compile(rb"\\(u[0-9a-fA-F]{0,3})?"),
    "between CR and LF": re.compile(rb"\r(?=\n)"),
    "behind one LF": re.compile(rb"(?<![\r\n])\n"),
    "inside a frame": re.compile(rb'data: |"delta":|"(?=\}\n)|\{"i'),
    "behind a frame": re.compile(rb"\n\n|\}\n"),
}


def knives(seed: int, most: int = 1500) -> Iterator[Knife]:
    """Random cuts without end: more than half at any byte up to `most`, the others at places that are delicate."""
    numbers = random.Random(seed)
    while True:
        name = "any byte" if numbers.random() < 0.55 else numbers.choice(list(PLACES))
        count = numbers.randint(1, most) if name == "any byte" else numbers.randint(1, 12)
        yield Knife(PLACES[name], count, how=numbers.choice(["reset", "close", "leave"]))


class Severed(Connection):
    """A connection that a knife cuts: what came before is there, nothing comes after."""

    def __init__(self, port: int, knife: Knife) -> None:
        super().__init__(port)
        self.knife = knife
        self.seen = bytearray()
        self.is_cut = False

    def more(self) -> bool:
        if self.is_cut:
            return False
        before = len(self.seen)
        try:
            self.seen += self.socket.recv(65536)
        except ConnectionResetError:
            return False
        place = self.knife.place(bytes(self.seen))
        end = len(self.seen) if place is None else max(place, before)
        self.received += bytes(self.seen[before:end])
        if place is not None:
            self.sever()
        return end > before

    def sever(self) -> None:
        self.is_cut = True
        if self.knife.how == "reset":
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        if self.knife.how == "leave":
            self.socket.shutdown(socket.SHUT_WR)
        self.socket.close()


# Who reads.


class Returning:
    """A reader that comes back until it has everything."""

    def __init__(self, port: int, dialect: str, framing: str, seed: int, headers: dict[str, str] | None = None) -> None:
        """`framing` is `sse`, `ndjson`, or `either`: another one at each connection."""
        self.port, self.dialect, self.framing = port, dialect, framing
        self.numbers = random.Random(seed)
        self.headers = headers or {}
        self.parts: Parts = KINDS[dialect]()
        self.cuts = 0
        self.cuts_amid = 0
        self.snapshots: list[Parts] | None = None
        """What it had behind each frame, where a test sets it."""
        self.reads_lines = framing == "ndjson"
        self.generation: str | None = None

    @property
    def is_whole(self) -> bool:
        return self.parts.is_whole

    def connect(self, target: str, fields: dict[str, str], knife: Knife, method: str = "GET", body: Any = None) -> int:
        """One connection, cut or read to its end. Returns the status; 0 where not even the head came."""
        accept = {"accept": "application/x-ndjson"} if self.reads_lines else {}
        with Severed(self.port, knife) as connection:
            connection.send(method, target, {**self.headers, **accept, **fields}, body)
            try:
                response = Response(connection)
            except (Cut, ValueError):
                assert connection.is_cut, f"{target}: closed without an answer"
                self.cuts += 1
                return 0
            if response.status in (200, 201):
                self.generation = response.headers["x-freshet-generation"]
                self._read(connection, response)
            return response.status

    def _read(self, connection: Severed, response: Response) -> None:
        lines = self.reads_lines
        must(("ndjson" in response.headers["content-type"]) == lines, "the framing asked for", response.headers)
        count = 0
        for item in response.lines() if lines else response.events():
            if lines:
                self.parts.line(item)
            else:
                self.parts.event(item)
                count += item.data is not None
            count += lines
            if self.snapshots is not None:
                self.snapshots.append(copy.deepcopy(self.parts))
            if count == connection.knife.frames:
                connection.sever()
                break
        if connection.is_cut:
            self.cuts += 1
        elif lines and isinstance(self.parts, ChatParts) and response.ended == "clean":
            self.parts.ended()
        must(connection.is_cut or self.parts.is_whole, "no end without the answer's", self.parts.place)

    def create(self, knives: Iterator[Knife], key: str) -> str:
        """Asks in its own dialect, again and again under the same key until a head came; returns the name it got."""
        while self.generation is None:
            if self.dialect == "simple":
                # Without a place a browser would ask, and pay, again: it has one with the first bytes of the body.
                target, count = "/api/chat?prompt=x&model=m&log=on", self.numbers.randint(1, 9)
                must(self.connect(target, {}, Knife(PLACES["behind a frame"], count)) == 200, "made")
                continue
            path = "/v1/generations" if self.dialect == "native" else "/v1/chat/completions"
            status = self.connect(path, {"idempotency-key": key}, next(knives), "POST", self.question)
            must(status in (0, 200), "made once", status)
        return self.generation

    @property
    def question(self) -> dict[str, Any]:
        chat = {"stream": True, "stream_options": {"include_usage": True}} if self.dialect == "openai-chat" else {}
        return {"model": "m", "messages": [{"role": "user", "content": "Hello?"}], **chat}

    def attach(self, knife: Knife) -> int:
        """Comes back once, where it was, in one of the ways there are."""
        assert self.generation is not None
        if self.framing == "either":
            self.reads_lines = self.numbers.random() < 0.5
        query, fields = self._place()
        named = f"dialect={self.dialect}&include_usage=true"
        target = f"/v1/generations/{self.generation}/events?{named}{query}"
        if self.dialect == "simple" and fields and self.numbers.random() < 0.5:
            target = "/api/chat?prompt=x"
        status = self.connect(target, fields, knife)
        must(status in (0, 200), "it is there, and goes on", status, target, fields)
        return status

    def _place(self) -> tuple[str, dict[str, str]]:
        """What names the place: a part of the query, and fields."""
        if self.dialect == "openai-chat" and self.reads_lines:
            self.parts = ChatParts()  # it has no cursor, and begins anew
            return "", {}
        place = self.parts.place
        number = place.rpartition(":")[2] or "0"
        whole_place = f"{self.generation}:{number}"
        if not self.reads_lines and self.numbers.random() < 0.5:
            stale = self.numbers.choice(["", "&after=0", f"&after={self.generation}:1"])
            return (stale, {"last-event-id": whole_place}) if number != "0" else ("", {})
        return self.numbers.choice([f"&after={number}", f"&after={whole_place}"]), {}

    def finish(self, knives: Iterator[Knife], most: int = 1 << 30) -> None:
        """Comes back until it has everything, cut at most `most` times more."""
        until = self.cuts + most
        while not self.is_whole:
            self.attach(next(knives) if self.cuts < until else Knife())


def last_place(reader: Returning, document: dict[str, Any]) -> None:
    """Who has the end is told so: 204, and a browser stops asking."""
    if isinstance(reader.parts, ChatParts) and reader.reads_lines:
        return
    target = f"/v1/generations/{reader.generation}/events?dialect={reader.dialect}&after={document['seq']}"
    with Connection(reader.port) as connection:
        response = connection.request("GET", target, reader.headers)
        must(response.status == 204 and response.body() == b"", "nothing more", response.status)
