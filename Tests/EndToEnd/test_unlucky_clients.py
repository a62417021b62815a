"""Clients that are slow, impatient or gone: what a table of bytes cannot say, because it is about time and order."""

from __future__ import annotations

import socket

import pytest

from asking import ASK, SOON, STREAMED, ChatReader, follow, settings
from gateway import Served
from provider import Gate, Provider, chat
from wire import Connection, Response
from wire_probes import HEALTH, HOST

TOKENS = [f"word{number}." for number in range(5)]


def with_keys(provider: Provider) -> Served:
    """A gateway that wants a key of its callers."""
    upstream = {"kind": "openai", "base_url": provider.url, "api_key": "the-provider-s"}
    return Served(settings(provider, providers={"upstream": upstream}, keys={"me": {"key": "the-key"}}))


def held_chat(provider: Provider) -> Gate:
    gate = Gate()
    provider.answer(chat(TOKENS, gate=gate))
    return gate


def text_of(response: Response) -> str:
    return follow(response, ChatReader()).text


# In order.


def test_requests_behind_a_stream_wait_for_its_end(gateway: Served, provider: Provider) -> None:
    gate = held_chat(provider)
    with Connection(gateway.port) as connection:
        connection.send("POST", "/v1/chat/completions", body=STREAMED)
        connection.socket.sendall(HEALTH.replace(b"GET", b"HEAD") + HEALTH)
        connection.send("POST", "/v1/chat/completions", {"accept": "application/x-ndjson"}, STREAMED)
        connection.socket.sendall(HEALTH)
        provider.wait_count(1)
        gate.open()
        assert text_of(Response(connection)) == "".join(TOKENS)
        head = Response(connection, has_body=False)
        assert (head.status, head.headers["content-length"]) == (200, "3")
        assert Response(connection).body() == b"ok\n"
        lines = list(Response(connection).lines())
        assert "".join(choice["delta"].get("content") or "" for line in lines for choice in line["choices"]) == "".join(
            TOKENS
        )
        assert Response(connection).body() == b"ok\n"
        assert not connection.received and provider.count == 2


def test_a_faulty_request_behind_a_stream_is_refused_after_it(gateway: Served, provider: Provider) -> None:
    gate = held_chat(provider)
    with Connection(gateway.port) as connection:
        connection.send("POST", "/v1/chat/completions", body=STREAMED)
        connection.socket.sendall(b"GET / HTTP/1.1\n" + HEALTH)
        provider.wait_count(1)
        gate.open()
        assert text_of(Response(connection)) == "".join(TOKENS)
        response = Response(connection)
        assert response.status == 400 and response.json()["error"]["code"] == "invalid_request"
        assert not connection.received and not connection.more()


# Slowly.


@pytest.mark.parametrize("coding", ["length", "chunks"])
def test_a_body_that_comes_byte_by_byte(gateway: Served, provider: Provider, coding: str) -> None:
    provider.answer(chat(TOKENS))
    body = b'{"model":"m","stream":true,"messages":[{"role":"user","content":"Hello?"}]}'
    fields = b"Content-Length: %d" % len(body) if coding == "length" else b"Transfer-Encoding: chunked"
    if coding == "chunks":
        body = b"".join(b"1\r\n%b\r\n" % body[at : at + 1] for at in range(len(body))) + b"0\r\n\r\n"
    with Connection(gateway.port) as connection, Connection(gateway.port) as other:
        for byte in b"POST /v1/chat/completions HTTP/1.1\r\n" + HOST + fields + b"\r\n\r\n" + body:
            connection.socket.sendall(bytes([byte]))
            if byte == ord("\n"):
                assert other.request("GET", "/healthz").body() == b"ok\n"  # nobody waits for the slow one
        assert text_of(Response(connection)) == "".join(TOKENS)


# Waiting with the body.


def expecting(connection: Connection, target: str, length: int, **fields: str) -> None:
    wanted = {"expect": "100-continue", "content-type": "application/json", "content-length": str(length)}
    connection.send("POST", target, {**wanted, **fields})


def test_the_body_is_asked_for(gateway: Served, provider: Provider) -> None:
    provider.answer(chat(TOKENS))
    body = b'{"model":"m","messages":[{"role":"user","content":"Hello?"}]}'
    with Connection(gateway.port) as connection:
        for _ in range(2):
            expecting(connection, "/v1/chat/completions", len(body))
            interim = Response(connection, has_body=False)
            assert (interim.status, interim.fields) == (100, [])
            assert not connection.received
            connection.socket.sendall(body)
            assert Response(connection).json()["choices"][0]["message"]["content"] == "".join(TOKENS)


@pytest.mark.parametrize(
    ("target", "length", "fields", "status"),
    [
        ("/v1/chat/completions", 99_000_000, {"authorization": "Bearer the-key"}, 413),
        ("/v1/chat/completions", 100, {}, 401),
        ("/v1/chat/completions", 100, {"authorization": "Bearer another"}, 401),
        ("/v1/generations", 100, {"x-api-key": "another"}, 401),
        ("/v1/nothing", 100, {}, 404),
        ("/healthz", 100, {}, 405),
        ("/v1/generations", 100, {"authorization": "Bearer the-key", "expect": "something"}, 417),
    ],
)
def test_a_body_that_is_refused_is_not_asked_for(
    provider: Provider, target: str, length: int, fields: dict[str, str], status: int
) -> None:
    with with_keys(provider) as gateway, Connection(gateway.port) as connection:
        expecting(connection, target, length, **fields)
        response = Response(connection)
        assert (response.status, response.headers["connection"]) == (status, "close")
        assert "error" in response.json() and not connection.more()


@pytest.mark.parametrize("fields", [{"transfer-encoding": "chunked"}, {"content-length": "1000000"}])
def test_a_stranger_s_large_body_is_not_read(provider: Provider, fields: dict[str, str]) -> None:
    with with_keys(provider) as gateway, Connection(gateway.port) as connection:
        connection.send("POST", "/v1/chat/completions", fields)
        assert Response(connection).status == 401 and not connection.more()


def test_a_stranger_s_small_body_costs_no_connection(provider: Provider) -> None:
    with with_keys(provider) as gateway, Connection(gateway.port) as connection:
        for _ in range(3):
            response = connection.request("POST", "/v1/chat/completions", body=ASK)
            assert response.status == 401 and response.json()["error"]["code"] == "unauthorized"


def test_a_refusal_is_read_by_whoever_goes_on_sending(gateway: Served) -> None:
    with Connection(gateway.port) as connection:
        connection.socket.sendall(b"POST /v1/generations HTTP/1.1\r\n" + HOST + b"Content-Length: 99000000\r\n\r\n")
        for _ in range(64):
            connection.socket.sendall(bytes(16384))
        response = Response(connection)
        assert response.status == 413 and response.json()["error"]["code"] == "too_large"


# Old clients.


@pytest.mark.parametrize("wish", ["", "Connection: keep-alive\r\n"])
def test_a_stream_for_an_old_client_ends_with_the_connection(gateway: Served, provider: Provider, wish: str) -> None:
    provider.answer(chat(TOKENS))
    with Connection(gateway.port) as connection:
        request = f"GET /api/chat?prompt=x HTTP/1.0\r\nHost: localhost\r\n{wish}\r\n"
        connection.socket.sendall(request.encode())
        response = Response(connection)
        names = [name for name, _ in response.fields]
        assert "transfer-encoding" not in names and "content-length" not in names
        assert response.headers["connection"] == "close" and response.headers["x-accel-buffering"] == "no"
        events = [event for event in response.events() if event.data]
        assert events[-1].json()["type"] == "done"


# Half-closed: a client that has closed its sending side counts as gone.


@pytest.mark.parametrize("kind", ["before the first token", "amid the tokens"])
def test_a_half_closed_reader_has_left(gateway: Served, provider: Provider, kind: str) -> None:
    gate = held_chat(provider)
    with Connection(gateway.port, SOON) as connection:
        connection.send("POST", "/v1/chat/completions", body=STREAMED)
        exchange = provider.wait_count(1)
        if kind == "amid the tokens":
            gate.release(2)
            response = Response(connection)
            assert next(event for event in response.events() if event.data)
        connection.socket.shutdown(socket.SHUT_WR)
        assert exchange.wait(SOON) == "aborted"
        gate.open()
        while connection.more():
            pass
        assert b"[DONE]" not in connection.received


@pytest.mark.parametrize("sent", [b"", HEALTH[:20], HEALTH[:-2], b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n1"])
def test_a_half_closed_connection_without_a_request_is_closed(gateway: Served, sent: bytes) -> None:
    with Connection(gateway.port, SOON) as connection:
        connection.socket.sendall(sent)
        connection.socket.shutdown(socket.SHUT_WR)
        while connection.more():
            pass
        assert connection.received == b""
