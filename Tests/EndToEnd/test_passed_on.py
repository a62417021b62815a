"""`/v1/completions` and `/v1/embeddings`: there and back byte for byte; and what `/v1/routes` shows."""

from __future__ import annotations

import json
from typing import Any

import pytest
from openai import OpenAI

from asking import settings
from conftest import LOOPS
from gateway import Served
from held import eventually
from provider import FIN, RESET, STALL, Answer, Gate, Provider
from wire import Connection, Response

VECTORS = {"object": "list", "model": "small", "data": [{"object": "embedding", "index": 0, "embedding": [0.25, -1e-7]}]}
ODD = '{ "model" : "m","input":["a\\u00e9",  1.50e+2],\n"freshet":{"x":1}, "user":"\\ud83d\\ude00"}'
PATHS = ["/v1/completions", "/v1/embeddings"]


def whole(body: bytes, status: int = 200, **fields: str) -> Answer:
    return Answer([body], status, {"content-type": "application/json", **fields}, coding="length")


def ask(gateway: Served, path: str, body: Any, **fields: str) -> tuple[Response, bytes]:
    with Connection(gateway.port) as connection:
        response = connection.request("POST", path, fields, body)
        return response, response.body()


@pytest.fixture(params=LOOPS, ids=lambda loops: f"loops{loops}")
def gateway(request: pytest.FixtureRequest, provider: Provider) -> Any:
    with Served(settings(provider, request.param)) as served:
        yield served


@pytest.mark.parametrize("path", PATHS)
def test_bytes_are_those_of_the_other_side(gateway: Served, provider: Provider, path: str) -> None:
    answer = json.dumps(VECTORS).replace(" ", "  ").encode()
    provider.answer(whole(answer, **{"x-request-id": "req_1", "set-cookie": "x"}))
    with Connection(gateway.port) as connection:
        head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(ODD)}\r\nUser-Agent: me\r\n\r\n"
        connection.socket.sendall(head.encode() + ODD.encode())
        response = Response(connection)
        assert response.status == 200 and response.body() == answer
    assert response.headers["x-request-id"] == "req_1" and "set-cookie" not in response.headers
    request = provider.exchanges[-1]
    assert request.target == path and request.headers["user-agent"] == "me"
    assert request.body == ODD.replace(',\n"freshet":{"x":1}', "").encode()


def test_the_sdk_reads_vectors(gateway: Served, provider: Provider) -> None:
    provider.answer(whole(json.dumps(VECTORS).encode()))
    client = OpenAI(base_url=f"http://127.0.0.1:{gateway.port}/v1", api_key="x")
    found = client.embeddings.create(model="m", input="hello", encoding_format="float")
    assert found.data[0].embedding == [0.25, -1e-7]


def test_a_stream_comes_as_it_forms(gateway: Served, provider: Provider) -> None:
    gate = Gate()
    first, last = b'data: {"choices":[{"text":"Hel"}]}\n\n', b'data: {"choices":[{"text":"lo"}]}\n\ndata: [DONE]\n\n'
    provider.answer(Answer([first, gate, last], headers={"content-type": "text/event-stream"}))
    with Connection(gateway.port) as connection:
        response = connection.request("POST", "/v1/completions", {}, {"model": "m", "prompt": "x", "stream": True})
        assert next(response.pieces()) == first
        gate.open()
        assert response.body() == last and response.ended == "clean"


@pytest.mark.parametrize("end", [FIN, RESET])
def test_a_part_is_never_taken_for_the_whole(gateway: Served, provider: Provider, end: Any) -> None:
    provider.answer(Answer([b'{"data":', end], headers={"content-type": "application/json"}))
    response, body = ask(gateway, "/v1/embeddings", {"model": "m"})
    assert response.status == 200 and b'{"data":'.startswith(body) and response.ended == "cut"


def test_who_leaves_frees_the_provider(gateway: Served, provider: Provider) -> None:
    provider.answer(Answer([b"x", STALL], headers={"content-type": "text/event-stream"}))
    with Connection(gateway.port) as connection:
        response = connection.request("POST", "/v1/completions", {}, {"model": "m"})
        assert next(response.pieces()) == b"x"
        exchange = provider.wait_count(1)
    assert exchange.wait(5) == "aborted"


def test_errors(gateway: Served, provider: Provider) -> None:
    said = b'{"error":{"message":"slow down","type":"rate"}}'
    provider.answer(whole(said, 429, **{"retry-after": "7"}))
    response, body = ask(gateway, "/v1/embeddings", {"model": "m"})
    assert (response.status, body, response.headers["retry-after"]) == (429, said, "7")
    provider.answer(whole(b"", 302, location="http://127.0.0.1:1/"))
    assert ask(gateway, "/v1/embeddings", {"model": "m"})[0].status == 502
    count = provider.count
    for body, param in (({"model": 3}, "model"), ([1], None), ("{", None)):
        response, answer = ask(gateway, "/v1/embeddings", body)
        assert response.status in (400, 404) and json.loads(answer)["error"]["param"] == param, body
    assert provider.count == count


def test_a_configured_key_is_never_shown(provider: Provider) -> None:
    secret = "sk-canary-passed-on"
    upstream = {"kind": "openai", "base_url": provider.url, "api_key": "${PROVIDER_KEY}"}
    said = json.dumps({"error": {"message": f"bad key {secret}"}}).encode()
    with Served(settings(provider, providers={"upstream": upstream}), PROVIDER_KEY=secret) as gateway:
        for status, expected in ((400, 400), (401, 502), (403, 502)):
            provider.answer(whole(said, status, **{"x-request-id": secret}))
            response, body = ask(gateway, "/v1/completions", {"model": "m"}, authorization="Bearer sk-of-the-client")
            assert response.status == expected and secret.encode() not in body
            assert secret not in str(response.fields)
            assert provider.exchanges[-1].headers["authorization"] == f"Bearer {secret}"
    assert secret not in gateway.said()


def test_time_is_up(provider: Provider) -> None:
    deadlines = {"head": "200ms", "content_reasoning": "200ms", "silence": "200ms"}
    with Served(settings(provider, deadlines=deadlines)) as gateway:
        provider.answer(Answer(before_head=[STALL]))
        assert ask(gateway, "/v1/embeddings", {"model": "m"})[0].status == 504
        provider.answer(Answer([b"x", STALL], headers={"content-type": "text/event-stream"}))
        response, body = ask(gateway, "/v1/completions", {"model": "m"})
        assert (response.status, body, response.ended) == (200, b"x", "cut")


def test_a_slow_reader_holds_up_its_provider(gateway: Served, provider: Provider) -> None:
    piece = b"x" * (1 << 20)
    provider.answer(Answer([piece] * 64, headers={"content-type": "text/event-stream"}))
    with Connection(gateway.port, 30) as connection:
        response = connection.request("POST", "/v1/completions", {}, {"model": "m"})
        assert response.status == 200
        exchange = provider.wait_count(1)
        assert not eventually(lambda: exchange.end is not None, 1), "it was held up"
        assert len(response.body()) == 64 << 20 and response.ended == "clean"


def test_routes(provider: Provider) -> None:
    models = {"fast": {"routes": ["upstream/small", "sim/talk"]}, "*": {"routes": ["upstream/*"]}}
    with Served(settings(provider, models=models, deadlines={"silence": "7s"})) as gateway:
        with Connection(gateway.port) as connection:
            document = connection.request("GET", "/v1/routes").json()
    found = {entry["model"]: [route["route"] for route in entry["routes"]] for entry in document["data"]}
    assert found["fast"] == ["upstream/small", "sim/talk"] and found["*"] == ["upstream/*"]
    assert document["data"][0]["routes"][0]["deadlines_ms"]["silence"] == 7000
    assert provider.url not in json.dumps(document)
