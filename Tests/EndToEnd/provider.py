"""A scriptable OpenAI-compatible provider on 127.0.0.1 for tests that must know every byte.

    with Provider() as provider:
        provider.answer(chat(["Hel", "lo"]))          # every request from now on
        provider.answer_next(error(429), chat(...))   # these first, one request each

An answer is an `Answer`, or a function of the `Exchange` that returns one (`chat` does: it streams or sends one JSON
object, as the request asks). The steps of an `Answer` are done in order:

    bytes       one write, one HTTP chunk
    float       a pause in seconds
    Gate        wait until the test has released it once more
    RESET       a TCP reset
    FIN         the connection is closed without the last chunk
    STALL       nothing more, the connection stays open

Everything runs on one event-loop thread of its own; the test's thread reads the records and waits on conditions.
"""

from __future__ import annotations

import asyncio
import json
import random
import socket
import struct
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

PATIENCE = 20.0
"""Seconds a test waits for something that should happen at once: reached only when it never happens."""

REASONS = {200: "OK", 204: "No Content", 404: "Not Found", 429: "Too Many Requests", 500: "Internal Server Error"}


class Gate:
    """Lets the provider go on one step for each `release`."""

    def __init__(self) -> None:
        self._permits = 0
        self._waiters: deque[asyncio.Future[None]] = deque()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._lock = threading.Lock()

    def release(self, count: int = 1) -> None:
        """Gives `count` permits; callable from any thread, before or after the provider waits."""
        with self._lock:
            self._permits += count
            loop = self._loop
        if loop is not None:
            loop.call_soon_threadsafe(self._wake)

    def open(self) -> None:
        """Never holds anybody again."""
        self.release(1 << 40)

    def _wake(self) -> None:
        while self._waiters and self._take():
            waiter = self._waiters.popleft()
            if not waiter.done():
                waiter.set_result(None)
            else:
                self._give_back()

    def _take(self) -> bool:
        with self._lock:
            if self._permits == 0:
                return False
            self._permits -= 1
            return True

    def _give_back(self) -> None:
        with self._lock:
            self._permits += 1

    async def wait(self) -> None:
        loop = asyncio.get_running_loop()
        with self._lock:
            self._loop = loop
        waiter: asyncio.Future[None] = loop.create_future()
        self._waiters.append(waiter)
        self._wake()
        await waiter


class _Signal:
    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return self.name


RESET, FIN, STALL = _Signal("RESET"), _Signal("FIN"), _Signal("STALL")
Step = bytes | float | Gate | _Signal


@dataclass
class Answer:
    """What to send: a head, then the steps.

    `coding`: "chunked"; "length" (Content-Length, all steps must be bytes); "eof" (the body ends with the connection).
    """

    steps: Sequence[Step] = ()
    status: int = 200
    headers: dict[str, str] = field(default_factory=lambda: {"content-type": "text/event-stream; charset=utf-8"})
    coding: str = "chunked"
    before_head: Sequence[Step] = ()


@dataclass(eq=False)
class Exchange:
    """One request and what became of it. Times are `time.monotonic()` seconds."""

    provider: Provider
    number: int
    connection: int
    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    opened: float
    closed: float | None = None
    end: str | None = None
    """None while it is open, then "completed", "aborted" (the peer left first) or "faulted" (we were told to)."""

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def model(self) -> str:
        """The model asked for, wherever the dialect says it."""
        path = unquote(self.target.partition("?")[0])
        return path.rpartition("/models/")[2].rpartition(":")[0] if "/models/" in path else str(self.json["model"])

    @property
    def is_stream(self) -> bool:
        """Whether a stream is asked for, wherever the dialect says it."""
        return ":streamGenerateContent" in self.target or bool(self.json.get("stream"))

    def wait(self, timeout: float = PATIENCE) -> str | None:
        """Waits for the end; returns `end`, None when `timeout` seconds were not enough."""
        with self.provider.changed:
            self.provider.changed.wait_for(lambda: self.end is not None, timeout)
        return self.end


Script = Answer | Callable[[Exchange], Answer]


class Provider:
    """The stand-in. `exchanges` holds the requests to a model, `others` all the rest."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.exchanges: list[Exchange] = []
        self.others: list[Exchange] = []
        self.open = 0
        self.most_open = 0
        self.connections = 0
        self.models = ["stand-in", "stand-in-mini"]
        self._always: Script = chat(["Hel", "lo", "."])
        self._next: deque[Script] = deque()
        self._live: set[_Connection] = set()
        self._loop = asyncio.new_event_loop()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.port: int = self._listener.getsockname()[1]
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._run, name="provider", daemon=True)

    # What the test says.

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def root(self) -> str:
        """Without a path."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def count(self) -> int:
        """Requests to a model seen so far."""
        with self.changed:
            return len(self.exchanges)

    def answer(self, script: Script) -> None:
        self._always = script

    def answer_next(self, *scripts: Script) -> None:
        self._next.extend(scripts)

    def wait_count(self, count: int, timeout: float = PATIENCE) -> Exchange:
        """Waits for the `count`th chat request and returns it."""
        with self.changed:
            if not self.changed.wait_for(lambda: len(self.exchanges) >= count, timeout):
                raise AssertionError(f"the provider saw {len(self.exchanges)} requests, not {count}")
            return self.exchanges[count - 1]

    @property
    def stalled(self) -> int:
        """Answers under way whose bytes nobody takes."""
        return sum(not connection.writable.is_set() for connection in list(self._live))

    def wait_open(self, count: int, timeout: float = PATIENCE) -> None:
        """Waits until exactly `count` chat requests are being answered."""
        with self.changed:
            if not self.changed.wait_for(lambda: self.open == count, timeout):
                raise AssertionError(f"the provider has {self.open} open requests, not {count}")

    # Life.

    def __enter__(self) -> Provider:
        self._thread.start()
        self._started.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.set_exception_handler(lambda loop, context: None)
        self._server = self._loop.run_until_complete(
            self._loop.create_server(lambda: _Connection(self), sock=self._listener)
        )
        self._started.set()
        self._loop.run_forever()

    async def _stop(self) -> None:
        self._server.close()
        for connection in list(self._live):
            connection.stop()
        await asyncio.sleep(0)

    # What the connections tell.

    def _begin(self, exchange: Exchange) -> Answer:
        with self.changed:
            if not _is_asked(exchange):
                self.others.append(exchange)
                return self._other(exchange)
            self.exchanges.append(exchange)
            exchange.number = len(self.exchanges)
            self.open += 1
            self.most_open = max(self.most_open, self.open)
            script = self._next.popleft() if self._next else self._always
            self.changed.notify_all()
        return script(exchange) if callable(script) else script

    def _end(self, exchange: Exchange, how: str) -> None:
        with self.changed:
            if exchange.end is None:
                exchange.end, exchange.closed = how, time.monotonic()
                self.open -= 1 if _is_asked(exchange) else 0
                self.changed.notify_all()

    def _other(self, exchange: Exchange) -> Answer:
        if exchange.target.partition("?")[0].endswith("/models"):
            entries = [{"id": name, "object": "model", "created": 1, "owned_by": "tests"} for name in self.models]
            return json_answer({"object": "list", "data": entries})
        return error(404, "no such path")


ASKING = ("/completions", "/embeddings", "/messages", ":generateContent", ":streamGenerateContent")
"""How the path of a request to a model ends."""


def _is_asked(exchange: Exchange) -> bool:
    return exchange.method == "POST" and exchange.target.partition("?")[0].endswith(ASKING)


class _Connection(asyncio.Protocol):
    """One socket: parses requests, performs answers, notices that the peer has gone."""

    def __init__(self, provider: Provider) -> None:
        self.provider = provider
        self.received = bytearray()
        self.exchange: Exchange | None = None
        self.task: asyncio.Task[None] | None = None
        self.writable = asyncio.Event()
        self.writable.set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.provider._live.add(self)
        self.provider.connections += 1
        self.number = self.provider.connections

    def data_received(self, data: bytes) -> None:
        self.received += data
        if self.exchange is None:
            self._next_request()

    def pause_writing(self) -> None:
        self.writable.clear()

    def resume_writing(self) -> None:
        self.writable.set()

    def eof_received(self) -> bool:
        self._gone()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self._gone()
        self.provider._live.discard(self)

    def stop(self) -> None:
        if self.task is not None:
            self.task.cancel()
        self.transport.abort()

    def _gone(self) -> None:
        if self.exchange is not None:
            self.provider._end(self.exchange, "aborted")
        if self.task is not None:
            self.task.cancel()

    def _next_request(self) -> None:
        parsed = _parse(self.received)
        if parsed is None:
            return
        method, target, headers, body, used = parsed
        del self.received[:used]
        exchange = Exchange(self.provider, 0, self.number, method, target, headers, body, time.monotonic())
        self.exchange = exchange
        self.task = asyncio.get_running_loop().create_task(self._perform(exchange))

    async def _perform(self, exchange: Exchange) -> None:
        try:
            answer = self.provider._begin(exchange)
        except Exception as problem:  # a mistake in a test's script must show, not hang
            answer = error(500, f"the test's script failed: {problem!r}")
        how = await self._send(answer)
        self.provider._end(exchange, how)
        self.exchange = self.task = None
        if how == "completed" and answer.coding == "eof":
            self.transport.close()
        elif how == "completed":
            self._next_request()

    async def _send(self, answer: Answer) -> str:
        if not await self._do(answer.before_head, lambda data: data):
            return "faulted"
        lines = [f"HTTP/1.1 {answer.status} {REASONS.get(answer.status, 'Status')}"]
        lines += [f"{name}: {value}" for name, value in answer.headers.items()]
        if answer.coding == "chunked":
            lines.append("transfer-encoding: chunked")
        elif answer.coding == "length":
            size = sum(len(step) for step in answer.steps if isinstance(step, bytes))
            lines.append(f"content-length: {size}")
        else:
            lines.append("connection: close")
        self.transport.write(("\r\n".join(lines) + "\r\n\r\n").encode())
        frame = _chunk if answer.coding == "chunked" else bytes
        if not await self._do(answer.steps, frame):
            return "faulted"
        if answer.coding == "chunked":
            self.transport.write(b"0\r\n\r\n")
        return "completed"

    async def _do(self, steps: Iterable[Step], frame: Callable[[bytes], bytes]) -> bool:
        """Performs the steps; False when one of them was a fault."""
        for step in steps:
            if isinstance(step, bytes):
                await self.writable.wait()
                self.transport.write(frame(step))
            elif isinstance(step, Gate):
                await step.wait()
            elif isinstance(step, _Signal):
                return await self._fault(step)
            else:
                await asyncio.sleep(step)
        return True

    async def _fault(self, signal: _Signal) -> bool:
        if signal is STALL:
            await asyncio.get_running_loop().create_future()
        exchange, self.exchange = self.exchange, None
        assert exchange is not None
        self.provider._end(exchange, "faulted")
        if signal is RESET:
            linger = struct.pack("ii", 1, 0)
            self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.transport.abort()
        else:
            self.transport.close()
        return False


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def _parse(data: bytearray) -> tuple[str, str, dict[str, str], bytes, int] | None:
    """One whole request at the front of `data`: method, target, headers, body, bytes used; None when there is none."""
    head_end = data.find(b"\r\n\r\n")
    if head_end < 0:
        return None
    first, *rest = data[:head_end].decode("latin-1").split("\r\n")
    method, target, _ = first.split(" ")
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in rest)}
    at = head_end + 4
    if headers.get("transfer-encoding", "").lower() != "chunked":
        end = at + int(headers.get("content-length", "0"))
        return (method, target, headers, bytes(data[at:end]), end) if len(data) >= end else None
    body = bytearray()
    while (line_end := data.find(b"\r\n", at)) >= 0:
        size = int(data[at:line_end], 16)
        at = line_end + 2
        if len(data) < at + size + 2:
            return None
        body += data[at : at + size]
        at += size + 2
        if size == 0:
            return method, target, headers, bytes(body), at
    return None


# Answers.


def frame(value: Any) -> bytes:
    """One SSE event of a JSON value (or of text as it is)."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return b"data: " + text.encode() + b"\n\n"


DONE = frame("[DONE]")


def json_answer(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Answer:
    body = json.dumps(value).encode()
    return Answer([body], status, {"content-type": "application/json", **(headers or {})}, "length")


def error(
    status: int,
    message: str = "the provider says no",
    headers: dict[str, str] | None = None,
    code: str = "stand_in",
) -> Answer:
    """An HTTP error in OpenAI's form."""
    body = {"error": {"message": message, "type": "stand_in_error", "param": None, "code": code}}
    return json_answer(body, status, headers)


def raw(body: bytes, pieces: Sequence[int] | None = None, **options: Any) -> Answer:
    """A recorded body as it is, written whole or in pieces of the given sizes."""
    return Answer([body] if pieces is None else cut(body, pieces), **options)


def cut(body: bytes, sizes: Iterable[int]) -> list[bytes]:
    """`body` in pieces of `sizes`; what is left is the last piece."""
    parts, at = [], 0
    for size in sizes:
        if at >= len(body):
            break
        parts.append(body[at : at + size])
        at += size
    return parts + ([body[at:]] if at < len(body) else [])


def random_sizes(seed: int, most: int = 200) -> Iterable[int]:
    """Endless piece sizes of 1 to `most` bytes, the same for the same seed."""
    numbers = random.Random(seed)
    while True:
        yield numbers.randint(1, most)


@dataclass
class Tool:
    """A tool call: its argument text comes in `pieces`."""

    id: str
    name: str
    pieces: Sequence[str]

    @property
    def arguments(self) -> str:
        return "".join(self.pieces)


def chat(
    tokens: Sequence[str],
    *,
    gate: Gate | None = None,
    reasoning: Sequence[str] = (),
    refusal: Sequence[str] = (),
    tools: Sequence[Tool] = (),
    choices: int = 1,
    finish: str = "stop",
    usage: tuple[int, int] | None = (9, 21),
    ends: Sequence[Step] | None = None,
    fault_after: int | None = None,
    head: Sequence[Step] = (),
    name: str = "chatcmpl-standin",
    pad: str = "",
) -> Callable[[Exchange], Answer]:
    """An answer as OpenAI gives it, streamed or not as the request asks, usage only when asked for.

    `gate` holds every token and then the end. `ends` replaces all that follows the tokens (and with `fault_after`,
    all that follows the first that many). `head` is done before the response head. Several `choices` say the same
    tokens, interleaved, each with its number before the first.
    """
    base = {"id": name, "object": "chat.completion.chunk", "created": 1763650000, "model": "stand-in-2025"}

    def chunk(choice: int, delta: dict[str, Any], finish_reason: str | None = None) -> dict[str, Any]:
        padding = {"obfuscation": pad} if pad else {}
        entry = {"index": choice, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
        return {**base, "choices": [entry], **padding}

    def said(choice: int) -> list[str]:
        return list(tokens) if choices == 1 else [f"{choice}:", *tokens]

    def deltas(choice: int) -> list[dict[str, Any]]:
        parts: list[dict[str, Any]] = [{"reasoning_content": piece} for piece in reasoning]
        parts += [{"refusal": piece} for piece in refusal]
        parts += [{"content": piece} for piece in said(choice)]
        for index, tool in enumerate(tools):
            function = {"name": tool.name, "arguments": ""}
            parts.append({"tool_calls": [{"index": index, "id": tool.id, "type": "function", "function": function}]})
        longest = max((len(tool.pieces) for tool in tools), default=0)
        for row in range(longest):  # parallel calls interleave, as several indexes may
            for index, tool in enumerate(tools):
                if row < len(tool.pieces):
                    parts.append({"tool_calls": [{"index": index, "function": {"arguments": tool.pieces[row]}}]})
        return parts

    has_text = bool(tokens) or not (tools or refusal)

    def counts() -> dict[str, int]:
        assert usage is not None
        return {"prompt_tokens": usage[0], "completion_tokens": usage[1], "total_tokens": sum(usage)}

    def stream(exchange: Exchange) -> Answer:
        asked = bool((exchange.json.get("stream_options") or {}).get("include_usage"))
        nothing = {"usage": None} if asked else {}
        steps: list[Step] = []
        for choice in range(choices):
            role = chunk(choice, {"role": "assistant", "content": "" if has_text else None, "refusal": None})
            steps.append(frame({**role, **nothing}))
        rows = [deltas(choice) for choice in range(choices)]
        parts = [(choice, row[at]) for at in range(max(map(len, rows))) for choice, row in enumerate(rows)]
        for number, (choice, delta) in enumerate(parts):
            if number == fault_after:
                break
            steps += [gate] if gate else []
            steps.append(frame({**chunk(choice, delta), **nothing}))
        if ends is not None:
            return Answer([*steps, *ends], before_head=head)
        steps += [gate] if gate else []
        reason = "tool_calls" if tools else finish
        steps += [frame({**chunk(choice, {}, reason), **nothing}) for choice in range(choices)]
        if asked and usage is not None:
            steps.append(frame({**base, "choices": [], "usage": counts()}))
        return Answer([*steps, DONE], before_head=head)

    def whole(exchange: Exchange) -> Answer:
        messages = []
        for choice in range(choices):
            message: dict[str, Any] = {"role": "assistant", "content": None, "refusal": None}
            if has_text:
                message["content"] = "".join(said(choice))
            if refusal:
                message["refusal"] = "".join(refusal)
            if reasoning:
                message["reasoning_content"] = "".join(reasoning)
            if tools:
                message["tool_calls"] = [
                    {"id": t.id, "type": "function", "function": {"name": t.name, "arguments": t.arguments}}
                    for t in tools
                ]
            reason = "tool_calls" if tools else finish
            messages.append({"index": choice, "message": message, "logprobs": None, "finish_reason": reason})
        body = {**base, "object": "chat.completion", "choices": messages}
        if usage is not None:
            body["usage"] = counts()
        answer = json_answer(body)
        answer.before_head = [*head, *([gate] if gate else [])]
        return answer

    return lambda exchange: stream(exchange) if exchange.json.get("stream") else whole(exchange)
