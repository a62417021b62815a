"""Servers that are no provider at all: one that accepts nobody, one that speaks before it is asked."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest


@contextmanager
def unaccepting() -> Iterator[int]:
    """A port whose queue of connections is full: another one is never answered."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
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
