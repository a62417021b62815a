"""Every limit of `limits:` is reached once, and does what `docs/limits.md` says; the process goes on serving.

Each limit is set low here, so that it is reached at once. A limit that another file reaches is named in `ELSEWHERE`.
"""

from __future__ import annotations

import json
import re
import resource
import socket
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import pytest

from asking import ASK, FINISH, KINDS, SOON, STREAMED, ask, delta, send, settings
from gateway import PROJECT, ConfigurationFile, Gateway, Served, run
from held import eventually
from observed import scrape
from odd_servers import OddServer, Peer
from provider import DONE, STALL, Answer, Gate, Provider, chat, frame
from readers import NativeReader
from wire import Connection, Response
from wire_probes import HEALTH, HOST

ELSEWHERE = {
    "log_ring": "test_observation.py",
    "write_time": "test_vanished_clients.py",
    "peer_time": "test_vanished_clients.py",
    "drain_time": "test_stopping.py",
    "retention": "test_generations.py",
    "retention_time": "test_generations.py",
    "kept": "test_generations.py",
    "kept_time": "test_generations.py",
    "orphan_time": "test_keeping.py",
}
REACHED: dict[str, Callable[..., None]] = {}


def reaches(*names: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    def keep(test: Callable[..., None]) -> Callable[..., None]:
        REACHED.update(dict.fromkeys(names, test))
        return test

    return keep


def limited(provider: Provider, **limits: Any) -> Served:
    return Served(settings(provider, limits=limits))


def serves(gateway: Gateway) -> bool:
    with Connection(gateway.port, SOON) as connection:
        return connection.request("GET", "/healthz").body() == b"ok\n"


def refused(gateway: Gateway, limit: str) -> float:
    """How often a request was refused for it."""
    return scrape(gateway).value("freshet_requests_refused_total", limit=limit)


def get(target: str = "/healthz", *fields: str) -> bytes:
    return "\r\n".join([f"GET {target} HTTP/1.1", "Host: localhost", *fields, "", ""]).encode()


def post(length: int, body: bytes = b"") -> bytes:
    return b"POST /v1/chat/completions HTTP/1.1\r\n" + HOST + b"Content-Length: %d\r\n\r\n" % length + body


def answers(gateway: Gateway, sent: bytes) -> Response:
    """What the bytes get, after which the connection closes."""
    with Connection(gateway.port, SOON) as connection:
        connection.socket.sendall(sent)
        response = Response(connection)
        assert "error" in response.json() and response.headers["connection"] == "close"
        assert not connection.more()
    return response


# What there is.


def test_every_limit_is_documented_and_reached() -> None:
    page = (PROJECT / "docs/limits.md").read_text()
    documented = dict(re.findall(r"^\| `(\w+)` \| `(\w+)` \|", page, re.MULTILINE))
    with ConfigurationFile("providers: {}\n") as file:
        checked = run("check", file)
    printed = re.findall(r"^  (\w+): (\w+)  # past it: \S", checked.stdout, re.MULTILINE)
    assert dict(printed) == documented and list(documented) == [name for name, _ in printed]
    assert set(REACHED) | set(ELSEWHERE) == set(documented) and not set(REACHED) & set(ELSEWHERE)
    for name, file in ELSEWHERE.items():
        assert f'"{name}"' in (PROJECT / "Tests/EndToEnd" / file).read_text(), (name, file)


# Clients.


@reaches("connections")
def test_connections(provider: Provider) -> None:
    with limited(provider, connections=3) as gateway:
        with ExitStack() as stack:
            for _ in range(3):
                connection = stack.enter_context(Connection(gateway.port, SOON))
                assert connection.request("GET", "/healthz").body() == b"ok\n"
            for sent in (b"", get(), post(1000, b"x" * 1000)):
                response = answers(gateway, sent)
                assert response.status == 503 and int(response.headers["retry-after"]) > 0
            assert connection.request("GET", "/healthz").body() == b"ok\n"
        assert eventually(lambda: serves(gateway))
        assert refused(gateway, "connections") == 3


@reaches("head")
@pytest.mark.parametrize(
    ("limits", "sent", "status"),
    [
        ({"head": "1KiB"}, get("/healthz", "x: " + "y" * 2000), 431),
        ({"fields": 10}, get("/healthz", *["x: y"] * 10), 431),
        ({"target": "1KiB"}, get("/" + "x" * 1024), 414),
        ({"body": "4KiB"}, post(4097), 413),
        ({"head_time": "300ms"}, get()[:-2], 408),
    ],
    ids=["head", "fields", "target", "body", "head_time"],
)
def test_refusals(provider: Provider, limits: dict[str, Any], sent: bytes, status: int) -> None:
    with limited(provider, **limits) as gateway:
        assert answers(gateway, sent).status == status
        assert serves(gateway)
        assert refused(gateway, *limits) == 1


REACHED.update(dict.fromkeys(["fields", "target", "body", "head_time"], test_refusals))


@reaches("bodies")
def test_bodies(provider: Provider) -> None:
    body = json.dumps({**ASK, "padding": "x" * 6000}).encode()
    with limited(provider, body="8KiB", bodies="16KiB") as gateway:
        with Connection(gateway.port, SOON) as one, Connection(gateway.port, SOON) as two:
            for connection in (one, two):
                connection.socket.sendall(post(len(body), body[:-1]))
            assert eventually(lambda: scrape(gateway).value("freshet_request_body_bytes") >= 2 * len(body) - 2)
            response = answers(gateway, post(len(body), body))
            assert response.status == 503 and int(response.headers["retry-after"]) > 0
            for connection in (one, two):
                connection.socket.sendall(body[-1:])
                assert Response(connection).status == 200
        assert refused(gateway, "bodies") == 1
        with Connection(gateway.port, SOON) as connection:
            connection.socket.sendall(post(len(body), body))
            assert Response(connection).status == 200


def test_bodies_that_a_provider_does_not_take() -> None:
    """They count for as long as they are held, in whatever form."""
    body = json.dumps({**ASK, "model": "upstream/m", "padding": "x" * 8_000_000}).encode()
    with OddServer(Peer.stay) as server, ExitStack() as stack:
        upstream = {"kind": "openai", "base_url": f"http://127.0.0.1:{server.port}/v1"}
        limits = {"body": "10MiB", "bodies": "20MiB"}
        gateway = stack.enter_context(
            Served({"listen": "127.0.0.1:0", "loops": 1, "providers": {"upstream": upstream}, "limits": limits})
        )
        for _ in range(2):
            stack.enter_context(Connection(gateway.port, SOON)).socket.sendall(post(len(body), body))
        assert eventually(lambda: scrape(gateway).value("freshet_generations_running") == 2)
        assert scrape(gateway).value("freshet_request_body_bytes") == 2 * len(body)
        assert answers(gateway, post(len(body), body)).status == 503


@reaches("body_rate")
def test_body_rate(provider: Provider) -> None:
    with limited(provider, body_rate="100KiB") as gateway:
        with Connection(gateway.port, 30) as connection:
            connection.socket.sendall(post(2_000_000, b"{"))
            connection.socket.settimeout(0.2)
            while not connection.received:
                connection.socket.sendall(b" " * 1000)  # some 5 KiB a second
                try:
                    assert connection.more()
                except TimeoutError:
                    pass
            assert Response(connection).status == 408
        assert serves(gateway) and refused(gateway, "body_rate") == 1


def test_a_connection_without_a_word(provider: Provider) -> None:
    with limited(provider, head_time="300ms") as gateway, Connection(gateway.port, SOON) as connection:
        assert not connection.more() and not connection.received
        assert serves(gateway)


@reaches("idle_time")
def test_idle_time(provider: Provider) -> None:
    with limited(provider, idle_time="300ms") as gateway, Connection(gateway.port, SOON) as connection:
        assert connection.request("GET", "/healthz").body() == b"ok\n"
        assert not connection.more()
        assert serves(gateway)


def unanswered(port: int, sent: int) -> int:
    """Bytes of further requests that are taken, beside what the client's own kernel keeps, while one is answered."""
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        client.connect(("127.0.0.1", port))
        body = json.dumps(STREAMED).encode()
        client.sendall(post(len(body), body))
        assert client.recv(10) == b"HTTP/1.1 2"
        return stuffed(client, HEALTH * 1000, sent)


def stuffed(connection: socket.socket, data: bytes, most: int) -> int:
    """Bytes that can be sent until the peer takes nothing for half a second."""
    connection.settimeout(0.5)
    count = 0
    try:
        while count < most:
            count += connection.send(data)
    except TimeoutError:
        pass
    return count


@reaches("pipelined")
def test_pipelined(provider: Provider) -> None:
    gate = Gate()
    provider.answer(chat(["one", "two"], gate=gate))
    gate.release()
    taken = {}
    for size in ("1KiB", "2048KiB"):
        with limited(provider, pipelined=size, receive_buffer="4KiB") as gateway:
            gate.release()
            taken[size] = unanswered(gateway.port, 4 << 20)
            assert serves(gateway)
    assert taken["1KiB"] < 256 << 10 and taken["2048KiB"] > 2 << 20, taken


@reaches("json_depth")
def test_json_depth_of_requests(provider: Provider) -> None:
    with limited(provider, json_depth=8) as gateway:
        for depth, status in ((7, 200), (8, 400)):
            nested = json.loads("[" * depth + "]" * depth)
            with Connection(gateway.port, SOON) as connection:
                response = connection.request("POST", "/v1/chat/completions", body={**ASK, "x": nested})
                assert response.status == status, response.body()
                if status == 400:
                    assert "deeper than 8" in response.json()["error"]["message"]
        with Connection(gateway.port, SOON) as connection:
            nested = {"role": "user", "content": [{"x": json.loads("[" * 8 + "]" * 8)}]}
            response = connection.request("POST", "/v1/generations", body={"messages": [nested]})
            assert response.status == 400 and "deeper than 8" in response.json()["error"]["message"]


# Providers.


def stuffed_provider(**limits: str) -> int:
    """Bytes that a provider can send while the reader reads nothing, with small buffers at both ends."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        upstream = {"kind": "openai", "base_url": f"http://127.0.0.1:{listener.getsockname()[1]}/v1"}
        small = {"send_buffer": "4KiB", "receive_buffer": "4KiB", "unread": "1KiB", **limits}
        configuration = {"listen": "127.0.0.1:0", "loops": 1, "providers": {"upstream": upstream}, "limits": small}
        with Served(configuration) as gateway, socket.socket() as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.connect(("127.0.0.1", gateway.port))
            body = json.dumps({**STREAMED, "model": "upstream/m"}).encode()
            client.sendall(post(len(body), body))
            provider, _ = listener.accept()
            with provider:
                provider.recv(65536)
                provider.sendall(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n")
                count = stuffed(provider, delta(content="x" * 1000), 8 << 20)
            assert serves(gateway)
            return count


@reaches("unread", "send_buffer", "receive_buffer")
def test_a_reader_that_reads_nothing_holds_up_its_provider() -> None:
    least = stuffed_provider()
    assert least < 256 << 10
    assert stuffed_provider(unread="2MiB") - least > 1536 << 10
    assert stuffed_provider(send_buffer="200KiB") - least > 100 << 10
    assert stuffed_provider(receive_buffer="200KiB") - least > 100 << 10


@pytest.mark.parametrize("unread", ["1KiB", "40KiB", "100KiB"])
@pytest.mark.parametrize("kind", ["chat", "native"])
def test_a_reader_that_was_held_up_misses_nothing(provider: Provider, kind: str, unread: str) -> None:
    """However low the limit is: whoever stopped there goes on."""
    words = [f"{number} " + "x" * 2000 for number in range(600)]
    provider.answer(chat(words))
    with limited(provider, unread=unread, send_buffer="32KiB") as gateway:
        with Connection(gateway.port, SOON) as connection:
            send(connection, kind)
            time.sleep(0.3)
            body = b"".join(Response(connection).pieces())
    assert all(f'"{number} x'.encode() in body for number in range(600))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("limits", "sent"),
    [
        ({"line": "4KiB"}, delta(content="x" * 5000)),
        ({"line": "4KiB"}, b"data: " + b"x" * 5000),
        ({"line": "4KiB"}, b": " + b"x" * 5000),
        ({"event": "4KiB"}, b"data: x\n" * 3000),
    ],
    ids=["line", "line-unended", "comment-unended", "event"],
)
def test_lines_and_events(provider: Provider, kind: str, limits: dict[str, str], sent: bytes) -> None:
    provider.answer(Answer([delta(role="assistant", content="Hello"), sent, STALL]))
    with limited(provider, **limits) as gateway:
        message = ask(gateway.port, kind)
        assert message.text == "Hello" and message.error and message.error["code"] == "provider_malformed"
        assert provider.wait_count(1).wait() == "aborted" and serves(gateway)


REACHED.update(dict.fromkeys(["line", "event"], test_lines_and_events))


@reaches("head", "fields")
@pytest.mark.parametrize(
    ("limits", "fields"),
    [({"head": "1KiB"}, {"x": "y" * 2000}), ({"fields": 20}, {f"x-{number}": "y" for number in range(20)})],
    ids=["head", "fields"],
)
def test_a_provider_s_head(provider: Provider, limits: dict[str, Any], fields: dict[str, str]) -> None:
    provider.answer(Answer([DONE], headers={"content-type": "text/event-stream", **fields}))
    with limited(provider, **limits) as gateway:
        for kind in ("native", "simple"):
            message = ask(gateway.port, kind)
            assert message.error and message.error["code"] == "provider_malformed"
        with Connection(gateway.port, SOON) as connection:
            send(connection, "chat")
            assert Response(connection).status == 502
        assert serves(gateway)


@reaches("answer")
@pytest.mark.parametrize("kind", KINDS)
def test_an_answer_without_end(provider: Provider, kind: str) -> None:
    words = ["x" * 1000] * 200
    provider.answer(Answer([delta(content=word) for word in words] + [STALL]))
    with limited(provider, answer="64KiB") as gateway:
        if kind == "simple":
            message = ask(gateway.port, kind)
            assert message.error and message.error["code"] == "log_full"
            assert 50_000 < len(message.text) < 66_000
            assert provider.wait_count(1).wait() == "aborted"
        else:
            # Whoever reads alone keeps nothing in the log that was read, so nothing fills up.
            with Connection(gateway.port, SOON) as connection:
                send(connection, kind)
                read = 0
                for event in Response(connection).events():
                    read += len(event.data or "")
                    if read > 200 * 1000:
                        break
        assert serves(gateway)


@reaches("answer")
def test_a_document_without_end(provider: Provider) -> None:
    document = b'{"choices":[{"message":{"content":"' + b"x" * 100_000
    provider.answer(Answer([document, STALL], headers={"content-type": "application/json"}))
    with limited(provider, answer="64KiB") as gateway:
        message = ask(gateway.port, "native")
        assert message.error and message.error["code"] == "log_full" and serves(gateway)


@pytest.mark.parametrize(
    ("limits", "sent"),
    [
        ({"held_events": 3}, b"".join(frame({"choices": [], "x": number}) for number in range(9))),
        ({"held": "1KiB"}, frame({"choices": [], "x": "y" * 2000})),
    ],
    ids=["held_events", "held"],
)
def test_what_is_held_before_the_first_content(provider: Provider, limits: dict[str, Any], sent: bytes) -> None:
    """Shown past the limit, when the provider's failure can no longer be an HTTP status."""
    for settled, status in ((limits, 200), ({}, 502)):
        gate = Gate()
        provider.answer(Answer([delta(role="assistant"), sent, gate, frame({"error": {"message": "odd"}})]))
        with limited(provider, **settled) as gateway, Connection(gateway.port, SOON) as connection:
            send(connection, "chat")
            if status == 200:
                assert Response(connection).status == 200
            gate.open()
            if status != 200:
                assert Response(connection).status == status
            assert serves(gateway)


REACHED.update(dict.fromkeys(["held_events", "held"], test_what_is_held_before_the_first_content))


def test_json_depth_of_frames(provider: Provider) -> None:
    deep = frame('{"choices":[{"index":0,"delta":{"content":"no","x":' + "[" * 9 + "]" * 9 + "}}]}")
    provider.answer(Answer([delta(role="assistant", content="yes"), deep, FINISH, DONE]))
    with limited(provider, json_depth=8) as gateway, Connection(gateway.port, SOON) as connection:
        send(connection, "native")
        reader, notices = NativeReader(), []
        for event in Response(connection).events():
            reader.event(event)
            notices += [event.json()] if event.data and '"notice"' in event.data else []
        assert reader.message.text == "yes" and reader.message.outcome == "finished"
        assert [notice["code"] for notice in notices] == ["frame_skipped"]


# Descriptors.


def test_descriptors(provider: Provider) -> None:
    """Without a free descriptor accepting pauses; it neither spins nor stops what is open."""
    gate = Gate()
    provider.answer(chat(["one", "two"], gate=gate))
    with limited(provider) as gateway, ExitStack() as stack:
        running = stack.enter_context(Connection(gateway.port, SOON))
        send(running, "chat")
        provider.wait_count(1)
        resource.prlimit(gateway.process.pid, resource.RLIMIT_NOFILE, (60, 60))
        others = [stack.enter_context(socket.create_connection(("127.0.0.1", gateway.port))) for _ in range(100)]
        used, began = cpu(gateway), time.monotonic()
        time.sleep(1)
        assert cpu(gateway) - used < 0.3 * (time.monotonic() - began), "it spins"
        gate.open()
        assert b"".join(Response(running).pieces()).endswith(DONE)
        for other in others:
            other.close()
        assert eventually(lambda: serves(gateway))


def cpu(gateway: Gateway) -> float:
    """Seconds of CPU it has used."""
    with open(f"/proc/{gateway.process.pid}/stat") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100
