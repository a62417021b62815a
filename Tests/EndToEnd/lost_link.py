"""A machine of its own behind a cable that can be pulled: a network namespace at the other end of a veth pair."""

from __future__ import annotations

import ctypes
import os
import shutil
import socket
import subprocess
import threading
from collections.abc import Callable
from typing import Any

CLONE_NEWNET = 0x4000_0000


class Unavailable(Exception):
    """Why there can be no such link here."""


class Link:
    """`here` is this machine's address on it, `there` the other's."""

    def __init__(self) -> None:
        if os.geteuid() != 0 or shutil.which("ip") is None:
            raise Unavailable("needs root and iproute2")
        number = os.getpid() % 62 * 4
        self.here, self.there = f"198.18.77.{number + 1}", f"198.18.77.{number + 2}"
        self.space, self.ours, self.theirs = (f"fl{os.getpid()}{end}" for end in ("", "a", "b"))
        self.is_up = False
        try:
            _ip("netns", "add", self.space)
            _ip("link", "add", self.ours, "type", "veth", "peer", "name", self.theirs, "netns", self.space)
            _ip("address", "add", f"{self.here}/30", "dev", self.ours)
            _ip("link", "set", self.ours, "up")
            self._there("address", "add", f"{self.there}/30", "dev", self.theirs)
            self.up()
        except Unavailable:
            self.close()
            raise

    def __enter__(self) -> Link:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        for arguments in (("link", "delete", self.ours), ("netns", "delete", self.space)):
            subprocess.run(["ip", *arguments], capture_output=True, check=False)

    def up(self) -> None:
        self._there("link", "set", self.theirs, "up")

    def down(self) -> None:
        """From now on nothing arrives on either side, and nobody is told."""
        self._there("link", "set", self.theirs, "down")

    def connect(self, port: int, timeout: float, receive_buffer: int | None = None) -> socket.socket:
        """A connection from the other machine to this one."""

        def make() -> socket.socket:
            client = socket.socket()
            if receive_buffer is not None:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
            client.settimeout(timeout)
            client.connect((self.here, port))
            return client

        return self._inside(make)

    def _inside(self, make: Callable[[], socket.socket]) -> socket.socket:
        """A socket belongs to the namespace that its thread was in when it was made."""
        made: list[Any] = []

        def run() -> None:
            try:
                with open(f"/run/netns/{self.space}") as space:
                    if ctypes.CDLL(None, use_errno=True).setns(space.fileno(), CLONE_NEWNET) != 0:
                        raise OSError(ctypes.get_errno(), "setns")
                made.append(make())
            except OSError as problem:
                made.append(problem)

        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
        if isinstance(made[0], OSError):
            raise made[0]
        client: socket.socket = made[0]
        return client

    def _there(self, *arguments: str) -> None:
        _ip("-n", self.space, *arguments)


def _ip(*arguments: str) -> None:
    done = subprocess.run(["ip", *arguments], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Unavailable(f"ip {' '.join(arguments)}: {done.stderr.strip()}")
