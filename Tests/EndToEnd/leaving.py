"""Readers that leave: in every phase of an answer, in every way a connection can end, in every dialect."""

from __future__ import annotations

import json
import random
import socket
import struct
import time

import pytest

from asking import MESSAGES, SOON
from wire import Connection

PHASES = {
    "within the request": "t50000",
    "before the head": "t50000",
    "before the first token": "t50000",
    "amid the tokens": "t0-i500-n400",
    "in a pause between tokens": "t0-i20000-n400",
    "amid a burst": "t0-i0-n2000",
    "at the end": "t0-i0-n3",
}
WAYS = ["close", "FIN", "RST"]
PLAIN = ["chat", "chat whole", "chat lines", "native", "native lines"]
"""Dialects whose answers are gone with their reader; one to `EventSource` is kept for a minute beyond its end."""


def write_request(connection: Connection, dialect: str, model: str, cut: float | None) -> None:
    """Sends a request; `cut` leaves it unfinished, at that fraction."""
    stream = {"stream": True} if dialect in ("chat", "chat lines") else {}
    body = json.dumps({"model": model, "messages": MESSAGES, **stream}).encode()
    path = "/v1/generations" if dialect.startswith("native") else "/v1/chat/completions"
    accept = "Accept: application/x-ndjson\r\n" if dialect.endswith("lines") else ""
    accept += "x-freshet-log: off\r\n" if dialect.startswith("native") else ""
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\n{accept}Content-Length: {len(body)}\r\n\r\n"
    if dialect.startswith("simple"):
        head, body = f"GET /api/chat?prompt=x&model={model} HTTP/1.1\r\nHost: localhost\r\n{accept}\r\n", b""
    data = head.encode() + body
    connection.socket.sendall(data if cut is None else data[: int(len(data) * cut)])


def read(connection: Connection, most: int) -> None:
    """Reads so many bytes, or to the end of the answer."""
    while len(connection.received) < most and connection.more():
        if connection.received.endswith(b"\r\n0\r\n\r\n"):
            break
    assert connection.received.startswith(b"HTTP/1.1 200 "), connection.received


def leave(connection: Connection, way: str) -> None:
    if way == "RST":
        connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    elif way == "FIN":
        connection.socket.shutdown(socket.SHUT_WR)
        try:
            while connection.more():
                pass
        except TimeoutError:
            pytest.fail("who has closed its side is not answered any more, and the connection ends")
    connection.close()


def abort(port: int, provider: str, seed: int, dialects: list[str]) -> str:
    """One reader that leaves; returns the phase it left in."""
    numbers = random.Random(seed)
    phase, dialect, way = numbers.choice(list(PHASES)), numbers.choice(dialects), numbers.choice(WAYS)
    with Connection(port, SOON * 2) as connection:
        cut = numbers.random() if phase == "within the request" else None
        write_request(connection, dialect, f"{provider}/talk-seed{seed % 50}-{PHASES[phase]}", cut)
        if phase in ("before the head", "before the first token"):
            time.sleep(numbers.random() * 0.03)
        elif cut is None and dialect != "chat whole":
            read(connection, numbers.randint(1, 60_000 if phase == "amid a burst" else 3000))
        leave(connection, way)
    return phase
