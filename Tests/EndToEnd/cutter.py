"""A TCP relay that a test can cut: what a lost network does to a connection."""

from __future__ import annotations

import socket
import struct
import threading


class Cutter:
    """Passes bytes between its own port and another, until `cut` resets every connection there is."""

    def __init__(self, port: int) -> None:
        self.target = port
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.listener.getsockname()[1]
        self.accepted = 0
        self._lock = threading.Lock()
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> Cutter:
        return self

    def __exit__(self, *_: object) -> None:
        self.listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that waits in `accept`
        self.listener.close()
        self.cut()

    def cut(self) -> None:
        """Resets both sides of every open connection."""
        with self._lock:
            pairs, self._pairs = self._pairs, []
        for side in (side for pair in pairs for side in pair):
            try:
                side.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                # `shutdown` wakes the thread that reads it; `close` alone would wait for that thread.
                side.shutdown(socket.SHUT_RD)
                side.close()
            except OSError:
                pass

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self.listener.accept()
                far = socket.create_connection(("127.0.0.1", self.target))
            except OSError:
                return
            for side in (near, far):
                side.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self.accepted += 1
                self._pairs.append((near, far))
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=_pump, args=(source, sink), daemon=True).start()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass
