"""Starts and stops the real binary, as a user would, always by the pid it was started with.

FRESHET_BIN names the binary; without it `.build/release/freshet`, then `.build/debug/freshet` of this project.
"""

from __future__ import annotations

import atexit
import json
import os
import pty
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

PROJECT = Path(__file__).resolve().parents[2]
LISTENING = re.compile(r"listening on http://\S+?:(\d+)")


def binary() -> str:
    """The path of the binary under test; the test fails when there is none."""
    named = os.environ.get("FRESHET_BIN")
    places = [Path(named)] if named else [PROJECT / ".build" / kind / "freshet" for kind in ("release", "debug")]
    for place in places:
        if place.is_file():
            return str(place.resolve())
    pytest.fail(f"no freshet at {' or '.join(map(str, places))}: run `make build` or set FRESHET_BIN", pytrace=False)


def environment(**more: str) -> dict[str, str]:
    """This process' environment without what would change the gateway's behaviour, and with `more`."""
    dropped = ("OPENAI_", "ANTHROPIC_", "GEMINI_", "GOOGLE_", "FRESHET_", "http_proxy", "https_proxy", "HTTP_PROXY")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
    return {**kept, "XDG_STATE_HOME": folder(), **more}


def folder() -> str:
    """A folder of its own, gone when the tests are over."""
    path = tempfile.mkdtemp(prefix="freshet-")
    atexit.register(shutil.rmtree, path, ignore_errors=True)
    return path


def run(*arguments: str, timeout: float = 30, **more: str) -> subprocess.CompletedProcess[str]:
    """Runs a command that ends by itself."""
    return subprocess.run(
        [binary(), *arguments],
        capture_output=True,
        text=True,
        timeout=timeout,
        env=environment(**more),
        stdin=subprocess.DEVNULL,
    )


def free_port() -> int:
    """A port nobody listens on just now."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@contextmanager
def ended(process: subprocess.Popen[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    """Whatever happens, the process does not outlive the block."""
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(10)


class Program:
    """A command that a person would watch: its output is read as it comes, from a pipe or a terminal."""

    def __init__(self, *arguments: str, terminal: bool = False, **more: str) -> None:
        ours, theirs = pty.openpty() if terminal else os.pipe()
        self.output = ours
        self.process = subprocess.Popen(
            [binary(), *arguments],
            stdin=theirs if terminal else subprocess.DEVNULL,
            stdout=theirs,
            stderr=theirs if terminal else subprocess.PIPE,
            env=environment(TERM="xterm", **more),
            start_new_session=True,
        )
        os.close(theirs)

    def read(self) -> bytes:
        """What came; empty at the end."""
        try:
            return os.read(self.output, 4096)
        except OSError:  # Linux says EIO when the last program has left the terminal
            return b""

    def rest(self) -> bytes:
        data = b""
        while more := self.read():
            data += more
        return data

    def interrupt(self) -> None:
        """What Ctrl-C does."""
        self.process.send_signal(signal.SIGINT)

    def wait(self) -> int:
        return self.process.wait(20)

    def errors(self) -> str:
        assert self.process.stderr is not None
        return self.process.stderr.read().decode(errors="replace")

    def __enter__(self) -> Program:
        return self

    def __exit__(self, *_: object) -> None:
        with ended(self.process):
            os.close(self.output)
        if self.process.stderr is not None:
            self.process.stderr.close()


class Gateway:
    """A running `freshet serve` or `freshet simulate` on an ephemeral port."""

    def __init__(self, *arguments: str, command: str = "serve", under: Sequence[str] = (), **more: str) -> None:
        """`under` is a command that runs it, and becomes it in the end."""
        self.arguments = [*under, binary(), command, *arguments]
        self.process = subprocess.Popen(
            self.arguments,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment(**more),
        )
        self.output = bytearray()
        self.errors = bytearray()
        self._port = 0
        self._was_told = False
        self._ready = threading.Event()
        self._readers = [threading.Thread(target=self._follow, args=(name,), daemon=True) for name in ("out", "err")]
        for reader in self._readers:
            reader.start()
        if not self._ready.wait(20) or not self._port:
            self.stop()
            raise AssertionError(f"{self.arguments} did not say where it listens\n{self.said()}")

    def _follow(self, name: str) -> None:
        stream = self.process.stdout if name == "out" else self.process.stderr
        assert stream is not None
        while data := os.read(stream.fileno(), 65536):
            if name == "out":
                self.output += data
            else:
                self.errors += data
            if not self._port and (
                found := LISTENING.search((self.output + b"\n" + self.errors).decode(errors="replace"))
            ):
                self._port = int(found[1])
                self._ready.set()
        if name == "out" and not self._port:
            self._ready.set()  # it ended without a word

    @property
    def port(self) -> int:
        return self._port

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def running(self) -> bool:
        return self.process.poll() is None

    def said(self) -> str:
        """Everything it printed, for a failure's report."""
        parts = [
            f"--- {name}\n{text.decode(errors='replace')}"
            for name, text in (("stdout", self.output), ("stderr", self.errors))
        ]
        return f"--- exit {self.process.poll()}\n" + "\n".join(parts)

    def stop(self) -> int:
        """Ends it, streams or not, and returns its exit code (negative: the signal that killed it)."""
        if self.running:
            self._was_told = True
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(0.5)
            except subprocess.TimeoutExpired:
                self.process.send_signal(signal.SIGTERM)  # streams are open: the second one leaves at once
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(5)
        for reader in self._readers:
            reader.join(5)
        return self.process.returncode

    def kill(self) -> None:
        """Ends it as `kill -9` does."""
        self._was_told = True
        self.process.kill()
        assert self.stop() == -signal.SIGKILL, self.said()

    def __enter__(self) -> Gateway:
        return self

    def __exit__(self, *_: object) -> None:
        alive = self.running or self._was_told
        code = self.stop()
        print(self.said())  # pytest shows it with a failing test only
        if not alive:
            raise AssertionError(f"the gateway ended by itself with {code}\n{self.said()}")


def configuration(upstream: str, loops: int = 1, **more: Any) -> dict[str, Any]:
    """What `--upstream` means, as a configuration, so that `loops` and other keys can be said with it."""
    return {
        "listen": "127.0.0.1:0",
        "loops": loops,
        "providers": {"upstream": {"kind": "openai", "base_url": upstream, "credentials": "pass"}},
        "models": {"*": {"routes": ["upstream/*"]}},
        "default_model": "stand-in",
        **more,
    }


class ConfigurationFile:
    """A configuration in a file of its own, gone at the end. JSON is YAML, so no writer of YAML is needed."""

    def __init__(self, content: str | dict[str, Any]) -> None:
        text = content if isinstance(content, str) else json.dumps(content, indent=1)
        # What is kept stands beside it.
        self.path = f"{folder()}/freshet.yaml"
        Path(self.path).write_text(text)

    def __enter__(self) -> str:
        return self.path

    def __exit__(self, *_: object) -> None:
        os.unlink(self.path)


class Served(Gateway):
    """`freshet serve --config` with the given configuration."""

    def __init__(
        self, content: str | dict[str, Any], *arguments: str, under: Sequence[str] = (), **more: str
    ) -> None:
        self._file = ConfigurationFile(content)
        try:
            super().__init__("--config", self._file.path, *arguments, under=under, **more)
        finally:
            self._file.__exit__()


class Restartable:
    """`freshet serve` at one port over one data folder, which is killed and started again."""

    def __init__(self, content: dict[str, Any], *arguments: str) -> None:
        self.content = {"data": folder(), **content, "listen": content["listen"].removesuffix(":0") + f":{free_port()}"}
        self.arguments = arguments
        self.served = Served(self.content, *arguments)

    @property
    def port(self) -> int:
        return self.served.port

    @property
    def url(self) -> str:
        return self.served.url

    def kill(self) -> None:
        self.served.kill()

    def start(self, **changes: Any) -> None:
        self.served = Served({**self.content, **changes}, *self.arguments)

    def __enter__(self) -> Restartable:
        return self

    def __exit__(self, *problem: object) -> None:
        self.served.__exit__(*problem)
