"""Canary keys in every place where a key may stand: none of them is ever seen where keys must not be.

Looked through: everything the program prints, at every level of its log; its metrics; what `freshet check` says; its
command line; every byte that clients get; and every file of the data directory, while it runs, as `kill -9` leaves it
and in order. Each canary is looked for as it is, and in the forms it could take on the way: in quotes, percent-encoded,
in Base64.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from asking import KINDS, MESSAGES, SOON, delta
from conftest import LOOPS
from gateway import ConfigurationFile, Gateway, Served, configuration, folder, run
from held import eventually
from observed import lines, scrape
from provider import FIN, RESET, STALL, Answer, Exchange, Provider, chat, error, frame
from wire import Connection, Response

ROUTE = 'sk-route-"\\/+canary-0123456789'
"""A provider's key in the configuration; with what JSON, URLs and YAML write differently."""
OWNER = "sk-owner-canary-0123456789"
"""A key of the gateway's own."""
PASSED = "sk-passed-canary-0123456789"
"""What a client presents, be it known or not."""
HIDDEN = "sk-hidden-canary-0123456789"
"""A key where it does not belong: in the query, in headers that are not looked at."""
CANARIES = [ROUTE, OWNER, PASSED, HIDDEN]

LEVELS = ["debug", "info", "warn", "off"]


def forms(canary: str) -> list[bytes]:
    written = [canary, json.dumps(canary)[1:-1], canary.replace('"', '\\"'), canary.replace("/", "\\/")]
    written += [quote(canary), quote(canary, safe=""), canary.upper(), canary[3:]]
    encoded = [base64.b64encode(f"{' ' * shift}{canary}".encode())[4:-4] for shift in range(3)]
    return [form.encode() for form in dict.fromkeys(written)] + encoded


FORMS = [form for canary in CANARIES for form in forms(canary)]


def clean(where: str, data: bytes | str) -> None:
    """Fails when a canary is in it."""
    data = data.encode() if isinstance(data, str) else data
    found = [form for form in FORMS if form in data]
    assert not found, f"{found} in {where}: {data[max(0, data.find(found[0]) - 200) :][:400]!r}"


# How a provider answers, and in how many ways it shows the key that it was given.

Script = Callable[[Exchange], Answer]


def given(exchange: Exchange) -> str:
    """The key that the provider was shown."""
    return exchange.headers.get("authorization", "Bearer nothing-was-sent").removeprefix("Bearer ")


def refusal(status: int, plain: bool = False) -> Script:
    def answer(exchange: Exchange) -> Answer:
        key = given(exchange)
        made = error(status, f"Incorrect API key provided: {key}.", {"x-request-id": f"for-{key}"}, code=key)
        if plain:
            made.steps, made.headers = [f"{key} is wrong".encode()], {"content-type": f"text/plain; for={key}"}
        return made

    return answer


def in_stream(*, code: str | None = None, after: bytes = b"", parameter: bool = False) -> Script:
    def answer(exchange: Exchange) -> Answer:
        key = given(exchange)
        told: dict[str, Any] = {"message": f"bad key {key}", "type": f"type-{key}", "code": code or key}
        told |= {"param": key} if parameter else {}
        return Answer([after, frame({"error": told})] if after else [frame({"error": told})])

    return answer


def strange(exchange: Exchange) -> Answer:
    return Answer([b"<html>"], headers={"content-type": f"text/html; key={given(exchange)}"})


def broken(exchange: Exchange) -> Answer:
    return Answer([f"data: {{{given(exchange)}\n\n".encode(), FIN])


def garbage(exchange: Exchange) -> Answer:
    return Answer(before_head=[f"HTTP/1.1 what {given(exchange)}\r\n\r\n".encode(), FIN])


ANSWERS: dict[str, Script] = {
    "whole": chat(["Hel", "lo"]),
    "cut": chat(["Hel"], ends=[FIN]),
    "reset": chat(["Hel"], ends=[RESET]),
    "refused 400": refusal(400),
    "refused 401": refusal(401),
    "refused 403": refusal(403),
    "refused 429": refusal(429),
    "refused 500": refusal(500),
    "refused in plain text": refusal(503, plain=True),
    "error first": in_stream(),
    "error with a parameter": in_stream(parameter=True),
    "error after content": in_stream(after=delta(content="Hel")),
    "no stream": strange,
    "broken frames": broken,
    "no HTTP": garbage,
}


# How clients ask, with keys wherever they could put one.


def asking(kind: str, stream: bool = True) -> tuple[str, str, Any]:
    if kind == "simple":
        return "GET", f"/api/chat?prompt=x&model=m&key={HIDDEN}&api_key={quote(HIDDEN)}", None
    body = {"model": "m", "messages": MESSAGES, "stream": stream}
    path = "/v1/chat/completions" if kind == "chat" else "/v1/generations"
    return "POST", f"{path}?key={HIDDEN}", body if kind == "chat" else {"model": "m", "messages": MESSAGES}


def every_ask() -> Iterator[tuple[str, str, Any]]:
    for kind in KINDS:
        yield asking(kind)
    yield asking("chat", stream=False)


def refused_asks() -> Iterator[tuple[str, str, Any]]:
    """Requests that fail by themselves."""
    yield "GET", f"/nothing?key={HIDDEN}", None
    yield "PUT", f"/v1/models?key={HIDDEN}", None
    yield "POST", f"/v1/chat/completions?key={HIDDEN}", b"{" + HIDDEN.encode()
    yield "POST", f"/v1/chat/completions?key={HIDDEN}", {"model": "m", "messages": HIDDEN}
    yield "GET", f"/api/chat?model=m&key={HIDDEN}", None
    yield "GET", f"/api/chat?prompt=x&events={HIDDEN}", None
    yield "GET", f"/{'x' * 20000}?key={HIDDEN}", None
    yield "GET", f"/api/chat?prompt=%zz{HIDDEN}", None


def headers(key: str, place: str) -> dict[str, str]:
    hidden = {"cookie": f"key={HIDDEN}", "x-custom": HIDDEN, "openai-organization": "org", "referer": HIDDEN}
    return hidden | {"authorization": f"Bearer {key}"} if place == "authorization" else hidden | {place: key}


def ask(port: int, ask: tuple[str, str, Any], fields: dict[str, str]) -> bytes:
    """All that the client gets, head and body."""
    method, target, body = ask
    with Connection(port, SOON) as connection:
        connection.send(method, target, fields, body)
        response = Response(connection)
        body = response.body()
    return repr(response.fields).encode() + body


def leave(port: int, ask: tuple[str, str, Any], fields: dict[str, str], provider: Provider) -> None:
    """Goes in the middle."""
    before = provider.count
    with Connection(port, SOON) as connection:
        connection.send(*ask[:2], fields, ask[2])
        provider.wait_count(before + 1)


def look_through(gateway: Gateway, **fields: str) -> None:
    """What a running gateway shows of itself."""
    clean("metrics", scrape(gateway, **fields).text)
    with open(f"/proc/{gateway.process.pid}/cmdline", "rb") as line:
        clean("the command line", line.read())


def look_through_output(gateway: Gateway) -> None:
    """All that one that has ended has printed."""
    clean("standard output", gateway.output)
    clean("standard error", gateway.errors)


def look_through_files(data: str) -> int:
    """All that is on disk; returns how many bytes."""
    size = 0
    for place, _, names in os.walk(data):
        for name in names:
            clean("the name of a file", name)
            content = Path(place, name).read_bytes()
            clean(f"{place}/{name}", content)
            size += len(content)
    return size


@pytest.mark.parametrize("credentials", ["own", "pass"])
def test_nothing_of_it_is_kept(provider: Provider, credentials: str) -> None:
    """Everything is logged: what a provider echoes, what stands in queries, headers and idempotency keys' neighbours."""
    upstream: dict[str, Any] = {"kind": "openai", "base_url": provider.url, "credentials": credentials}
    more: dict[str, Any] = {"providers": {"upstream": upstream}, "data": f"{folder()}/data"}
    if credentials == "own":
        upstream["api_key"] = ROUTE
        more["keys"] = {"alice": {"key": OWNER}}
    known = OWNER if credentials == "own" else PASSED
    settings = configuration(provider.url, LOOPS[-1], **more)
    kept: list[str] = []

    def log_everything(gateway: Gateway, run: str) -> None:
        for name, script in ANSWERS.items():
            provider.answer(script)
            for number, one in enumerate(every_ask()):
                fields = headers(known, "authorization") | {"x-freshet-log": "on"}
                if one[0] == "POST":
                    fields["idempotency-key"] = f"{run} {name} {number}"
                method, target, body = one
                seen = ask(gateway.port, (method, target + "&log=on" * (method == "GET"), body), fields)
                clean("an answer", seen)
                kept.append(name)

    with Served(settings) as gateway:
        log_everything(gateway, "first")
        assert look_through_files(more["data"]) > 200 * len(kept)  # there is something to look through
        gateway.kill()
    assert look_through_files(more["data"]) > 200 * len(kept)
    with Served(settings) as gateway:
        log_everything(gateway, "second")
        look_through_files(more["data"])
    assert look_through_files(more["data"]) > 200 * len(kept)


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("credentials", ["own", "pass"])
def test_no_canary_is_seen(provider: Provider, credentials: str, level: str) -> None:
    upstream: dict[str, Any] = {"kind": "openai", "base_url": provider.url, "credentials": credentials}
    more: dict[str, Any] = {"log": {"level": level}, "providers": {"upstream": upstream}}
    environment = {}
    if credentials == "own":
        upstream["api_key"] = "${CANARY_ROUTE}"
        more["keys"] = {"alice": {"key": "${CANARY_OWNER}"}}
        environment = {"CANARY_ROUTE": ROUTE, "CANARY_OWNER": OWNER}
    known = OWNER if credentials == "own" else PASSED
    with Served(configuration(provider.url, LOOPS[-1], **more), **environment) as gateway:
        asked = 0
        for script in ANSWERS.values():
            provider.answer(script)
            for one in every_ask():
                clean("an answer", ask(gateway.port, one, headers(known, "authorization")))
                asked += 1
        assert provider.count == asked
        provider.answer(chat(["Hel"], ends=[STALL]))
        for one in every_ask():
            leave(gateway.port, one, headers(known, "authorization"), provider)
        for one in (*refused_asks(), *every_ask()):
            for place in ("authorization", "x-api-key", "x-goog-api-key"):
                if credentials == "own":  # a key that is not known, and one that is, for what fails by itself
                    clean("a refusal", ask(gateway.port, one, headers(PASSED, place)))
                if one in list(refused_asks()):
                    clean("a refusal", ask(gateway.port, one, headers(known, place)))
        if level in ("debug", "info"):
            assert eventually(lambda: len(lines(gateway)) >= asked)
        if credentials == "own":
            assert {given(exchange) for exchange in provider.exchanges} == {ROUTE}
            owners = {line.get("owner") for line in lines(gateway) if "generation" in line} if level != "off" else set()
            assert owners <= {"alice"}
        look_through(gateway, authorization=f"Bearer {known}")
    look_through_output(gateway)


def look_through_a_failed_start(settings: dict[str, Any], **environment: str) -> str:
    with ConfigurationFile(settings) as path:
        for command in (["serve", "--config", path], ["check", path]):
            done = run(*command, **environment)
            clean(f"the output of {command[0]}", done.stdout + done.stderr)
    return done.stderr


def test_check_and_what_is_wrong(provider: Provider) -> None:
    """Neither values in force nor mistakes quote a key, wherever it was put by mistake."""
    good = configuration(
        provider.url,
        providers={"upstream": {"kind": "openai", "base_url": provider.url, "api_key": "${CANARY}"}},
        keys={"alice": {"key": OWNER}},
    )
    with ConfigurationFile(good) as path:
        done = run("check", path, CANARY=ROUTE)
        assert done.returncode == 0 and "***" in done.stdout
        clean("check", done.stdout + done.stderr)
    upstream = good["providers"]["upstream"]
    mistakes: list[dict[str, Any]] = [
        {**good, "providers": {"upstream": {**upstream, "api_key": f"{HIDDEN} "}}},
        {**good, "providers": {"upstream": {**upstream, "base_url": f"http://user:{HIDDEN}@h/v1"}}},
        {**good, "providers": {"upstream": {**upstream, "base_url": f"http://h/v1?key={HIDDEN}"}}},
        {**good, "providers": {"upstream": {**upstream, "credentials": HIDDEN}}},
        {**good, "providers": {"upstream": {**upstream, "kind": "${CANARY}"}}},
        {**good, "keys": {"alice": {"key": OWNER}, "bob": {"key": OWNER}}},
        {**good, "keys": {"alice": {"sha256": HIDDEN}}},
        {**good, "keys": {"alice": OWNER}},
        {**good, "listen": "${CANARY}"},
        {**good, "log": {"level": HIDDEN}},
        {**good, "limits": {"body": HIDDEN}},
    ]
    for number, settings in enumerate(mistakes):
        assert look_through_a_failed_start(settings, CANARY=ROUTE), f"mistake {number} was taken"


def test_upstream_on_the_command_line(provider: Provider) -> None:
    """A password in a URL is refused: everybody on the machine could read it."""
    done = run("serve", "--upstream", f"http://user:{HIDDEN}@127.0.0.1:1/v1")
    assert done.returncode == 2
    clean("the refusal", done.stdout + done.stderr)
    with Gateway("--upstream", provider.url, "--listen", "127.0.0.1:0", OPENAI_API_KEY=ROUTE) as gateway:
        provider.answer(refusal(401))
        for one in every_ask():
            clean("an answer", ask(gateway.port, one, headers(PASSED, "authorization")))
        look_through(gateway)
    look_through_output(gateway)


def test_environment_key(provider: Provider) -> None:
    with Gateway("--listen", "127.0.0.1:0", OPENAI_API_KEY=ROUTE) as gateway:
        clean("models", ask(gateway.port, ("GET", "/v1/models", None), {}))
        clean("an answer", ask(gateway.port, ("GET", "/api/chat?prompt=x&model=sim/talk", None), {}))
        look_through(gateway)
    look_through_output(gateway)


def test_a_list_of_models_that_is_refused(provider: Provider) -> None:
    """What `GET /v1/models` relays in front of one server is masked too."""
    provider._other = refusal(401)  # type: ignore[method-assign]
    with Gateway("--upstream", provider.url, "--listen", "127.0.0.1:0") as gateway:
        one = ("GET", f"/v1/models?key={HIDDEN}", None)
        clean("the list", ask(gateway.port, one, headers(PASSED, "authorization")))
        look_through(gateway)
    look_through_output(gateway)
