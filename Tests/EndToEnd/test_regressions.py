"""Faults that were mended and must not come back, each at the size and in the order of events that showed it.

Most are hangs: a reader's patience is short here, and a read that runs out of it is the failure.
"""

from __future__ import annotations

import fcntl
import gzip
import json
import os
import pty
import random
import signal
import socket
import struct
import subprocess
import termios
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import pytest

from asking import (
    ASK,
    FINISH,
    KINDS,
    SOON,
    STREAMED,
    ChatReader,
    ask,
    ask_chat,
    content,
    delta,
    follow,
    reader_of,
    send,
    settings,
    verbatim,
)
from conftest import LOOPS
from gateway import Served, binary, configuration, ended, environment
from odd_servers import greeter, unaccepting
from provider import DONE, FIN, PATIENCE, RESET, STALL, Answer, Gate, Provider, Step, chat, frame, json_answer
from readers import SimpleReader
from wire import Connection, Response

# Readers that come late or sleep.


def test_a_long_answer_is_read_again(gateway: Served, provider: Provider) -> None:
    """1 MiB that has ended, from its beginning and from its middle."""
    provider.answer(chat([f"{number:06} " + "x" * 1017 for number in range(1024)]))
    first, places = SimpleReader(), []
    with Connection(gateway.port, SOON) as connection:
        send(connection, "simple")
        for event in Response(connection).events():
            first.event(event)
            places.append(event.id)
    assert first.message.outcome == "finished" and len(first.message.text) == 1 << 20
    for place in (f"{first.generation}:0", places[len(places) // 2]):
        for accept in ("text/event-stream", "application/x-ndjson"):
            reader = SimpleReader()
            with Connection(gateway.port, SOON) as connection:
                headers = {"accept": accept, "last-event-id": str(place)}
                response = connection.request("GET", "/api/chat?prompt=x&model=m", headers)
                is_event_stream = accept == "text/event-stream"
                take: Any = reader.event if is_event_stream else reader.line
                for item in response.events() if is_event_stream else response.lines():
                    take(item)
            assert response.ended == "clean" and reader.message.outcome == "finished", (place, accept)
            assert reader.message.text and first.message.text.endswith(reader.message.text), (place, accept)
            assert (reader.message.text == first.message.text) == str(place).endswith(":0")
    assert provider.count == 1


def test_a_reader_that_sleeps(gateway: Served, provider: Provider) -> None:
    """It takes nothing for 2 s, then everything there is: several MB, in every dialect."""
    words = [f"{number:06} " + "x" * 6000 for number in range(1000)]
    provider.answer(chat(words))
    with ExitStack() as stack:
        connections = {kind: stack.enter_context(Connection(gateway.port, SOON)) for kind in KINDS}
        for kind, connection in connections.items():
            connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
            send(connection, kind)
        provider.wait_count(len(KINDS))
        time.sleep(2)
        for kind, connection in connections.items():
            message = follow(Response(connection), reader_of(kind))
            assert message.outcome == "finished" and message.text == "".join(words), kind


@pytest.mark.parametrize("count", [2_500, 8_000])
def test_a_burst(gateway: Served, provider: Provider, count: int) -> None:
    """One write of the provider that is far more for the client than it was for us, and then the rest."""
    tiny = b'data:{"choices":[{"delta":{"content":"x"}}]}\n\n'
    named = frame({"model": "m" * 40, "choices": [{"index": 0, "delta": {"content": "x"}}]})
    provider.answer(Answer([named, 0.1, tiny * count, 0.1, tiny, FINISH, DONE]))
    with ThreadPoolExecutor(len(KINDS)) as pool:
        messages = list(pool.map(lambda kind: ask(gateway.port, kind), KINDS))
    for kind, message in zip(KINDS, messages, strict=True):
        assert message.outcome == "finished" and message.text == "x" * (count + 2), kind


@pytest.mark.parametrize("kind", ["chat", "native"])
def test_a_slow_reader_is_no_silent_provider(provider: Provider, kind: str) -> None:
    """While the reader takes nothing the provider is not read, and cannot be silent. Afterwards it can."""
    words = [f"{number:06} " + "x" * 6000 for number in range(700)]
    provider.answer_next(chat(words), chat(words, ends=[STALL]))
    with ExitStack() as stack:
        gateway = stack.enter_context(Served(settings(provider, deadlines={"silence": "1s"})))
        connections = [stack.enter_context(Connection(gateway.port, SOON)) for _ in range(2)]
        for number, connection in enumerate(connections):
            connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 15)
            send(connection, kind)
            provider.wait_count(number + 1)
        time.sleep(2.5)
        ends, stalls = (follow(Response(connection), reader_of(kind)) for connection in connections)
        assert ends.outcome == "finished" and ends.text == "".join(words), ends.error
        assert stalls.outcome == "failed" and stalls.error is not None
        assert stalls.error["code"] == "provider_timeout" and stalls.text == "".join(words)
        assert provider.exchanges[1].wait(SOON) == "aborted"


def test_readers_that_reset_at_once() -> None:
    """`GET /api/chat` whose client is gone before, in or behind the head: after the grace nothing is left open."""
    grace = 5.0
    numbers = random.Random(7)
    with ExitStack() as stack:
        providers = [stack.enter_context(Provider()) for _ in LOOPS]
        for provider, loops in zip(providers, LOOPS, strict=True):
            provider.answer(chat(["Hel", "lo"], ends=[STALL]))
            gateway = stack.enter_context(Served(settings(provider, loops)))
            for attempt in range(120):
                with Connection(gateway.port) as connection:
                    send(connection, "simple")
                    if attempt % 4 == 3:
                        connection.more()
                    for _ in range(numbers.randrange(300)):
                        pass
                    linger = struct.pack("ii", 1, 0)
                    connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            provider.wait_count(30)
        for provider in providers:
            provider.wait_open(0, 2 * grace)


# When an answer is whole.


def two_choices(*steps: Step) -> Answer:
    """Choice 0 is said and finished, then come the steps."""
    return Answer([delta(0, role="assistant", content=""), delta(0, content="first"), delta(0, "stop"), *steps])


def test_a_choice_that_begins_late(provider: Provider) -> None:
    """2.5 s after the other has finished."""
    second: list[Step] = [delta(1, role="assistant", content=""), delta(1, content="sec"), delta(1, content="ond")]
    provider.answer(two_choices(2.5, *second, delta(1, "stop"), DONE))
    with Served(settings(provider)) as gateway, ThreadPoolExecutor(1) as pool:
        whole = pool.submit(ask_chat, gateway.port, n=2)
        reader = ChatReader()
        with Connection(gateway.port, SOON) as connection:
            response = connection.request("POST", "/v1/chat/completions", body={**STREAMED, "n": 2})
            follow(response, reader)
        assert reader.texts == {0: "first", 1: "second"} and reader.finishes == {0: "stop", 1: "stop"}
        assert reader.is_done and response.ended == "clean"
        choices = content(whole.result())["choices"]
        said = {choice["index"]: (choice["message"]["content"], choice["finish_reason"]) for choice in choices}
        assert said == {0: ("first", "stop"), 1: ("second", "stop")}


@pytest.mark.parametrize("ends", [[DONE], [], [0.1, FIN]], ids=["done", "end", "cut"])
def test_a_choice_that_never_finishes(gateway: Served, provider: Provider, ends: list[Step]) -> None:
    """It has begun: neither `[DONE]` nor the end of the bytes makes it whole."""
    provider.answer(two_choices(delta(1, content="seco"), *ends))
    reader = ChatReader()
    with Connection(gateway.port, SOON) as connection:
        response = connection.request("POST", "/v1/chat/completions", body={**STREAMED, "n": 2})
        follow(response, reader)
    assert reader.error is not None and not reader.is_done and response.ended == "cut"
    assert reader.error["code"] in ("provider_truncated", "provider_malformed")
    response = ask_chat(gateway.port, n=2)
    assert response.status == 502 and content(response)["error"]["code"] == reader.error["code"]


# The connection to the provider.


@pytest.mark.parametrize("stream", [True, False], ids=["streamed", "whole"])
def test_one_connection_for_many_answers(gateway: Served, provider: Provider, stream: bool) -> None:
    with Connection(gateway.port, SOON) as connection:
        for number in range(8):
            body = {**ASK, "stream": stream}
            response = connection.request("POST", "/v1/chat/completions", body=body)
            assert response.status == 200 and response.body() and response.ended == "clean"
            assert provider.wait_count(number + 1).wait(SOON) == "completed"
            time.sleep(0.03)  # the last chunk is behind [DONE], and nobody reports that it was read
    assert {exchange.connection for exchange in provider.exchanges} == {1} and provider.connections == 1


def paced(data: bytes, count: int) -> list[Step]:
    return [data, 0.01] * count


HELLO = b"".join([delta(role="assistant", content=""), delta(content="Hello"), FINISH, DONE])
STREAM_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
AFTERWARDS: dict[str, Answer] = {
    "never-ends": Answer([HELLO, STALL]),
    "frames": Answer([HELLO, *paced(frame({"late": "x" * 60_000}), 400), STALL]),
    "no-frames": Answer([HELLO, *paced(b"\xff{}" * 20_000, 400), STALL]),
    "broken-chunk": verbatim(STREAM_HEAD + b"%x\r\n%b\r\nnonsense\r\n" % (len(HELLO), HELLO)),
    "behind-the-end": verbatim(STREAM_HEAD + b"%x\r\n%b\r\n0\r\n\r\nHTTP/1.1 200 nonsense" % (len(HELLO), HELLO)),
    "closed": verbatim(STREAM_HEAD + b"%x\r\n%b\r\n0\r\n\r\n" % (len(HELLO), HELLO), FIN),
    "reset": Answer([HELLO, RESET]),
}


@pytest.mark.parametrize("case", AFTERWARDS)
def test_what_follows_the_end_mark(gateway: Served, provider: Provider, case: str) -> None:
    """It delays nobody, its connection is given up, and the next request goes well."""
    with Connection(gateway.port, 1.5) as connection:
        for stream in (True, False):
            provider.answer_next(AFTERWARDS[case])
            response = connection.request("POST", "/v1/chat/completions", body={**ASK, "stream": stream})
            if stream:
                reader = ChatReader()
                assert follow(response, reader).text == "Hello" and reader.is_done
            else:
                assert response.json()["choices"][0]["message"]["content"] == "Hello"
        response = connection.request("POST", "/v1/chat/completions", body=ASK)
        assert response.status == 200 and response.json()["choices"][0]["message"]["content"] == "Hello."
    assert provider.count == 3
    for exchange in provider.exchanges[:2]:
        assert exchange.wait(PATIENCE) in ("aborted", "completed", "faulted")
    provider.wait_open(0)


def test_connect_timeout() -> None:
    with unaccepting() as port:
        upstream = {"kind": "openai", "base_url": f"http://127.0.0.1:{port}/v1", "deadlines": {"connect": "500ms"}}
        with Served(configuration("", LOOPS[-1], providers={"upstream": upstream})) as gateway:
            for stream in (True, False):
                response = ask_chat(gateway.port, stream=stream)
                problem = content(response)["error"]
                assert response.status == 504 and problem["code"] == "provider_timeout", problem
            for kind in ("native", "simple"):
                message = ask(gateway.port, kind)
                assert message.error is not None and message.error["code"] == "provider_timeout"


def test_another_protocol(provider: Provider) -> None:
    """A server that is no HTTP server is malformed, whether it speaks at once, when it was asked, or hangs up."""
    hello = b"SSH-2.0-x\r\n"
    with greeter(hello) as port:
        upstream = {"kind": "openai", "base_url": f"http://127.0.0.1:{port}/v1"}
        with Served(configuration("", LOOPS[-1], providers={"upstream": upstream})) as gateway:
            response = ask_chat(gateway.port, stream=True)
            assert response.status == 502 and content(response)["error"]["code"] == "provider_malformed"
    with Served(settings(provider)) as gateway:
        for ending in (STALL, FIN):
            provider.answer(verbatim(hello, ending))
            response = ask_chat(gateway.port, stream=True)
            assert response.status == 502 and content(response)["error"]["code"] == "provider_malformed", ending


HALF = b'{"error":{"message":"slow do'
HALVES = {
    "length": b"HTTP/1.1 %d X\r\ncontent-type: application/json\r\ncontent-length: 90\r\n\r\n" + HALF,
    "chunked": b"HTTP/1.1 %d X\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n1c\r\n" + HALF,
}


def test_half_an_error(provider: Provider) -> None:
    """An error whose body never ends is told by its status, before anybody gives up."""
    cases = [(status, form) for status in (400, 429, 500) for form in HALVES]
    provider.answer(lambda exchange: verbatim(HALVES[exchange.json["user"]] % exchange.json["seed"]))
    with Served(settings(provider)) as gateway, ThreadPoolExecutor(len(cases)) as pool:
        responses = pool.map(
            lambda case: ask_chat(gateway.port, timeout=8, stream=True, seed=case[0], user=case[1]), cases
        )
        assert [(response.status, case) for response, case in zip(responses, cases, strict=True)] == [
            (case[0], case) for case in cases
        ]
        provider.wait_open(0)


# What is held.


@pytest.mark.parametrize("loops", LOOPS)
def test_bodies_that_are_with_the_provider(provider: Provider, loops: int) -> None:
    """They count against the limit for all bodies only until the provider has them; one that is coming counts."""
    gate = Gate()
    provider.answer(chat(["x"], gate=gate))
    body = {**ASK, "messages": [{"role": "user", "content": "x" * 600}]}
    streamed = {**body, "stream": True}
    asks = [("/v1/chat/completions", body), ("/v1/chat/completions", streamed), ("/v1/generations", body)]
    small = settings(provider, loops, limits={"body": "1KiB", "bodies": "1KiB"})
    with Served(small) as gateway, ExitStack() as stack:
        connections = [stack.enter_context(Connection(gateway.port, SOON)) for _ in range(12)]
        for number, connection in enumerate(connections):
            target, sent = asks[number % len(asks)]
            connection.send("POST", target, body=sent)
            provider.wait_count(number + 1, SOON)
            time.sleep(0.02)  # it is sent, and nobody reports that the gateway knows
        half = stack.enter_context(Connection(gateway.port))
        half.send("POST", asks[0][0], {"content-length": "900"}, b"x" * 600)
        time.sleep(0.1)
        assert ask_chat(gateway.port, user="x" * 600).status == 503
        gate.open()
        for connection in connections:
            response = Response(connection)
            assert response.status == 200 and response.body()


# What a client is told.

ERRORS: dict[str, dict[str, Any]] = {
    "unauthorized": {"message": "no such key", "type": "x", "code": "unauthorized"},
    "401": {"message": "no such key", "code": 401},
    "429": {"message": "slow down", "code": 429, "type": "rate_limited", "param": None},
    "invalid": {"message": "odd", "type": "invalid_request_error", "code": "invalid_request", "param": "messages"},
    "metadata": {"message": "upstream", "code": 502, "metadata": {"provider_name": "x", "raw": '{"a":[1,2.50]}'}},
    "bare": {"message": "broken"},
}


@pytest.mark.parametrize("case", ERRORS)
def test_an_error_instead_of_an_answer(gateway: Served, provider: Provider, case: str) -> None:
    """The provider said 200 and then an error: ours to report as a bad gateway, in its own words."""
    problem = ERRORS[case]
    for answer in (Answer([frame({"error": problem})]), Answer([frame({"error": problem}), DONE])):
        provider.answer(answer)
        for stream in (True, False):
            response = ask_chat(gateway.port, stream=stream)
            assert response.status == 502 and content(response) == {"error": problem}
            assert response.headers["content-type"].startswith("application/json")
            assert "www-authenticate" not in response.headers
    provider.answer(json_answer({"error": problem}))
    response = ask_chat(gateway.port)
    assert response.status == 502 and content(response)["error"] == problem


@pytest.mark.parametrize(
    "accept",
    [
        "application/x-ndjson; charset=utf-8",
        "application/x-ndjson;q=0.9",
        "Application/X-NDJSON",
        "application/json, application/x-ndjson; q=0.5",
    ],
)
def test_lines_by_any_accept(gateway: Served, provider: Provider, accept: str) -> None:
    """Parameters and case of a media type do not matter."""
    asks: list[tuple[str, str, Any]] = [
        ("POST", "/v1/chat/completions", STREAMED),
        ("POST", "/v1/generations", ASK),
        ("GET", "/api/chat?prompt=x&model=m", None),
    ]
    for method, target, body in asks:
        with Connection(gateway.port, SOON) as connection:
            response = connection.request(method, target, {"accept": accept}, body)
            assert response.headers["content-type"].startswith("application/x-ndjson"), target
            assert len(list(response.lines())) > 2


def test_a_model_that_is_null(gateway: Served, provider: Provider) -> None:
    """As one that is left out."""
    for stream in (True, False):
        response = ask_chat(gateway.port, model=None, stream=stream)
        assert response.status == 200, response.content  # type: ignore[attr-defined]
    assert [exchange.json["model"] for exchange in provider.exchanges] == ["stand-in"] * 2
    nameless = settings(provider)
    del nameless["default_model"]
    with Served(nameless) as other:
        response = ask_chat(other.port, model=None)
        assert response.status == 400 and "model" in content(response)["error"]["message"]


@pytest.mark.parametrize("model", ["sim/sing", "sim/talk-x5"])
def test_an_unknown_simulated_model(gateway: Served, model: str) -> None:
    """The head is out: the frame has the code and the words that there are."""
    reader = SimpleReader()
    with Connection(gateway.port, SOON) as connection:
        response = connection.request("GET", f"/api/chat?prompt=x&model={model}")
        follow(response, reader)
    problem = reader.message.error
    assert response.status == 200 and response.ended == "clean" and problem is not None
    assert problem["code"] == "model_not_found"
    for word in ("talk", "code", "tools", "json", "think"):
        assert word in problem["message"]


@pytest.mark.parametrize("stream", [True, False], ids=["streamed", "whole"])
def test_a_coding_nobody_asked_for(gateway: Served, provider: Provider, stream: bool) -> None:
    """A compressed 200 cannot be read: it is malformed, not cut short. `identity` is no coding."""
    document = json.dumps({"choices": [{"index": 0, "message": {"content": "Hello"}, "finish_reason": "stop"}]})
    for kind, data in (("text/event-stream", HELLO), ("application/json", document.encode())):
        for coding, packed in (("gzip", gzip.compress(data)), ("identity", data)):
            headers = {"content-type": kind, "content-encoding": coding}
            provider.answer(Answer([packed], headers=headers, coding="length"))
            response = ask_chat(gateway.port, stream=stream)
            if coding == "identity":
                assert response.status == 200 and b"Hello" in response.content, kind  # type: ignore[attr-defined]
            else:
                assert response.status == 502, (kind, response.content)  # type: ignore[attr-defined]
                assert content(response)["error"]["code"] == "provider_malformed", kind


# The command line.


@pytest.mark.parametrize("typed", [b"", b"Hel"], ids=["nothing", "half-a-line"])
def test_interrupt_at_the_prompt(gateway: Served, typed: bytes) -> None:
    """Ctrl-C where `freshet chat` waits for a line: it ends, and a shell says 130."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [binary(), "chat", "--url", gateway.url],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=environment(TERM="xterm"),
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # the terminal's Ctrl-C must reach it
    )
    os.close(theirs)
    try:
        with ended(process):
            shown = b""
            while b"> " not in shown:
                shown += os.read(ours, 4096)
            os.write(ours, typed + b"\x03")
            assert process.wait(SOON) in (130, -signal.SIGINT), "a shell says 130 for both"
    finally:
        os.close(ours)
