"""Servers that are no provider at all, or a dying one: each connection plays a script over a bare socket, or over TLS."""

from __future__ import annotations

import json
import os
import select
import socket
import ssl
import struct
import subprocess
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from provider import PATIENCE


class Gone(Exception):
    """The peer has left, or the test is over."""


class Peer:
    """The other side of one connection, as a script sees it."""

    def __init__(self, server: OddServer, connection: socket.socket, number: int) -> None:
        self.server, self.socket = server, connection
        self.number = number
        """Which of the server's connections this is, from 0."""
        self.pending = b""

    def _more(self) -> None:
        data = self.socket.recv(65536)
        if not data:
            raise Gone
        self.pending += data

    def head(self) -> str:
        """Takes a request's head; from then on the request counts."""
        while (end := self.pending.find(b"\r\n\r\n")) < 0:
            self._more()
        head, self.pending = self.pending[:end].decode("latin-1"), self.pending[end + 4 :]
        self.server.count(head)
        return head

    def request(self) -> Any:
        """Takes a whole request and gives its body."""
        head = self.head()
        length = next(int(line[15:]) for line in head.split("\r\n") if line.lower().startswith("content-length:"))
        while len(self.pending) < length:
            self._more()
        body, self.pending = self.pending[:length], self.pending[length:]
        return json.loads(body)

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def repeat(self, data: bytes, pause: float = 0.0) -> None:
        """Sends it until the peer leaves."""
        while True:
            self.send(data)
            self.server.pause(pause)

    def stay(self) -> None:
        """Says and reads nothing more until the peer leaves."""
        events = select.poll()
        events.register(self.socket.fileno(), select.POLLRDHUP)
        while not events.poll(50):
            self.server.pause(0)

    def listen(self) -> None:
        """Reads until the peer leaves, for nobody."""
        while True:
            self._more()

    def reset(self) -> None:
        """Ends the connection with a TCP reset."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.cut()

    def cut(self) -> None:
        """Ends the connection without TLS' goodbye."""
        os.close(self.socket.detach())

    def goodbye(self) -> None:
        """Says TLS' goodbye, where the connection has TLS."""
        if isinstance(self.socket, ssl.SSLSocket):
            with suppress(OSError):
                self.socket.unwrap()


Script = Callable[[Peer], None]


class OddServer:
    """Plays `script` on each connection, on a thread of its own; the connection is closed when the script returns.

    With `context` it speaks TLS, from the beginning and without asking.
    """

    def __init__(
        self, script: Script, context: ssl.SSLContext | None = None, address: str = "127.0.0.1", port: int = 0
    ) -> None:
        self.script, self.context = script, context
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.listener = socket.create_server((address, port), family=family, backlog=128)
        self.port: int = self.listener.getsockname()[1]
        self.heads: list[str] = []
        """The requests that came, in their order."""
        self.connections = 0
        self.resumed = 0
        """Connections that took up an earlier TLS session."""
        self._is_over = threading.Event()
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()

    def count(self, head: str) -> None:
        with self._lock:
            self.heads.append(head)

    def pause(self, seconds: float) -> None:
        """Waits; a script that only pauses ends with the test."""
        if self._is_over.wait(seconds) if seconds else self._is_over.is_set():
            raise Gone

    def __enter__(self) -> OddServer:
        self._start(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self.listener.shutdown(socket.SHUT_RDWR)
        end = time.monotonic() + PATIENCE
        for thread in self._threads:
            thread.join(max(0, end - time.monotonic()))
        self.listener.close()

    def _start(self, run: Callable[..., None], *arguments: Any) -> None:
        thread = threading.Thread(target=run, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._is_over.is_set():
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            self._start(self._play, connection, self.connections - 1)

    def _play(self, connection: socket.socket, number: int) -> None:
        connection.settimeout(PATIENCE)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            if self.context is not None:
                connection = self.context.wrap_socket(connection, server_side=True)
                self.resumed += bool(connection.session_reused)
            self.script(Peer(self, connection, number))
        except (OSError, Gone):
            pass
        finally:
            connection.close()


class Authority:
    """A certificate authority made on the spot with the `openssl` command, and what it signed, in `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("authority", "stranger", "alone"):
            names = ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"] if name == "alone" else []
            self._openssl("req", "-x509", *self._key(name), "-days", "2", "-out", f"{name}.pem", *names)
        self._sign("good", "DNS:localhost,IP:127.0.0.1")
        self._sign("wrong", "DNS:example.org,IP:192.0.2.1")
        self._sign("old", "DNS:localhost,IP:127.0.0.1", days="-1")
        self._sign("strange", "DNS:localhost,IP:127.0.0.1", by="stranger")

    @property
    def file(self) -> str:
        """What to trust."""
        return str(self.folder / "authority.pem")

    def context(self, name: str) -> ssl.SSLContext:
        """A server's, with that certificate: `good`, `wrong` (other names), `old`, `strange` (signed by a stranger) or
        `alone` (signed by itself)."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.folder / f"{name}.pem", self.folder / f"{name}.key")
        return context

    def outdated(self) -> ssl.SSLContext:
        """A good certificate over TLS 1.1, and nothing newer."""
        context = self.context("good")
        context.set_ciphers("ALL:@SECLEVEL=0")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
        return context

    def demanding(self) -> ssl.SSLContext:
        """A good certificate; it wants one of the client too."""
        context = self.context("good")
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(self.file)
        return context

    def _key(self, name: str) -> list[str]:
        curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        return [*curve, "-subj", f"/CN={name}", "-keyout", f"{name}.key"]

    def _sign(self, name: str, names: str, days: str = "2", by: str = "authority") -> None:
        (self.folder / f"{name}.ext").write_text(f"subjectAltName={names}\n")
        self._openssl("req", *self._key(name), "-out", f"{name}.csr")
        signer = ["-CA", f"{by}.pem", "-CAkey", f"{by}.key", "-CAcreateserial", "-extfile", f"{name}.ext"]
        self._openssl("x509", "-req", "-in", f"{name}.csr", *signer, "-days", days, "-out", f"{name}.pem")

    def _openssl(self, *arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=self.folder, check=True, capture_output=True)


@contextmanager
def unaccepting(address: str = "127.0.0.1", port: int = 0) -> Iterator[int]:
    """A port whose queue of connections is full: another one is never answered."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind((address, port))
        listener.listen(0)
        for _ in range(4):
            client = stack.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(listener.getsockname())
        with pytest.raises(TimeoutError), socket.create_connection(listener.getsockname(), 0.2):
            pass
        yield listener.getsockname()[1]


@contextmanager
def greeter(greeting: bytes) -> Iterator[int]:
    """A server that speaks first, and then waits."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        connections: list[socket.socket] = []

        def serve() -> None:
            while True:
                try:
                    connections.append(listener.accept()[0])
                    connections[-1].sendall(greeting)
                except OSError:
                    return

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(5)
        for connection in connections:
            connection.close()
