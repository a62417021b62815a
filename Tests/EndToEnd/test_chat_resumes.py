"""`freshet chat` over connections that break and gateways that die: what it shows is the answer, each word once.

What it says of its connection stands on stderr; stdout is the answer and nothing else.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest

from asking import FINISH
from conftest import LOOPS
from cutter import Cutter
from gateway import Program, Restartable, configuration, folder
from held import eventually
from provider import DONE, Answer, Gate, Provider, chat, frame
from test_generations import ask

TOKENS = ["Once ", "upon ", "a ", "time", ", ", "日本 ", "🙂 ", "👩‍👩‍👧", " x", "."]
TEXT = "".join(TOKENS)
LOST, REGAINED = "connection lost", "freshet: reconnected"


@pytest.fixture(params=LOOPS, ids=lambda loops: f"loops{loops}")
def gateway(request: pytest.FixtureRequest, provider: Provider) -> Iterator[Restartable]:
    with Restartable(configuration(provider.url, request.param)) as running:
        yield running


@pytest.fixture
def network(gateway: Restartable) -> Iterator[Cutter]:
    with Cutter(gateway.port) as cutter:
        yield cutter


@pytest.fixture
def gate(provider: Provider) -> Gate:
    """Holds each token of every answer, and then its end."""
    gate = Gate()
    provider.answer(chat(TOKENS, gate=gate))
    return gate


class Chat(Program):
    """`freshet chat`, and what it has shown so far."""

    def __init__(self, port: int, **options: Any) -> None:
        super().__init__("chat", "--url", f"http://127.0.0.1:{port}", "--model", "m", "Tell me.", **options)
        self.shown = b""

    def until(self, text: str) -> None:
        """Reads until that has been shown; more than that is a mistake."""
        while self.shown != text.encode():
            assert text.encode().startswith(self.shown), (self.shown.decode(errors="replace"), text)
            piece = self.read()
            assert piece, f"it ended after {self.shown!r}: {self.errors()}"
            self.shown += piece

    def end(self) -> tuple[str, int, str]:
        """All that it showed, how it ended, and what it said of it."""
        self.shown += self.rest()
        return self.shown.decode().removesuffix("\n"), self.wait(), self.errors()


def stored(gateway: Restartable) -> Any:
    """The only generation there is, as it is kept."""
    _, listed = ask(gateway.served, "GET", "/v1/generations")
    assert len(listed["data"]) == 1
    response, document = ask(gateway.served, "GET", f"/v1/generations/{listed['data'][0]['id']}")
    assert response.status == 200
    return document


def content(gateway: Restartable) -> str:
    return str(stored(gateway)["message"]["content"])


# The gateway dies.


def test_killed_and_started_again(gateway: Restartable, provider: Provider, gate: Gate) -> None:
    with Chat(gateway.port) as program:
        gate.release(5)
        program.until("".join(TOKENS[:5]))
        gateway.kill()
        gateway.start()
        shown, status, said = program.end()
    assert shown == content(gateway) == "".join(TOKENS[:5]) and status == 1
    assert stored(gateway)["state"] == "interrupted"
    assert said.count(LOST) == said.count(REGAINED) == 1
    assert "the gateway ended while the answer was running" in said
    assert provider.count == 1


@pytest.mark.parametrize("kills", [1, 3])
def test_what_it_missed_before_the_kill(
    gateway: Restartable, network: Cutter, provider: Provider, gate: Gate, kills: int
) -> None:
    """The last words were written, but had not arrived when the gateway died; nor before it died again."""
    with Chat(network.port) as program:
        gate.release(3)
        program.until("".join(TOKENS[:3]))
        network.hold()
        gate.release(5)
        assert eventually(lambda: content(gateway) == "".join(TOKENS[:8]))
        for _ in range(kills - 1):
            gateway.kill()
            network.cut()
            gateway.start()
            before = network.accepted
            assert eventually(lambda: network.accepted > before)
        gateway.kill()
        network.cut()
        network.go_on()
        gateway.start()
        shown, status, said = program.end()
    assert shown == content(gateway) == "".join(TOKENS[:8]) and status == 1
    assert said.count(LOST) == said.count(REGAINED) == 1
    assert provider.count == 1


def test_a_gateway_that_is_not_itself_yet(gateway: Restartable, provider: Provider, gate: Gate) -> None:
    """Refused connections, connections that are reset, 502 and 503: whoever stands before it says so while it starts."""
    with Chat(gateway.port) as program:
        gate.release(5)
        program.until("".join(TOKENS[:5]))
        gateway.kill()
        refusals = [b"", b"502 Bad Gateway\r\n", b"503 Service Unavailable\r\nretry-after: 1\r\n"]
        refuse(gateway.port, [refusals[0], *refusals])
        gateway.start()
        shown, status, said = program.end()
    assert shown == content(gateway) == "".join(TOKENS[:5]) and status == 1
    assert said.count(LOST) == said.count(REGAINED) == 1


def refuse(port: int, answers: list[bytes]) -> None:
    """Stands in the gateway's place for so many requests; an empty answer is a closed connection."""
    with socket.create_server(("127.0.0.1", port)) as listener:
        for answer in answers:
            with listener.accept()[0] as client:
                asked = client.recv(65536)
                assert asked.startswith(b"GET /v1/generations/gen_") and b"/events?after=" in asked, asked
                if answer:
                    client.sendall(b"HTTP/1.1 " + answer + b"content-length: 0\r\nconnection: close\r\n\r\n")


def test_a_gateway_that_has_forgotten(gateway: Restartable, provider: Provider, gate: Gate) -> None:
    """It was started over another folder: 404 is an end, and a clear one."""
    with Chat(gateway.port) as program:
        gate.release(5)
        program.until("".join(TOKENS[:5]))
        gateway.kill()
        gateway.start(data=folder())
        shown, status, said = program.end()
    assert shown == "".join(TOKENS[:5]) and status == 1
    assert said.count(LOST) == 1 and REGAINED not in said
    assert "generation" in said.splitlines()[-1], said
    assert provider.count == 1


# The connection breaks.


def test_cut_again_and_again(gateway: Restartable, network: Cutter, provider: Provider, gate: Gate) -> None:
    """Every two words, and each time two more are missed."""
    with Chat(network.port) as program:
        for number in range(2, 9, 4):
            gate.release(2)
            program.until("".join(TOKENS[:number]))
            network.hold()
            gate.release(2)
            assert eventually(lambda: content(gateway) == "".join(TOKENS[: number + 2]))
            network.cut()
            network.go_on()
            program.until("".join(TOKENS[: number + 2]))
        gate.open()
        shown, status, said = program.end()
    assert shown == content(gateway) == TEXT and status == 0
    assert stored(gateway)["state"] == "finished"
    assert said.count(LOST) == said.count(REGAINED) == 2 and len(said.splitlines()) == 4
    assert provider.count == 1


def test_cut_before_the_end(gateway: Restartable, network: Cutter, provider: Provider, gate: Gate) -> None:
    """It has every word, but does not know it."""
    with Chat(network.port) as program:
        gate.release(len(TOKENS))
        program.until(TEXT)
        network.hold()
        gate.open()
        assert eventually(lambda: stored(gateway)["state"] == "finished")
        network.cut()
        network.go_on()
        shown, status, _ = program.end()
    assert shown == content(gateway) == TEXT and status == 0


def test_cut_inside_a_character(gateway: Restartable, network: Cutter, provider: Provider) -> None:
    """A provider may send the two halves of an emoji in two frames; the cut is between them."""
    gate = Gate()
    halves = [frame(f'{{"choices":[{{"index":0,"delta":{{"content":"{text}"}}}}]}}') for text in ("a\\ud83d", "\\ude00b")]
    provider.answer(Answer([halves[0], gate, halves[1], FINISH, DONE]))
    with Chat(network.port) as program:
        program.until("a")
        network.cut()
        gate.open()
        shown, status, said = program.end()
    assert (shown, status) == ("a😀b", 0) and said.count(REGAINED) == 1
    assert content(gateway) == shown


def test_on_a_terminal(gateway: Restartable, network: Cutter, provider: Provider, gate: Gate) -> None:
    """There both stand on one screen: what it says has lines of its own."""
    with Chat(network.port, terminal=True) as program:
        gate.release(4)
        program.until("".join(TOKENS[:4]))
        network.cut()
        gate.open()
        lines = (program.shown + program.rest()).decode().replace("\r\n", "\n").splitlines()
        assert program.wait() == 0
    assert lines[0] == "".join(TOKENS[:4]) and lines[1].startswith(f"freshet: {LOST} (") and lines[2] == REGAINED
    assert lines[3] == "".join(TOKENS[4:]) and "tokens/s" in lines[4] and len(lines) == 5


def test_nothing_is_asked_twice(gateway: Restartable, network: Cutter, provider: Provider, gate: Gate) -> None:
    """A connection that breaks before the answer has a name: the question is not sent again."""
    network.hold()
    with Chat(network.port) as program:
        assert eventually(lambda: network.accepted == 1)
        network.cut()
        network.go_on()
        shown, status, said = program.end()
    assert (shown, status) == ("", 1) and said.strip() and LOST not in said
    assert network.accepted == 1 and provider.count <= 1


@pytest.mark.soak
def test_a_gateway_that_thinks_for_long(gateway: Restartable, provider: Provider, gate: Gate) -> None:
    """No event for longer than it waits for a byte: the gateway's heartbeats are bytes."""
    with Chat(gateway.port) as program:
        gate.release(4)
        program.until("".join(TOKENS[:4]))
        time.sleep(55)  # the provider has 60
        gate.open()
        assert program.end() == (TEXT, 0, "")


@pytest.mark.soak
def test_a_connection_that_died_without_a_word(
    gateway: Restartable, network: Cutter, provider: Provider, gate: Gate
) -> None:
    """Nobody resets it: after 50 s without a byte another one is tried."""
    with Chat(network.port) as program:
        gate.release(4)
        program.until("".join(TOKENS[:4]))
        network.hold()
        gate.open()
        assert eventually(lambda: network.accepted == 2, 100)
        network.go_on()
        shown, status, said = program.end()
    assert shown == content(gateway) == TEXT and status == 0
    assert said.count(LOST) == said.count(REGAINED) == 1


# Ctrl-C.


@pytest.mark.parametrize("tokens", [0, 4])
def test_interrupt_stops_the_answer(
    gateway: Restartable, network: Cutter, provider: Provider, gate: Gate, tokens: int
) -> None:
    """Also over its second connection."""
    with Chat(network.port) as program:
        exchange = provider.wait_count(1)
        if tokens:
            gate.release(1)
            program.until(TOKENS[0])
            network.cut()
        gate.release(max(0, tokens - 1))
        program.until("".join(TOKENS[:tokens]))
        program.interrupt()
        shown, status, _ = program.end()
    assert shown == "".join(TOKENS[:tokens]) and status == 130
    assert exchange.wait() == "aborted"
    document = stored(gateway)
    assert document["state"] == "stopped" and document["message"]["content"] == shown


def test_interrupt_before_it_has_a_name(
    gateway: Restartable, network: Cutter, provider: Provider, gate: Gate
) -> None:
    """The gateway's first word is on its way: it is waited for, or nobody could stop the answer."""
    network.hold_answers()
    with Chat(network.port) as program:
        exchange = provider.wait_count(1)
        program.interrupt()
        time.sleep(0.2)  # it hears of it before the name comes
        network.go_on()
        assert program.end()[:2] == ("", 130)
    assert exchange.wait() == "aborted"
    assert stored(gateway)["state"] == "stopped"


def test_interrupt_without_a_gateway(gateway: Restartable, provider: Provider, gate: Gate) -> None:
    """Nobody to tell: it leaves all the same."""
    with Chat(gateway.port) as program:
        gate.release(4)
        program.until("".join(TOKENS[:4]))
        gateway.kill()
        program.interrupt()
        shown, status, _ = program.end()
        gateway.start()
    assert shown == content(gateway) == "".join(TOKENS[:4]) and status == 130
