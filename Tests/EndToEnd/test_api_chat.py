"""`GET /api/chat` seen from the socket: what an EventSource relies on, and what a cut connection may never cost.

Whatever the reader does, the provider is asked once, and no event is lost or repeated.
"""

from __future__ import annotations

import json
import threading
import time
from typing import Any
from urllib.parse import urlencode

import pytest

from conftest import LOOPS
from gateway import Served, configuration, free_port
from provider import FIN, RESET, STALL, Gate, Provider, Tool, chat, error, frame
from readers import NativeReader, SimpleReader
from wire import Connection, Event, Response

TOKENS = ["Hel", "lo", ", ", "wörld", " 🙂", " 日本", "."]
TEXT = "".join(TOKENS)
TOOL = Tool("call_a", "weather", ['{"ci', 'ty":"Paris","days":[1,2.50]}'])
FREED = 5.0


def get(connection: Connection, last: str | None = None, accept: str = "text/event-stream", **query: str) -> Response:
    headers = {"accept": accept, **({} if last is None else {"last-event-id": last})}
    return connection.request("GET", f"/api/chat?{urlencode({'prompt': 'Say hello.', **query})}", headers)


def whole(gateway: Served, reader: SimpleReader, last: str | None = None, **query: str) -> list[Event]:
    """Reads a stream to its end, which must be clean, into `reader`."""
    with Connection(gateway.port) as connection:
        response = get(connection, last, **query)
        assert response.status == 200, response.body()
        events = list(response.events())
        for event in events:
            reader.event(event)
    assert response.ended == "clean"
    return events


def test_the_first_bytes(gateway: Served, provider: Provider) -> None:
    """Head, `retry:` and the id of the beginning are there while the provider has not answered."""
    provider.answer(chat(TOKENS, head=[STALL]))
    with Connection(gateway.port) as connection:
        response = get(connection)
        assert response.status == 200 and response.headers["content-type"].startswith("text/event-stream")
        first = next(response.events())
        assert first.retry == "1000" and first.data is None
        assert first.id == f"{response.headers['x-freshet-generation']}:0"
        provider.wait_count(1)


def test_first_bytes_need_no_provider() -> None:
    """They come before the provider is asked: one that is not there shows as an error frame in the 200."""
    with Served(configuration(f"http://127.0.0.1:{free_port()}/v1", LOOPS[0])) as gateway:
        reader = SimpleReader()
        first, *_, last = whole(gateway, reader)
        assert first.id is not None and first.id.endswith(":0") and first.retry == "1000"
        assert last.json()["code"] == "provider_unreachable" and reader.message.outcome == "failed"


def test_a_whole_answer(gateway: Served, provider: Provider) -> None:
    provider.answer(chat(TOKENS, reasoning=["Let me ", "think."], tools=[TOOL]))
    reader = SimpleReader()
    events = whole(gateway, reader, model="other")
    message = reader.message
    assert (message.text, message.reasoning, message.outcome) == (TEXT, "Let me think.", "finished")
    assert reader.calls == [("call_a", "weather", {"city": "Paris", "days": [1, 2.5]})]
    assert message.finish_reason == "tool_calls"
    assert message.usage is not None and message.usage["input_tokens"] == 9 and message.usage["output_tokens"] == 21
    assert events[-1].json()["type"] == "done"
    sent = provider.exchanges[0].json
    assert sent["model"] == "other" and sent["messages"] == [{"role": "user", "content": "Say hello."}]


def test_default_model(gateway: Served, provider: Provider) -> None:
    whole(gateway, SimpleReader())
    assert provider.exchanges[0].json["model"] == "stand-in"


@pytest.mark.parametrize("accept", ["text/event-stream", "application/x-ndjson"])
def test_named_and_ndjson(gateway: Served, provider: Provider, accept: str) -> None:
    """The same message by named events and by lines."""
    provider.answer(chat(TOKENS, reasoning=["Hm."], tools=[TOOL]))
    named = accept == "text/event-stream"
    reader = SimpleReader(named=named)
    with Connection(gateway.port) as connection:
        response = get(connection, accept=accept, **({"events": "named"} if named else {}))
        assert response.headers["content-type"].startswith(accept)
        for item in response.events() if named else response.lines():
            (reader.event if named else reader.line)(item)
    assert response.ended == "clean"
    assert (reader.message.text, reader.message.reasoning, reader.message.outcome) == (TEXT, "Hm.", "finished")
    assert reader.calls == [("call_a", "weather", {"city": "Paris", "days": [1, 2.5]})]


def test_attach_after_the_end(gateway: Served, provider: Provider) -> None:
    """A finished answer is read on from every one of its events; after the last there is nothing: 204."""
    provider.answer(chat(TOKENS, reasoning=["Hm."], tools=[TOOL]))
    first = SimpleReader()
    events = whole(gateway, first)
    for position, event in enumerate(events[:-1]):
        reader = SimpleReader()
        for before in events[: position + 1]:
            reader.event(before)
        whole(gateway, reader, event.id)
        assert reader.message == first.message, event.id
    with Connection(gateway.port) as connection:
        response = get(connection, events[-1].id)
        assert response.status == 204 and response.body() == b""
    assert provider.count == 1


def test_cut_after_every_event(gateway: Served, provider: Provider) -> None:
    """The connection is cut after every single event, while the answer goes on; nothing is lost or repeated."""
    gate = Gate()
    provider.answer(chat(TOKENS, gate=gate))
    reader = SimpleReader()
    last: str | None = None
    rounds = 0
    while reader.message.outcome is None:
        with Connection(gateway.port) as connection:
            response = get(connection, last)
            assert response.status == 200, rounds
            for event in response.events():
                reader.event(event)
                if event.id is not None and event.id != last:
                    last = event.id
                    break
        gate.release()
        rounds += 1
        assert rounds < 50
    assert reader.message.text == TEXT and rounds > 3 and provider.count == 1


def test_two_readers(gateway: Served, provider: Provider) -> None:
    """A second reader of the same generation gets everything too, from the beginning, while the first goes on."""
    gate = Gate()
    provider.answer(chat(TOKENS, gate=gate))
    first, second = SimpleReader(), SimpleReader()
    with Connection(gateway.port) as one, Connection(gateway.port) as two:
        response = get(one)
        events = response.events()
        first.event(next(events))
        gate.release(3)
        while len(first.message.text) < len("".join(TOKENS[:3])):
            first.event(next(events))
        attached = get(two, f"{first.generation}:0")
        gate.open()
        for event in attached.events():
            second.event(event)
        for event in events:
            first.event(event)
        assert attached.ended == response.ended == "clean"
    assert first.message == second.message and first.message.text == TEXT and provider.count == 1


def test_unknown_and_old(gateway: Served, provider: Provider) -> None:
    """A request with Last-Event-ID never creates."""
    generation = mint(time.time())
    for last, status in ((f"{generation}:3", 404), (f"{mint(1.5e9)}:3", 410)):
        with Connection(gateway.port) as connection:
            response = get(connection, last)
            assert response.status == status, last
            assert response.json()["error"]["message"]
    for odd in ("nonsense", f"{generation}:x", f"{generation}", f"{generation}:99999999999999999999999"):
        with Connection(gateway.port) as connection:
            assert 400 <= get(connection, odd).status < 500, odd
    assert provider.count == 0


def mint(seconds: float) -> str:
    """A generation id of that time that nobody gave out: 48 bits of milliseconds, 80 others, in Crockford's base 32."""
    number = int(seconds * 1000) << 80 | 12345678901234567890
    digits = "0123456789abcdefghjkmnpqrstvwxyz"
    return "gen_" + "".join(digits[number >> shift & 31] for shift in range(125, -1, -5))


def test_position_beyond_the_end(gateway: Served, provider: Provider) -> None:
    """A position that was never given out is answered, and never by a second answer."""
    reader = SimpleReader()
    whole(gateway, reader)
    with Connection(gateway.port) as connection:
        response = get(connection, f"{reader.generation}:100000")
        assert response.status in (204, 400, 404)
    assert provider.count == 1


# Leaving.


def test_grace(gateway: Served, provider: Provider) -> None:
    """Gone for less than 5 s: it goes on. Gone for longer: the provider is freed."""
    gate = Gate()
    provider.answer(chat(TOKENS, gate=gate))
    reader = SimpleReader()
    with Connection(gateway.port) as connection:
        for event in get(connection).events():
            reader.event(event)
            break
        provider.wait_count(1)
    time.sleep(1)
    assert provider.exchanges[0].end is None, "one second away is not gone"
    with Connection(gateway.port) as connection:
        events = get(connection, reader.last_id).events()
        gate.release(2)
        while reader.message.text != "Hello":
            reader.event(next(events))
    left = time.monotonic()
    exchange = provider.exchanges[0]
    assert exchange.wait(5 + FREED + 5) == "aborted" and exchange.closed is not None
    assert 4 < exchange.closed - left < 5 + FREED
    with Connection(gateway.port) as connection:
        response = get(connection, reader.last_id)
        if response.status == 200:  # the end that this reader has not seen
            for event in response.events():
                reader.event(event)
            assert reader.message.text == "Hello" and reader.message.outcome in ("stopped", "failed")
        else:
            assert response.status in (204, 404)
    assert provider.count == 1


# Failures.

FAILURES: dict[str, tuple[Any, str, str | None]] = {
    # the provider's answer, the text shown before, the code where it is ours
    "status-500": (error(500, "broken"), "", None),
    "status-429": (error(429, "slow down"), "", None),
    "status-400": (error(400, "bad"), "", None),
    "reset-at-once": (chat(TOKENS, head=[RESET]), "", None),
    "error-frame": (chat(TOKENS, ends=[frame({"error": {"message": "hot", "type": "x"}})]), TEXT, None),
    "cut": (chat(TOKENS, ends=[0.2, FIN]), TEXT, "provider_truncated"),
    "reset": (chat(TOKENS, ends=[0.2, RESET]), TEXT, "provider_truncated"),
    "end-without-finish": (chat(TOKENS, ends=[]), TEXT, "provider_truncated"),
}


@pytest.mark.parametrize("case", FAILURES)
def test_failure(gateway: Served, provider: Provider, case: str) -> None:
    """Always 200, the text that was shown, exactly one `error`, a clean end; then 204: a browser must not come back."""
    script, text, code = FAILURES[case]
    provider.answer(script)
    reader = SimpleReader()
    events = whole(gateway, reader)
    assert reader.message.text == text and reader.message.outcome == "failed"
    assert [event.json()["type"] for event in events if event.data].count("error") == 1
    assert reader.message.error is not None and reader.message.error["message"]
    assert code is None or reader.message.error["code"] == code
    with Connection(gateway.port) as connection:
        assert get(connection, events[-1].id).status == 204
    assert provider.count == 1


def test_failure_by_name(gateway: Served, provider: Provider) -> None:
    """`error` would fire the browser's own handler, so the event is called `failure`."""
    provider.answer(chat(TOKENS, ends=[0.2, FIN]))
    reader = SimpleReader(named=True)
    events = whole(gateway, reader, events="named")
    assert events[-1].event == "failure" and events[-1].json()["type"] == "error"
    assert all(event.event != "error" for event in events)


def test_length(gateway: Served, provider: Provider) -> None:
    provider.answer(chat(TOKENS, finish="length"))
    reader = SimpleReader()
    whole(gateway, reader)
    assert reader.message.finish_reason == "length" and reader.message.outcome == "finished"


def test_missing(provider: Provider) -> None:
    """What is missing is named, and the provider is not asked."""
    settings = configuration(provider.url, LOOPS[0])
    del settings["default_model"]
    with Served(settings) as gateway:
        for target, named in (
            ("/api/chat", "prompt"),
            ("/api/chat?model=m", "prompt"),
            ("/api/chat?prompt=x", "model"),
        ):
            with Connection(gateway.port) as connection:
                response = connection.request("GET", target)
                assert response.status == 400, target
                problem = response.json()["error"]
                assert named in problem["message"] and problem["code"] == "invalid_request"
    assert provider.count == 0


def test_every_response_names_its_generation(gateway: Served, provider: Provider) -> None:
    messages = [{"role": "user", "content": "Hello?"}]
    asks: list[tuple[str, str, Any]] = [
        ("GET", "/api/chat?prompt=x", None),
        ("POST", "/v1/generations", {"model": "m", "messages": messages}),
        ("POST", "/v1/chat/completions", {"model": "m", "messages": messages, "stream": True}),
        ("POST", "/v1/chat/completions", {"model": "m", "messages": messages}),
    ]
    seen = set()
    for method, target, body in asks:
        for script in (chat(TOKENS), error(500)):
            provider.answer(script)
            with Connection(gateway.port) as connection:
                response = connection.request(method, target, body=body)
                response.body()
            identity = response.headers["x-freshet-generation"]
            assert identity.startswith("gen_") and identity not in seen, (target, response.status)
            seen.add(identity)


# Silence.


def test_heartbeats(provider: Provider) -> None:
    """After 15 s of silence: a comment and a blank line over SSE, a space over NDJSON, nothing in a whole answer."""
    gate = Gate()
    provider.answer(chat(TOKENS, gate=gate))
    messages = [{"role": "user", "content": "Hello?"}]
    body = {"model": "m", "messages": messages}
    asks: dict[str, tuple[str, str, str, Any]] = {
        "chat sse": ("POST", "/v1/chat/completions", "text/event-stream", {**body, "stream": True}),
        "chat ndjson": ("POST", "/v1/chat/completions", "application/x-ndjson", {**body, "stream": True}),
        "chat whole": ("POST", "/v1/chat/completions", "", body),
        "native sse": ("POST", "/v1/generations", "text/event-stream", body),
        "native ndjson": ("POST", "/v1/generations", "application/x-ndjson", body),
        "simple sse": ("GET", "/api/chat?prompt=x", "text/event-stream", None),
        "simple ndjson": ("GET", "/api/chat?prompt=x", "application/x-ndjson", None),
    }
    got: dict[str, bytes] = {}

    def read(name: str) -> None:
        method, target, accept, content = asks[name]
        with Connection(gateway.port, timeout=40) as connection:
            got[name] = connection.request(method, target, {"accept": accept}, content).body()

    with Served(configuration(provider.url, LOOPS[-1])) as gateway:
        threads = [threading.Thread(target=read, args=(name,)) for name in asks]
        for thread in threads:
            thread.start()
        provider.wait_open(len(asks))
        time.sleep(17)
        gate.open()
        for thread in threads:
            thread.join(20)
    assert set(got) == set(asks)
    for name, data in got.items():
        if name.endswith("sse"):
            assert data.count(b": keep-alive\n\n") == 1, name
        elif name.endswith("ndjson"):
            assert sum(line.startswith(b" ") for line in data.splitlines()) == 1, name
        else:
            assert json.loads(data)["choices"][0]["message"]["content"] == TEXT and not data.startswith(b" ")
    native = NativeReader()
    for line in got["native ndjson"].splitlines():
        native.line(json.loads(line))
    assert native.message.text == TEXT
