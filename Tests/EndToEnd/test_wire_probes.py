"""Hostile and unlucky clients: every probe of `wire_probes.py` gets its answer, and the process goes on serving.

Each is sent whole and then cut at every byte (long ones at seeded places), the cut ones all at the same time, a byte
of each in turn. After each probe another connection is served by the same process, now and then with a stream.
"""

from __future__ import annotations

import random

import pytest

from asking import ask
from conftest import NOTES
from gateway import Served
from provider import Provider, chat
from wire import Connection, Response
from wire_probes import HEALTH, PROBES, Answer, Probe

STREAM_EVERY = 10
CUT_EVERYWHERE = 2000
"""Probes up to so many bytes are cut at every byte."""


class Watch:
    """Says after each probe whether the same process still serves."""

    def __init__(self, gateway: Served) -> None:
        self.gateway, self.pid, self.count = gateway, gateway.process.pid, 0
        self.kept = Connection(gateway.port)

    def look(self) -> None:
        self.count += 1
        assert self.gateway.running and self.gateway.process.pid == self.pid
        for connection in (self.kept, Connection(self.gateway.port)):
            response = connection.request("GET", "/healthz")
            assert (response.status, response.body()) == (200, b"ok\n")
        connection.close()
        if self.count % STREAM_EVERY == 0:
            assert ask(self.gateway.port, "chat").text == "Hello."


def expect(connection: Connection, probe: Probe) -> None:
    """Reads everything that comes back."""
    for answer in probe.answers:
        response = Response(connection, has_body=not answer.to_head)
        if probe.continues and response.status == 100:
            response = Response(connection, has_body=not answer.to_head)
        judge(response, answer)
    if probe.closes:
        assert not connection.received and not connection.more(), f"more came: {connection.received!r}"
    else:
        assert not connection.received
        connection.socket.sendall(HEALTH)
        assert Response(connection).body() == b"ok\n"


def judge(response: Response, answer: Answer) -> None:
    body = response.body()
    assert (response.status, response.version, response.ended) == (answer.status, "HTTP/1.1", "clean"), body
    for name, value in answer.fields.items():
        assert response.headers.get(name, "") == value, response.fields
    assert answer.body is None or body == answer.body
    names = [name for name, _ in response.fields]
    assert len(set(names)) == len(names), f"a field is there twice: {response.fields}"
    assert not (response.has_body and answer.status == 204 and "content-length" in response.headers)


def pieces(probe: Probe) -> list[bytes]:
    """The probe's bytes, cut."""
    if len(probe.sent) <= CUT_EVERYWHERE:
        return [probe.sent[at : at + 1] for at in range(len(probe.sent))]
    places = sorted(random.Random(probe.name).sample(range(1, len(probe.sent)), 50))
    return [probe.sent[start:end] for start, end in zip([0, *places], [*places, len(probe.sent)])]


def send(connection: Connection, data: bytes) -> bool:
    """False when the gateway has closed: it need not read what it has refused."""
    try:
        connection.socket.sendall(data)
        return True
    except (BrokenPipeError, ConnectionResetError):
        return False


@pytest.fixture
def watched(gateway: Served, provider: Provider) -> Watch:
    provider.answer(chat(["Hel", "lo", "."]))
    return Watch(gateway)


def test_each_probe_gets_its_answer(watched: Watch, gateway: Served) -> None:
    names = [probe.name for probe in PROBES]
    assert len(set(names)) == len(names)
    for probe in PROBES:
        with Connection(gateway.port) as connection:
            send(connection, probe.sent)
            named(probe, connection)
        watched.look()
    NOTES.append(f"{len(PROBES)} wire probes sent whole; {watched.count} times the process went on serving")


def test_each_probe_gets_its_answer_however_it_is_cut(watched: Watch, gateway: Served) -> None:
    waiting = [(Connection(gateway.port), probe, iter(pieces(probe))) for probe in PROBES]
    sending = list(waiting)
    sent = 0
    while sending:
        rest = []
        for entry in sending:
            connection, probe, parts = entry
            part = next(parts, None)
            if part is not None and send(connection, part):
                rest.append(entry)
                sent += 1
        sending = rest
    for connection, probe, _ in waiting:
        with connection:
            named(probe, connection)
        watched.look()
    NOTES.append(f"{len(PROBES)} wire probes sent in {sent} pieces; {watched.count} times the process went on serving")


def named(probe: Probe, connection: Connection) -> None:
    try:
        expect(connection, probe)
    except Exception as problem:
        problem.add_note(f"the probe: {probe.name}")
        raise
