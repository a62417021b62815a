"""HTTP/1.1 and event streams by hand, for tests that must see the bytes: heads, chunks, how a body ended."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from provider import PATIENCE


class Cut(Exception):
    """The connection ended before the body did."""


class Connection:
    """A client's TCP connection; requests are written as given."""

    def __init__(self, port: int, timeout: float = PATIENCE) -> None:
        self.port = port
        self.socket = socket.create_connection(("127.0.0.1", port), timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.received = b""

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.socket.close()

    def send(self, method: str, target: str, headers: dict[str, str] | None = None, body: Any = None) -> None:
        """Sends a request; a `body` that is no bytes goes as JSON; a header set to "" is left out."""
        payload = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        wanted = {"host": f"127.0.0.1:{self.port}"}
        if body is not None:
            wanted |= {"content-type": "application/json", "content-length": str(len(payload))}
        wanted |= {name.lower(): value for name, value in (headers or {}).items()}
        lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in wanted.items() if value)]
        self.socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode() + payload)

    def request(self, method: str, target: str, headers: dict[str, str] | None = None, body: Any = None) -> Response:
        self.send(method, target, headers, body)
        return Response(self, has_body=method != "HEAD")

    def more(self) -> bool:
        """Takes what has come; False at the end of the connection."""
        try:
            data = self.socket.recv(65536)
        except ConnectionResetError:
            return False
        self.received += data
        return bool(data)

    def take(self, count: int) -> bytes:
        data, self.received = self.received[:count], self.received[count:]
        return data

    def line(self) -> str:
        while (at := self.received.find(b"\r\n")) < 0:
            if not self.more():
                raise Cut(f"in a line: {self.received!r}")
        return self.take(at + 2)[:-2].decode("latin-1")


class Response:
    """A response whose head has been read. `ended` is None, then "clean" or "cut"."""

    def __init__(self, connection: Connection, has_body: bool = True) -> None:
        self.connection, self.has_body = connection, has_body
        self.version, status, _ = (connection.line() + "  ").split(" ", 2)
        self.status = int(status)
        self.fields: list[tuple[str, str]] = []
        while line := connection.line():
            name, _, value = line.partition(":")
            self.fields.append((name.lower(), value.strip()))
        self.headers = dict(self.fields)
        self.ended: str | None = None
        self._pieces = self._read()

    def pieces(self) -> Iterator[bytes]:
        """The body as it comes; look at `ended` afterwards."""
        return self._pieces

    def body(self) -> bytes:
        return b"".join(self._pieces)

    def json(self) -> Any:
        return json.loads(self.body())

    def events(self) -> Iterator[Event]:
        """The body's events as they come."""
        stream = EventStream()
        for piece in self._pieces:
            yield from stream.feed(piece)

    def lines(self) -> Iterator[Any]:
        """The JSON values of an NDJSON body as they come."""
        lines = Lines()
        for piece in self._pieces:
            yield from lines.feed(piece)
        if self.ended == "clean":
            assert not lines.rest.strip(), f"the last line is not ended: {lines.rest!r}"

    def _read(self) -> Iterator[bytes]:
        try:
            yield from self._chunks() if self.headers.get("transfer-encoding") == "chunked" else self._plain()
            self.ended = "clean"
        except Cut:
            self.ended = "cut"

    def _chunks(self) -> Iterator[bytes]:
        while size := int(self.connection.line().partition(";")[0], 16):
            left = size
            while left:
                if not self.connection.received and not self.connection.more():
                    raise Cut("in a chunk")
                data = self.connection.take(left)
                left -= len(data)
                yield data
            assert self.connection.line() == ""
        while self.connection.line():
            pass

    def _plain(self) -> Iterator[bytes]:
        if self.status == 204 or not self.has_body:
            return
        left = int(self.headers.get("content-length", "-1"))
        while left != 0:
            if not self.connection.received and not self.connection.more():
                if left < 0:
                    return
                raise Cut("in the body")
            data = self.connection.take(left if left > 0 else 1 << 30)
            left -= len(data) if left > 0 else 0
            yield data


@dataclass
class Event:
    """One block of an event stream, as it stood: a field that was not there is None."""

    id: str | None = None
    event: str | None = None
    data: str | None = None
    retry: str | None = None
    comments: tuple[str, ...] = ()

    def json(self) -> Any:
        assert self.data is not None
        return json.loads(self.data, object_pairs_hook=_without_doubles)


class EventStream:
    """Event-stream bytes into blocks, including those that carry no data, by the rules of WHATWG HTML 9.2.6."""

    def __init__(self) -> None:
        self.pending = b""
        self.block: Event | None = None

    def feed(self, data: bytes) -> Iterator[Event]:
        self.pending += data
        while (at := self.pending.find(b"\n")) >= 0:
            line = self.pending[:at].removesuffix(b"\r").decode()
            self.pending = self.pending[at + 1 :]
            if line:
                self._field(line)
            elif self.block is not None:
                block, self.block = self.block, None
                yield block

    def _field(self, line: str) -> None:
        block = self.block = self.block or Event()
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "":
            block.comments += (value,)
        elif name == "data":
            block.data = value if block.data is None else f"{block.data}\n{value}"
        elif line.startswith('{"error":'):  # Google's errors stand bare in its streams
            block.data = line
        elif name in ("id", "event", "retry"):
            setattr(block, name, value)
        else:
            raise AssertionError(f"not a line of an event stream: {line!r}")


class Lines:
    """NDJSON bytes into values. A space before a line's JSON is a heartbeat."""

    def __init__(self) -> None:
        self.rest = b""
        self.heartbeats = 0

    def feed(self, data: bytes) -> Iterator[Any]:
        self.rest += data
        while (at := self.rest.find(b"\n")) >= 0:
            line, self.rest = self.rest[:at], self.rest[at + 1 :]
            bare = line.lstrip(b" ")
            self.heartbeats += len(line) - len(bare)
            yield json.loads(bare, object_pairs_hook=_without_doubles)


def _without_doubles(members: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object in which no member's name stands twice: readers would disagree about which counts."""
    names = [name for name, _ in members]
    assert len(set(names)) == len(names), f"a member stands twice: {names}"
    return dict(members)


def sse_events(text: str | bytes) -> list[Event]:
    return list(EventStream().feed(text.encode() if isinstance(text, str) else text))


def json_lines(text: str | bytes) -> list[Any]:
    lines = Lines()
    values = list(lines.feed(text.encode() if isinstance(text, str) else text))
    assert not lines.rest.strip(), f"the last line is not ended: {lines.rest!r}"
    return values
