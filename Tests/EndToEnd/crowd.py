"""A crowd of clients of every kind, asking for answers that fail in every way the simulator knows; each is judged.

An answer must be whole (then it is to the letter what the simulator says when it is asked alone), or end in an error
that fits the fault, with a beginning of that text before it. It is never silently cut.
"""

from __future__ import annotations

import json
import random
import socket
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from asking import MESSAGES, ChatReader
from conftest import SANITIZED, SOAK
from gateway import Gateway
from leaving import PLAIN, abort
from readers import Message, NativeReader, SimpleReader, ToolCall, must
from wire import Connection, Cut, Event, Response
from wire_probes import HEALTH, PROBES

PATIENT = 40.0
"""Seconds after which a client calls it a hang."""
SILENCE = 5 if SOAK else 2
"""Seconds of a provider's silence that the gateway of the crowd bears."""

TRUNCATED = {"provider_truncated", "provider_unreachable"}
FAULTS: dict[str, set[str]] = {
    "": {"finished"},
    "-nodone": {"finished"},
    "-garbage{}": {"finished", "provider_malformed"},
    "-rst{}": TRUNCATED,
    "-fin{}": TRUNCATED,
    "-rst0": TRUNCATED,
    "-stall{}": {"provider_timeout"},
    "-err{}": {"simulated_error"},
    "-err{}-nodone": {"simulated_error"},
    "-http429": {"rate_limit_exceeded"},
    "-http500": {"server_error", "provider_error"},
    "-http503-retry1": {"server_error", "provider_error"},
    "-http401": {"provider_auth", "invalid_api_key"},
    "-rst{}-every2": TRUNCATED | {"finished"},
}
"""What a model's name adds, and how the answer may then end: complete, or with an error of such a code."""


@dataclass(frozen=True)
class Ask:
    """One answer asked for: what is said, how fast, and what goes wrong."""

    provider: str
    """What the name begins with: nothing, which leads to the gateway's own simulator, or `outside/`."""
    word: str
    tokens: int
    seed: int
    pace: str = "-i0"
    fault: str = ""
    ends: frozenset[str] = frozenset({"finished"})

    @property
    def model(self) -> str:
        return f"{self.provider}{self.said}-t0{self.pace}{self.fault}"

    @property
    def said(self) -> str:
        return f"{self.word}-n{self.tokens}-seed{self.seed}"


def any_ask(numbers: random.Random, most: int = 60) -> Ask:
    tokens = numbers.choice([1, 3, 10, most])
    fault = numbers.choices(list(FAULTS), [12, 2, 3, 2, 2, 1, 0.3, 2, 1, 1, 1, 1, 1, 2])[0]
    pace = numbers.choice(["-i0", "-i0", "-i500", "-i2000", "-i0-split3-p0", "-i200-split"])
    word = numbers.choice(["talk", "talk", "code", "think", "tools", "json"])
    if fault.startswith("-stall") and not SOAK:
        word = "talk"  # silence amid a tool call is borne for long
    # Those have as many tokens as their arguments need: the fault may lie beyond.
    spared = {"finished"} if word in ("tools", "json") and "{}" in fault else set()
    return Ask(
        numbers.choice(["", "outside/"]),
        word,
        tokens,
        numbers.randrange(4),
        pace,
        fault.format(numbers.randrange(tokens)),
        frozenset(FAULTS[fault] | spared),
    )


class Crowd:
    """Clients at once for some seconds; `counts` says what became of them, `problems` what must not have been."""

    def __init__(self, gateway: Gateway, outside: Gateway, size: int = 24) -> None:
        self.gateway, self.outside, self.size = gateway, outside, size
        self.counts: Counter[str] = Counter()
        self.problems: list[str] = []
        self._whole: dict[str, Message] = {}
        self._doing: dict[int, str] = {}
        self._lock = threading.Lock()

    def run(self, seconds: float, seed: int = 1) -> None:
        """Lets them come for `seconds`, and waits for the last."""
        self._stop = time.monotonic() + seconds
        workers = [
            threading.Thread(target=self._work, args=(seed * 1000 + n,), name=f"client-{seed * 1000 + n}", daemon=True)
            for n in range(self.size)
        ]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join(max(0.0, self._stop + PATIENT - time.monotonic()))
        self.problems += [f"never ended: {what}" for what in self._doing.values()]

    def _work(self, number: int) -> None:
        numbers = random.Random(number)
        while time.monotonic() < self._stop and len(self.problems) < 10:
            kind = numbers.choices(list(KINDS), [weight for _, weight in KINDS.values()])[0]
            one = numbers.getrandbits(32)
            self._doing[number] = f"{kind}, seed {one}"
            try:
                became = KINDS[kind][0](self, random.Random(one))
            except Exception:
                became = "PROBLEM"
                self.problems.append(f"{self._doing[number]}: {traceback.format_exc(limit=-4)}")
            with self._lock:
                self.counts[f"{kind}: {became}"] += 1
            del self._doing[number]

    # What it should have been.

    def note(self, what: str) -> None:
        """Says more of what this client does, for the report should it fail or hang."""
        thread = int(threading.current_thread().name.removeprefix("client-"))
        self._doing[thread] += f", {what}"

    def expected(self, ask: Ask) -> Message:
        """What the simulator says when nothing goes wrong and nobody stands between."""
        with self._lock:
            if known := self._whole.get(ask.said):
                return known
        with Connection(self.outside.port, PATIENT) as connection:
            body = {"model": f"{ask.said}-t0-i0", "messages": MESSAGES}
            said = connection.request("POST", "/v1/chat/completions", body=body).json()["choices"][0]["message"]
        message = whole_message(said)
        with self._lock:
            self._whole[ask.said] = message
        return message

    def judge(self, ask: Ask, message: Message, kind: str) -> str:
        """How it ended; raises when that must not be."""
        end = message.outcome or "silently cut"
        if end == "failed":
            error = message.error or {}
            end = str(error.get("code") or error.get("type"))
        must(end in ask.ends, "an end that fits the fault", ask.model, kind, end, message.error)
        wanted = self.expected(ask)
        if end == "finished":
            got_calls, wanted_calls = calls(message, kind), calls(wanted, kind)
            must(message.text == wanted.text, "the whole text", ask.model, kind, message.text, wanted.text)
            must(got_calls == wanted_calls, "the whole calls", ask.model, kind, got_calls, wanted_calls)
            if kind not in ("chat", "chat lines"):
                must(message.reasoning == wanted.reasoning, "the whole reasoning", ask.model, kind)
        else:
            must(wanted.text.startswith(message.text), "a beginning of the text", ask.model, kind, message.text)
        return end


def calls(message: Message, kind: str) -> list[tuple[str, Any]]:
    """Names and arguments; the arguments alone where the reader of that kind looks at nothing else."""
    names = [call.name if kind not in ("chat", "chat lines") else "" for call in message.tool_calls]
    return [(name, json.loads(call.arguments)) for name, call in zip(names, message.tool_calls)]


def whole_message(said: dict[str, Any]) -> Message:
    """The message of a `chat.completion`."""
    called = [(call["id"], call["function"]) for call in said.get("tool_calls") or ()]
    return Message(
        said["content"] or "",
        said.get("reasoning_content") or "",
        said.get("refusal") or "",
        [ToolCall(name, function["name"], function["arguments"]) for name, function in called],
    )


# Reading.


def ask_for(crowd: Crowd, connection: Connection, kind: str, ask: Ask) -> None:
    crowd.note(f"{kind} {ask.model}")
    body: dict[str, Any] = {"model": ask.model, "messages": MESSAGES}
    accept = {"accept": "application/x-ndjson"} if kind.endswith("lines") else {}
    if kind.startswith("simple"):
        connection.send("GET", f"/api/chat?prompt=x&model={ask.model}", accept)
    elif kind.startswith("native"):
        connection.send("POST", "/v1/generations", {**accept, "x-freshet-log": "off"}, body)
    else:
        connection.send("POST", "/v1/chat/completions", accept, {**body, "stream": kind != "chat whole"})


def take(response: Response, kind: str, slowly: Callable[[], None] | None = None) -> Message:
    """The message that a response brings, status errors among them."""
    if response.status != 200:
        value = response.json()
        must(response.ended == "clean", "a refusal is whole", kind)
        return Message(outcome="failed", error=value["error"])
    if kind == "chat whole":
        message = whole_message(response.json()["choices"][0]["message"])
        message.outcome = "finished"
        return message
    reader: Any = ChatReader() if kind.startswith("chat") else NativeReader() if "native" in kind else SimpleReader()
    if kind.endswith("lines"):
        for value in response.lines():
            reader.event(Event(data=json.dumps(value))) if kind.startswith("chat") else reader.line(value)
        if kind == "chat lines" and reader.error is None and response.ended == "clean":
            reader.is_done = True
    else:
        for event in response.events():
            reader.event(event)
            if slowly:
                slowly()
    message: Message = reader.message
    if kind.startswith("chat"):
        message.tool_calls = [ToolCall("", "", arguments) for _, arguments in sorted(reader.calls.items())]
        must((message.outcome == "finished") == (response.ended == "clean"), "a failure is seen as a cut", message)
    else:
        must(response.ended == "clean", "an event tells of a failure", kind, response.ended)
    return message


READERS = ["chat", "chat whole", "chat lines", "native", "native lines", "simple", "simple lines"]


def one_reader(crowd: Crowd, numbers: random.Random) -> str:
    kind, ask = numbers.choice(READERS), any_ask(numbers)
    with Connection(crowd.gateway.port, PATIENT) as connection:
        ask_for(crowd, connection, kind, ask)
        return crowd.judge(ask, take(Response(connection), kind), kind)


def slow_reader(crowd: Crowd, numbers: random.Random) -> str:
    """Takes a long answer a little at a time, behind a small window."""
    kind, ask = numbers.choice(["chat", "native", "simple"]), Ask("", "talk", 2000, numbers.randrange(2))
    with Connection(crowd.gateway.port, PATIENT) as connection:
        connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        ask_for(crowd, connection, kind, ask)
        read = 0

        def slowly() -> None:
            nonlocal read
            read += 1
            if read % 500 == 0:
                time.sleep(0.05)

        return crowd.judge(ask, take(Response(connection), kind, slowly), kind)


def returning_reader(crowd: Crowd, numbers: random.Random) -> str:
    """Loses its connection and comes back with the last id, as a browser does."""
    ask = any_ask(numbers, most=200)
    reader, target = SimpleReader(), f"/api/chat?prompt=x&model={ask.model}"
    for _ in range(20):
        crowd.note(f"{ask.model} {reader.last_id}")
        with Connection(crowd.gateway.port, PATIENT) as connection:
            connection.send("GET", target, {"last-event-id": reader.last_id})
            response = Response(connection)
            if response.status == 204:
                break
            must(response.status == 200, "it can be attached to", response.status, ask.model)
            left = numbers.randint(1, 100)
            for event in response.events():
                reader.event(event)
                left -= 1
                if left == 0:
                    break
            if reader.message.outcome:
                break
    return crowd.judge(ask, reader.message, "simple")


def attacher(crowd: Crowd, numbers: random.Random) -> str:
    """Has an answer logged, is cut time and again, attaches elsewhere, and leaves nothing of it."""
    ask, reader = any_ask(numbers, most=200), NativeReader()
    kind = numbers.choice(["native", "native lines", "chat", "simple"])
    fields = {"idempotency-key": str(numbers.getrandbits(64))} if numbers.random() < 0.5 else {}
    identity = make_logged(crowd, kind, ask, fields)
    target = f"/v1/generations/{identity}"
    stops = numbers.random() < 0.2
    for cut in range(20):
        crowd.note(f"{ask.model} {identity}:{reader.seq}")
        with Connection(crowd.gateway.port, PATIENT) as connection:
            lines = numbers.random() < 0.5
            accept = {"accept": "application/x-ndjson"} if lines else {}
            response = connection.request("GET", f"{target}/events?after={reader.seq}", accept)
            must(response.status == 200, "it can be attached to", response.status, ask.model)
            left = numbers.randint(1, 100) if cut < 19 else 1 << 40
            for item in response.lines() if lines else response.events():
                reader.line(item) if isinstance(item, dict) else reader.event(item)
                left -= 1
                if left == 0:
                    break
        if reader.message.outcome:
            break
        if stops and cut < 2:
            json_of(crowd, "POST", f"{target}/stop", 200)
    document = json_of(crowd, "GET", target, 200)
    must((document["state"], document["seq"]) == (reader.message.outcome, reader.seq), "one end", document, kind)
    must(document["message"]["content"] == reader.message.text, "one text", document, reader.message.text)
    listed = json_of(crowd, "GET", "/v1/generations?limit=100", 200)["data"]
    must(len(listed) == 100 or identity in [entry["id"] for entry in listed], "it is listed", identity)
    if fields and reader.message.text:
        must(make_logged(crowd, kind, ask, fields) == identity, "its key makes no other", identity)
    json_of(crowd, "DELETE", target, 204)
    json_of(crowd, "GET", target, 404)
    if reader.message.outcome == "stopped":
        must(crowd.expected(ask).text.startswith(reader.message.text), "a beginning of the text", ask.model)
        return "stopped"
    return crowd.judge(ask, reader.message, "native")


def make_logged(crowd: Crowd, kind: str, ask: Ask, fields: dict[str, str]) -> str:
    """Asks and leaves when the name is known."""
    body: dict[str, Any] = {"model": ask.model, "messages": MESSAGES}
    with Connection(crowd.gateway.port, PATIENT) as connection:
        if kind == "simple" and not fields:
            response = connection.request("GET", f"/api/chat?prompt=x&model={ask.model}&log=on")
        elif kind == "chat":
            logged = {"x-freshet-log": "on", **fields}
            response = connection.request("POST", "/v1/chat/completions", logged, {**body, "stream": True})
        else:
            accept = {"accept": "application/x-ndjson"} if kind == "native lines" else {}
            response = connection.request("POST", "/v1/generations", {**accept, **fields}, body)
        return response.headers["x-freshet-generation"]


def json_of(crowd: Crowd, method: str, target: str, status: int) -> Any:
    with Connection(crowd.gateway.port, PATIENT) as connection:
        response = connection.request(method, target)
        body = response.body()
    must(response.status == status, "the status", method, target, response.status, body)
    return json.loads(body) if body else None


def keeper(crowd: Crowd, numbers: random.Random) -> str:
    """One request after the other over one connection, as long as it is kept."""
    ends = []
    with Connection(crowd.gateway.port, PATIENT) as connection:
        for _ in range(numbers.randint(2, 6)):
            kind, ask = numbers.choice(["chat whole", "native", "simple lines"]), any_ask(numbers)
            ask_for(crowd, connection, kind, ask)
            response = Response(connection)
            ends.append(crowd.judge(ask, take(response, kind), kind))
            if response.headers.get("connection") == "close":
                break
    return f"{len(ends)} answers"


def pipeliner(crowd: Crowd, numbers: random.Random) -> str:
    """All requests at once, answered in their order."""
    asks = [
        Ask("", "talk", numbers.choice([1, 20, 100]), numbers.randrange(4), numbers.choice(["-i0", "-i500"]))
        for _ in range(4)
    ]
    kinds = [numbers.choice(READERS) for _ in asks]
    with Connection(crowd.gateway.port, PATIENT) as connection:
        for kind, ask in zip(kinds, asks):
            ask_for(crowd, connection, kind, ask)
            connection.socket.sendall(HEALTH)
        for kind, ask in zip(kinds, asks):
            crowd.judge(ask, take(Response(connection), kind), kind)
            assert Response(connection).body() == b"ok\n"
    return "in order"


def leaver(crowd: Crowd, numbers: random.Random) -> str:
    seed = numbers.getrandbits(32)
    return abort(crowd.gateway.port, ("sim", "outside")[seed % 2], seed, [*PLAIN, "simple", "simple lines"])


def hostile(crowd: Crowd, numbers: random.Random) -> str:
    """Sends what a probe sends, spoilt and cut, and is answered by HTTP or not at all; it may hang up."""
    data = bytearray(numbers.choice(PROBES).sent[:20_000])
    for _ in range(numbers.randrange(4)):
        data[numbers.randrange(len(data))] = numbers.randrange(256)
    cuts = sorted(numbers.randrange(len(data)) for _ in range(numbers.randrange(4)))
    with Connection(crowd.gateway.port, 0.3) as connection:
        try:
            for start, end in zip([0, *cuts], [*cuts, len(data)]):
                connection.socket.sendall(data[start:end])
            while len(connection.received) < 10_000 and connection.more():
                pass
        except (TimeoutError, BrokenPipeError, ConnectionResetError):
            pass
        answer = connection.received
    must(answer == b"" or answer.startswith(b"HTTP/1.1 "), "an answer in HTTP, or none", answer[:80], bytes(data[:80]))
    return answer[9:12].decode() or "nothing"


def silent(crowd: Crowd, numbers: random.Random) -> str:
    with Connection(crowd.gateway.port, PATIENT) as connection:
        connection.socket.sendall(HEALTH[: numbers.randrange(len(HEALTH) - 4)])
        time.sleep(numbers.random() * 0.2)
    return "left"


def old_client(crowd: Crowd, numbers: random.Random) -> str:
    """HTTP/1.0, as some proxies speak it: the stream ends with the connection."""
    ask = any_ask(numbers)
    with Connection(crowd.gateway.port, PATIENT) as connection:
        target = f"/api/chat?prompt=x&model={ask.model}"
        connection.socket.sendall(f"GET {target} HTTP/1.0\r\nHost: localhost\r\n\r\n".encode())
        return crowd.judge(ask, take(Response(connection), "simple"), "simple")


def watcher(crowd: Crowd, numbers: random.Random) -> str:
    with Connection(crowd.gateway.port, PATIENT) as connection:
        path = numbers.choice(["/healthz", "/metrics", "/v1/models", "/"])
        response = connection.request("GET", path)
        body = response.body()
        if SANITIZED and path == "/metrics" and response.status == 503:
            return "/metrics, a loop being late"  # on a busy machine the sanitizer may hold it up for the 2 s it has
        must(body and response.status == 200 and response.ended == "clean", "served", path, response.status)
    return path


KINDS: dict[str, tuple[Callable[[Crowd, random.Random], str], float]] = {
    "reader": (one_reader, 10),
    "slow reader": (slow_reader, 0.2),
    "returning reader": (returning_reader, 3),
    "attacher": (attacher, 5),
    "keeper": (keeper, 2),
    "pipeliner": (pipeliner, 2),
    "leaver": (leaver, 8),
    "hostile": (hostile, 4),
    "silent": (silent, 1),
    "HTTP/1.0": (old_client, 2),
    "watcher": (watcher, 1),
}
