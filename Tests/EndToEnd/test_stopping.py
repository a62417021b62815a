"""A process that is told to end: nothing new, what runs may end, the rest is told; and sockets that outlive it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from asking import KINDS, SOON, STREAMED, follow, reader_of, send
from conftest import LOOPS, NOTES
from gateway import ConfigurationFile, Gateway, Served, binary, configuration, environment, free_port, run
from held import eventually
from provider import STALL, Gate, Provider, chat
from readers import NativeReader
from wire import Connection, Response

READY = "GET /readyz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


def refuses(port: int) -> bool:
    """Whether nobody listens there any more: one that was still in the queue is reset, the next is refused."""
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except (ConnectionRefusedError, ConnectionResetError):
        return True
    return False


@pytest.fixture(params=[signal.SIGTERM, signal.SIGINT], ids=["TERM", "INT"])
def told(request: pytest.FixtureRequest) -> signal.Signals:
    return signal.Signals(request.param)


def test_answers_end_by_themselves(provider: Provider, told: signal.Signals) -> None:
    gate = Gate()
    provider.answer(chat(["a", "b", "c"], gate=gate))
    with_port = configuration(provider.url, LOOPS[-1], listen=f"127.0.0.1:{free_port()}")
    gateway = Served(with_port)
    with Connection(gateway.port) as idle, Connection(gateway.port) as busy, Connection(gateway.port) as half:
        assert idle.request("GET", "/healthz").body() == b"ok\n"
        busy.send("POST", "/v1/chat/completions", body=STREAMED)
        provider.wait_count(1)
        gate.release()
        response = Response(busy)
        half.socket.sendall(READY[:20].encode())
        time.sleep(0.1)  # its first bytes are there, so it counts as a request
        gateway.process.send_signal(told)
        assert eventually(lambda: refuses(gateway.port))
        assert not idle.more(), "an idle connection is closed"
        half.socket.sendall(READY[20:].encode())
        probe = Response(half)
        assert (probe.status, probe.headers["connection"]) == (503, "close")
        assert probe.body() == b"shutting down\n"
        # A successor can have the port while the answer still runs.
        with Served(with_port) as successor, Connection(successor.port) as other:
            assert other.request("GET", "/readyz").status == 200
            gate.open()
            message = follow(response, reader_of("chat"))
        assert (message.text, message.outcome) == ("abc", "finished")
    assert gateway.process.wait(20) == 0
    assert gateway.stop() == 0


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_left_is_told(provider: Provider, kind: str) -> None:
    provider.answer(chat(["a"], ends=[STALL]))
    limits = {"drain_time": "300ms"}
    gateway = Served(configuration(provider.url, LOOPS[-1], limits=limits))
    with Connection(gateway.port, SOON) as shown, Connection(gateway.port, SOON) as silent:
        send(shown, kind)
        provider.wait_count(1)
        response = Response(shown)
        events = response.events()
        reader = reader_of(kind)
        while reader.message.text != "a":
            reader.event(next(events))
        provider.answer(chat([], ends=[STALL], head=[STALL]))
        send(silent, kind)
        provider.wait_count(2)
        gateway.process.send_signal(signal.SIGTERM)
        for event in events:
            reader.event(event)
        assert reader.message.outcome == "failed"
        assert "shutting down" in str(reader.message.error) and "shutting_down" in str(reader.message.error)
        other = Response(silent)
        if kind == "chat":
            assert (other.status, other.json()["error"]["code"]) == (503, "shutting_down")
        else:
            assert other.status in (200, 503) and b"shutting_down" in other.body()
    assert gateway.process.wait(20) == 0
    assert [exchange.wait() for exchange in provider.exchanges] == ["aborted", "aborted"]
    gateway.stop()


@pytest.mark.parametrize("stream", [True, False])
def test_second_signal_leaves_at_once(provider: Provider, told: signal.Signals, stream: bool) -> None:
    provider.answer(chat(["a"], ends=[STALL]))
    with Connection((gateway := Served(configuration(provider.url))).port) as connection:
        connection.send("POST", "/v1/chat/completions", body={**STREAMED, "stream": stream})
        provider.wait_count(1)
        gateway.process.send_signal(told)
        assert eventually(lambda: refuses(gateway.port))
        assert gateway.running
        gateway.process.send_signal(told)
        assert gateway.process.wait(20) == 128 + told
    gateway.stop()


def test_nothing_open_nothing_waited_for(provider: Provider) -> None:
    gateway = Served(configuration(provider.url))
    with Connection(gateway.port) as connection:
        connection.request("GET", "/healthz").body()
        gateway.process.send_signal(signal.SIGTERM)
        assert gateway.process.wait(10) == 0
    gateway.stop()


def test_a_logged_answer_without_a_reader_is_waited_for(provider: Provider, told: signal.Signals) -> None:
    """It ends by itself, and the next process has it whole."""
    gate = Gate()
    provider.answer(chat(["a", "b"], gate=gate))
    settings = configuration(provider.url, LOOPS[-1])
    with tempfile.TemporaryDirectory() as folder:
        gateway = Served({**settings, "data": folder})
        body = {"model": "m", "messages": STREAMED["messages"]}
        with Connection(gateway.port) as connection:
            name = connection.request("POST", "/v1/generations", {"accept": "application/json"}, body).json()["id"]
        provider.wait_count(1)
        gateway.process.send_signal(told)
        assert eventually(lambda: refuses(gateway.port))
        with pytest.raises(subprocess.TimeoutExpired):
            gateway.process.wait(0.5)
        gate.open()
        assert gateway.process.wait(10) == 0
        gateway.stop()
        with Served({**settings, "data": folder}) as successor, Connection(successor.port) as connection:
            document = connection.request("GET", f"/v1/generations/{name}").json()
            assert document["state"] == "finished" and document["message"]["content"] == "ab"


@pytest.mark.parametrize("is_read", [True, False])
def test_what_is_on_disk_is_left_unfinished(provider: Provider, is_read: bool) -> None:
    """Its provider is let go and its reader cut without a word; the next process ends it as interrupted."""
    provider.answer(chat(["a", "b"], ends=[STALL]))
    settings = configuration(provider.url, LOOPS[-1], limits={"drain_time": "300ms"})
    lines, reader = {"accept": "application/x-ndjson"}, NativeReader()
    body = {"model": "m", "messages": STREAMED["messages"]}
    with tempfile.TemporaryDirectory() as folder:
        gateway = Served({**settings, "data": folder})
        with Connection(gateway.port, SOON) as connection:
            response = connection.request("POST", "/v1/generations", lines, body)
            name, events = response.headers["x-freshet-generation"], response.lines()
            while reader.message.text != "ab":
                reader.line(next(events))
            if is_read:
                gateway.process.send_signal(signal.SIGTERM)
                for line in events:
                    reader.line(line)
                assert response.ended == "cut"
        if not is_read:
            gateway.process.send_signal(signal.SIGTERM)
        assert gateway.process.wait(20) == 0 and provider.exchanges[0].wait() == "aborted"
        gateway.stop()
        assert reader.message.outcome is None
        with Served({**settings, "data": folder}) as successor:
            with Connection(successor.port) as connection:
                document = connection.request("GET", f"/v1/generations/{name}").json()
            assert (document["state"], document["error"]["code"]) == ("interrupted", "interrupted")
            assert document["message"]["content"] == "ab"
            with Connection(successor.port) as connection:
                target = f"/v1/generations/{name}/events?after={reader.seq}"
                for line in connection.request("GET", target, lines).lines():
                    reader.line(line)
            assert reader.message.outcome == "interrupted" and reader.message.text == "ab"


# Socket activation.

# Takes the descriptor given first for its descriptor 3 and becomes the command given after.
LAUNCHER = """
import os, sys
given, count = int(sys.argv[1]), sys.argv[2]
if given != 3:
    os.dup2(given, 3)
os.set_inheritable(3, True)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=count, LISTEN_FDNAMES="web")
os.execv(sys.argv[3], sys.argv[3:])
"""


@contextmanager
def activated(descriptor: int, *arguments: str, count: str = "1") -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [sys.executable, "-c", LAUNCHER, str(descriptor), count, binary(), "serve", *arguments],
        pass_fds=[descriptor],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=20)


def test_activated(provider: Provider) -> None:
    """The socket is used and the variables are gone; `listen` gives way."""
    with ConfigurationFile(configuration(provider.url)) as path, socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with activated(server.fileno(), "--config", path, "--listen", f"127.0.0.1:{free_port()}") as process:
            with Connection(port) as connection:  # waits in the kernel's queue until it is served
                assert connection.request("GET", "/healthz").body() == b"ok\n"
            assert process.stdout is not None
            assert f"127.0.0.1:{port}".encode() in process.stdout.readline()


def test_variables_for_another_process(provider: Provider) -> None:
    with Gateway("--upstream", provider.url, "--listen", "127.0.0.1:0", LISTEN_PID="1", LISTEN_FDS="1") as gateway:
        with Connection(gateway.port) as connection:
            assert connection.request("GET", "/healthz").status == 200


def test_wrong_descriptors(provider: Provider, tmp_path: Any) -> None:
    listening = socket.create_server(("127.0.0.1", 0))
    idle = socket.socket()
    datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    local = socket.socket(socket.AF_UNIX)
    local.bind(str(tmp_path / "socket"))
    local.listen()
    everywhere = socket.create_server(("0.0.0.0", 0))
    file = open(os.devnull)  # noqa: SIM115
    cases = [
        (file, "1", "not a socket"),
        (datagrams, "1", "not one of TCP"),
        (local, "1", "not one of TCP"),
        (idle, "1", "does not listen"),
        (listening, "2", "2 sockets"),
        (listening, "x", "LISTEN_FDS"),
        (everywhere, "1", "--open"),
    ]
    for given, count, words in cases:
        with activated(given.fileno(), "--upstream", provider.url, count=count) as process:
            errors = process.communicate(timeout=20)[1].decode()
            assert process.returncode == 1 and words in errors, (words, errors)
    for given, _, _ in cases:
        given.close()


def test_hand_over_without_a_refused_connection(provider: Provider) -> None:
    """One process ends, the next begins, and clients that come all the time notice nothing."""
    answered, problems = [0], []
    is_over = threading.Event()

    def ask() -> None:
        while not is_over.is_set():
            try:
                with Connection(port) as connection:
                    assert connection.request("GET", "/healthz").body() == b"ok\n"
                    answered[0] += 1
            except Exception as problem:
                problems.append(repr(problem))

    with ConfigurationFile(configuration(provider.url, LOOPS[-1])) as path, socket.create_server(
        ("127.0.0.1", 0), backlog=1024
    ) as server:
        port = server.getsockname()[1]
        clients = [threading.Thread(target=ask, daemon=True) for _ in range(4)]
        with activated(server.fileno(), "--config", path) as first:
            for client in clients:
                client.start()
            assert eventually(lambda: answered[0] > 50)
            first.send_signal(signal.SIGTERM)
            assert first.wait(20) == 0
            before = answered[0]
        with activated(server.fileno(), "--config", path):
            assert eventually(lambda: answered[0] > before + 50)
            is_over.set()
            for client in clients:
                client.join(20)
    assert not problems, problems[:5]
    NOTES.append(f"hand-over: {answered[0]} connections, none refused")


def test_serve_says_what_is_wrong_with_the_port() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = run("serve", "--listen", f"127.0.0.1:{taken.getsockname()[1]}")
    assert done.returncode == 1 and "in use" in done.stderr
