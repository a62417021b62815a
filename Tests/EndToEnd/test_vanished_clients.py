"""Clients that stop reading, and clients whose machine is gone without a word.

The first are readers who may come back: a closed window is no reason to cut them. The second must not keep a provider
at work. The kernel's own TCP_USER_TIMEOUT would end both alike.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator

import pytest

from asking import STREAMED, ChatReader, follow, settings
from conftest import NOTES
from gateway import Served
from lost_link import Link, Unavailable
from observed import scrape, wait_lines
from provider import PATIENCE, Answer, Gate, Provider, chat, frame
from wire import Connection, Response

SHORT = pytest.param("2s", id="short")
LONG = pytest.param("30s", id="as it is", marks=pytest.mark.soak)


@pytest.fixture
def link() -> Iterator[Link]:
    try:
        made = Link()
    except Unavailable as reason:
        pytest.skip(f"no network namespaces here: {reason}")
    with made:
        yield made


def seconds(duration: str) -> int:
    return int(duration.removesuffix("s"))


class Small(Connection):
    """A client whose window closes after a few KiB that it does not read."""

    def __init__(self, port: int) -> None:
        self.port, self.received = port, b""
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.socket.settimeout(PATIENCE)
        self.socket.connect(("127.0.0.1", port))


class Away(Connection):
    """A connection from the other machine."""

    def __init__(self, link: Link, port: int) -> None:
        self.port, self.received = port, b""
        self.socket = link.connect(port, 60)


def connections(gateway: Served) -> int:
    """Sockets the process holds."""
    folder = f"/proc/{gateway.process.pid}/fd"
    return sum(os.readlink(f"{folder}/{name}").startswith("socket:") for name in os.listdir(folder))


def wait_connections(gateway: Served, most: int, limit: float) -> None:
    end = time.monotonic() + limit
    while connections(gateway) > most:
        assert time.monotonic() < end, f"{connections(gateway)} sockets are held, not {most}"
        time.sleep(0.05)


def ticking(pause: float) -> Answer:
    """An answer without end, a token every `pause` seconds."""
    step = frame({"choices": [{"index": 0, "delta": {"content": "tick "}, "finish_reason": None}]})
    return Answer([part for _ in range(100_000) for part in (step, pause)])


def begin(connection: Connection) -> None:
    """Asks, and reads until there is text."""
    connection.send("POST", "/v1/chat/completions", body=STREAMED)
    assert any(event.data and "content" in event.data for event in Response(connection).events())


@pytest.mark.parametrize("peer_time", [SHORT, LONG])
def test_a_machine_that_is_gone_is_noticed(link: Link, provider: Provider, peer_time: str) -> None:
    gate = Gate()
    gate.release(2)
    patience = seconds(peer_time) * 5
    configuration = settings(provider, listen=f"{link.here}:0", limits={"peer_time": peer_time, "idle_time": "10m"})
    with Served(configuration, "--open") as gateway:
        held = connections(gateway)
        idle, silent, busy = (Away(link, gateway.port) for _ in range(3))
        assert idle.request("GET", "/healthz", {"host": link.here}).body() == b"ok\n"
        provider.answer_next(chat(["Hel", "lo"], gate=gate), ticking(0.05))
        begin(silent)
        begin(busy)
        link.down()
        began = time.monotonic()
        for exchange, name in ((provider.exchanges[1], "amid the tokens"), (provider.exchanges[0], "in silence")):
            assert exchange.wait(patience) == "aborted", name
            assert exchange.closed is not None
            NOTES.append(f"peer_time {peer_time}: gone {name}, noticed after {exchange.closed - began:.1f} s")
        wait_connections(gateway, held, patience)
        NOTES.append(f"peer_time {peer_time}: gone between requests, all noticed after {time.monotonic() - began:.1f} s")
        for client in (idle, silent, busy):
            client.close()


@pytest.mark.parametrize("peer_time", [SHORT, LONG])
def test_a_link_that_comes_back_loses_nothing(link: Link, provider: Provider, peer_time: str) -> None:
    gate = Gate()
    tokens = [f"word{number}." for number in range(20)]
    provider.answer(chat(tokens, gate=gate))
    configuration = settings(provider, listen=f"{link.here}:0", limits={"peer_time": peer_time})
    with Served(configuration, "--open") as gateway, Away(link, gateway.port) as connection:
        gate.release(3)
        connection.send("POST", "/v1/chat/completions", body=STREAMED)
        response = Response(connection)
        link.down()
        gate.release(5)
        time.sleep(seconds(peer_time) / 3)
        link.up()
        gate.open()
        assert follow(response, ChatReader()).text == "".join(tokens)


@pytest.mark.parametrize("peer_time", [SHORT, LONG])
def test_a_reader_that_stops_for_a_while_is_kept(provider: Provider, peer_time: str) -> None:
    """Its window closes; its machine goes on answering. It has `write_time`, not `peer_time`."""
    tokens = [f"{number} " + "x" * 200 for number in range(1000)]
    provider.answer(chat(tokens))
    configuration = settings(provider, limits={"peer_time": peer_time, "send_buffer": "256KiB", "write_time": "10m"})
    with Served(configuration) as gateway, Small(gateway.port) as connection:
        connection.send("POST", "/v1/chat/completions", body=STREAMED)
        provider.wait_count(1)
        time.sleep(seconds(peer_time) * 1.7)
        assert follow(Response(connection), ChatReader()).text == "".join(tokens)


@pytest.mark.parametrize("write_time", ["1s", pytest.param("60s", marks=pytest.mark.soak)])
def test_a_reader_that_takes_nothing_is_disconnected(provider: Provider, write_time: str) -> None:
    provider.answer(chat(["x" * 4000] * 10_000))
    configuration = settings(provider, limits={"write_time": write_time, "send_buffer": "64KiB"})
    with Served(configuration) as gateway:
        held = connections(gateway)
        with Connection(gateway.port) as connection:
            connection.send("POST", "/v1/chat/completions", body=STREAMED)
            exchange = provider.wait_count(1)
            assert exchange.wait(seconds(write_time) * 5) == "aborted"
            wait_connections(gateway, held, PATIENCE)
        assert wait_lines(gateway, 1)[0]["limit"] == "write_time"
        assert scrape(gateway).value("freshet_requests_refused_total", limit="write_time") == 1
