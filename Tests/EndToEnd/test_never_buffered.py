"""Nothing passes on a buffered answer: the stand-in holds token k+1 until the reader has reported token k.

A relay that waits for more, or for the end, never sees the next token, and the read times out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from urllib.parse import quote

import pytest

from conftest import Column
from gateway import Program, Served
from provider import Gate, Provider, chat
from readers import NativeReader, SimpleReader
from wire import Connection, Response

TOKENS = [f"word{number}." for number in range(12)]
MESSAGES = [{"role": "user", "content": "Say words."}]


@pytest.fixture
def gate(provider: Provider) -> Gate:
    gate = Gate()
    provider.answer(chat(TOKENS, gate=gate))
    return gate


def lockstep(gate: Gate, texts: Iterable[str], released: int = 0) -> str:
    """Releases one token, waits until it is read, and so on; then lets the answer end and reads the rest.

    `released`: how many have been let go already, because the response's head comes with the first.
    """
    texts = iter(texts)
    read = ""
    for number in range(len(TOKENS)):
        gate.release() if number >= released else None
        while len(read) < len("".join(TOKENS[: number + 1])):
            read += next(texts)
        assert read == "".join(TOKENS[: number + 1])
    gate.open()
    return read + "".join(texts)


def chat_texts(values: Iterable[dict[str, Any]]) -> Iterator[str]:
    for value in values:
        for choice in value["choices"]:
            yield choice["delta"].get("content") or ""


def chat_values(response: Response) -> Iterator[dict[str, Any]]:
    for event in response.events():
        if event.data not in (None, "[DONE]"):
            yield event.json()


def ask_chat(connection: Connection, accept: str = "") -> Response:
    body = {"model": "stand-in", "messages": MESSAGES, "stream": True}
    return connection.request("POST", "/v1/chat/completions", {"accept": accept}, body)


def test_chat_sse(column: Column, gate: Gate) -> None:
    gate.release()  # the head comes with the first byte there is
    with Connection(column.port) as connection:
        response = ask_chat(connection)
        assert response.headers["content-type"].startswith("text/event-stream")
        read = lockstep(gate, chat_texts(chat_values(response)), released=1)
    assert read == "".join(TOKENS) and response.ended == "clean"


def test_chat_ndjson(gateway: Served, gate: Gate) -> None:
    gate.release()
    with Connection(gateway.port) as connection:
        response = ask_chat(connection, "application/x-ndjson")
        read = lockstep(gate, chat_texts(response.lines()), released=1)
    assert read == "".join(TOKENS) and response.ended == "clean"


@pytest.mark.parametrize("accept", ["text/event-stream", "application/x-ndjson"])
def test_native(gateway: Served, gate: Gate, accept: str) -> None:
    reader = NativeReader()
    with Connection(gateway.port) as connection:
        body = {"model": "stand-in", "messages": MESSAGES}
        response = connection.request("POST", "/v1/generations", {"accept": accept}, body)
        assert response.status == 200 and response.headers["content-type"].startswith(accept)
        read = lockstep(gate, growth(reader, response))
    assert read == "".join(TOKENS) == reader.message.text
    assert reader.message.outcome == "finished" and response.ended == "clean"


@pytest.mark.parametrize("query", ["", "&events=named"])
def test_simple_sse(gateway: Served, gate: Gate, query: str) -> None:
    reader = SimpleReader(named=bool(query))
    with Connection(gateway.port) as connection:
        response = connection.request("GET", f"/api/chat?prompt={quote('Say words.')}{query}")
        assert response.status == 200 and response.headers["content-type"].startswith("text/event-stream")
        read = lockstep(gate, growth(reader, response))
    assert read == "".join(TOKENS) == reader.message.text
    assert reader.message.outcome == "finished" and response.ended == "clean"


def test_simple_ndjson(gateway: Served, gate: Gate) -> None:
    reader = SimpleReader()
    with Connection(gateway.port) as connection:
        response = connection.request("GET", "/api/chat?prompt=words", {"accept": "application/x-ndjson"})
        assert response.headers["content-type"].startswith("application/x-ndjson")
        read = lockstep(gate, growth(reader, response))
    assert read == "".join(TOKENS) and reader.message.outcome == "finished" and response.ended == "clean"


def growth(reader: SimpleReader | NativeReader, response: Response) -> Iterator[str]:
    """The text the reader's message grows by, event by event."""
    ndjson = response.headers["content-type"].startswith("application/x-ndjson")
    take: Callable[[Any], None] = reader.line if ndjson else reader.event
    for item in response.lines() if ndjson else response.events():
        before = len(reader.message.text)
        take(item)
        yield reader.message.text[before:]


def test_headers_that_keep_proxies_from_buffering(gateway: Served, provider: Provider) -> None:
    provider.answer(chat(TOKENS))
    asks = [
        ("POST", "/v1/chat/completions", {"model": "stand-in", "messages": MESSAGES, "stream": True}),
        ("POST", "/v1/generations", {"model": "stand-in", "messages": MESSAGES}),
        ("GET", "/api/chat?prompt=words", None),
    ]
    for accept in ("text/event-stream", "application/x-ndjson"):
        for method, target, body in asks:
            with Connection(gateway.port) as connection:
                response = connection.request(method, target, {"accept": accept}, body)
                response.body()
            assert response.headers["x-accel-buffering"] == "no", target
            assert response.headers["cache-control"] == "no-cache, no-transform", target
            assert "content-encoding" not in response.headers, target


# The command line.


def shown(read: Callable[[], bytes]) -> Iterator[str]:
    """What a program prints, without the escape codes of a terminal; ends with the program."""
    text, given = b"", 0
    while data := read():
        text += data
        plain = re.sub(rb"\x1b\[[0-9;?]*[A-Za-z]|\x1b[78]|\r", b"", text).decode(errors="ignore")
        yield plain[given:]
        given = len(plain)


def sees_each(gate: Gate, texts: Iterator[str]) -> str:
    """As `lockstep`, for a screen that may hold other things too."""
    screen = ""
    for token in TOKENS:
        assert token not in screen
        gate.release()
        while token not in screen:
            screen += next(texts)
    gate.open()
    return screen + "".join(texts)


def chat_command(gateway: Served, **streams: Any) -> Program:
    return Program("chat", "--url", gateway.url, "--model", "stand-in", "Say words.", **streams)


def test_chat_command_in_a_pipe(gateway: Served, gate: Gate) -> None:
    with chat_command(gateway) as program:
        text = sees_each(gate, shown(program.read))
        assert program.wait() == 0
    assert text.rstrip("\n") == "".join(TOKENS), "plain in a pipe"


def test_chat_command_on_a_terminal(gateway: Served, gate: Gate) -> None:
    with chat_command(gateway, terminal=True) as program:
        screen = sees_each(gate, shown(program.read))
        assert program.wait() == 0
    assert re.search(r"\d", re.sub(r"word\d+\.", "", screen)), "a status line with figures"
