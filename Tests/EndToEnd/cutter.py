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
        self._asks_pass, self._answers_pass = threading.Event(), threading.Event()
        self.go_on()
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._left: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> Cutter:
        return self

    def __exit__(self, *_: object) -> None:
        self.listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that waits in `accept`
        self.listener.close()
        self.cut()
        self.go_on()
        for side in self._left:
            _reset(side)

    def cut(self) -> None:
        """Resets both sides of every open connection."""
        for pair in self._take():
            for side in pair:
                _reset(side)

    def cut_near(self) -> None:
        """Resets the side of those who connected here; the other is told nothing, and what it sends goes nowhere."""
        for near, far in self._take():
            self._left.append(far)
            _reset(near)

    def hold(self) -> None:
        """From now on nothing arrives on either side."""
        self._asks_pass.clear()
        self._answers_pass.clear()

    def hold_answers(self) -> None:
        """From now on nothing arrives where somebody connected here; what is asked does."""
        self._answers_pass.clear()

    def go_on(self) -> None:
        """What was held arrives, and what follows."""
        self._asks_pass.set()
        self._answers_pass.set()

    def _take(self) -> list[tuple[socket.socket, socket.socket]]:
        with self._lock:
            pairs, self._pairs = self._pairs, []
        return pairs

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            try:
                far = socket.create_connection(("127.0.0.1", self.target))
            except OSError:
                _reset(near)
                continue
            for side in (near, far):
                side.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self.accepted += 1
                self._pairs.append((near, far))
            for pump in ((near, far, self._asks_pass), (far, near, self._answers_pass)):
                threading.Thread(target=_pump, args=pump, daemon=True).start()


def _pump(source: socket.socket, sink: socket.socket, passes: threading.Event) -> None:
    try:
        while data := source.recv(65536):
            passes.wait()
            sink.sendall(data)
        passes.wait()
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def _reset(side: socket.socket) -> None:
    try:
        side.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        # `shutdown` wakes the thread that reads it; `close` alone would wait for that thread.
        side.shutdown(socket.SHUT_RD)
        side.close()
    except OSError:
        pass
