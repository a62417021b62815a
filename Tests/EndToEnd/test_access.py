"""Who may call, and what a caller is told: hosts, other sites, keys, unknown paths, missing fields, configurations."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from conftest import LOOPS
from gateway import ConfigurationFile, Gateway, Served, configuration, run
from provider import Provider, chat, error
from wire import Connection, Response

MESSAGES = [{"role": "user", "content": "Hello?"}]
BODY = {"model": "m", "messages": MESSAGES}
SPENDING: list[tuple[str, str, Any]] = [
    ("GET", "/api/chat?prompt=x", None),
    ("POST", "/v1/chat/completions", BODY),
    ("POST", "/v1/generations", BODY),
]


def served(provider: Provider, **more: Any) -> Served:
    return Served(configuration(provider.url, LOOPS[0], **more))


def ask(port: int, method: str, target: str, body: Any = None, **headers: str) -> Response:
    """One request; the body has been read into `content`."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    with Connection(port) as connection:
        response = connection.request(method, target, named, body)
        response.content = response.body()  # type: ignore[attr-defined]
    return response


def problem(response: Response) -> dict[str, Any]:
    """The error in OpenAI's form."""
    assert response.headers["content-type"].startswith("application/json")
    value = json.loads(response.content)["error"]  # type: ignore[attr-defined]
    assert isinstance(value["message"], str) and value["message"] and isinstance(value["type"], str)
    return dict(value)


# Without keys.


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.0.0.1:1", "localhost", "LOCALHOST:80", "[::1]:80", "192.168.1.7", "chat.example.com:80"]
)
def test_host_that_may(provider: Provider, host: str) -> None:
    with served(provider, hosts=["chat.example.com"]) as gateway:
        assert ask(gateway.port, "POST", "/v1/chat/completions", BODY, host=host).status == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "chat.example.com.", "a b"]
)
def test_host_that_may_not(provider: Provider, host: str) -> None:
    """A name of a web page's own that leads here could spend."""
    with served(provider) as gateway:
        for method, target, body in SPENDING:
            response = ask(gateway.port, method, target, body, host=host)
            assert 400 <= response.status < 500, target
    assert provider.count == 0


SITES = [
    ({"sec_fetch_site": "cross-site"}, False),
    ({"sec_fetch_site": "same-site"}, False),
    ({"sec_fetch_site": "same-origin"}, True),
    ({"sec_fetch_site": "none"}, True),
    ({"origin": "https://evil.example"}, False),
    ({"origin": "null"}, False),
    ({"origin": "http://127.0.0.1:{port}"}, True),
    ({"origin": "http://127.0.0.1:1"}, False),
    ({"origin": "https://evil.example", "sec_fetch_site": "cross-site"}, False),
]


@pytest.mark.parametrize(("headers", "allowed"), SITES, ids=[str(list(headers.values())) for headers, _ in SITES])
def test_browsers_of_other_sites(provider: Provider, headers: dict[str, str], allowed: bool) -> None:
    with served(provider) as gateway:
        sent = {name: value.format(port=gateway.port) for name, value in headers.items()}
        for method, target, body in SPENDING:
            response = ask(gateway.port, method, target, body, **sent)
            assert response.status == 200 if allowed else response.status == 403, target
            if not allowed:
                assert problem(response)["message"]
    assert provider.count == (len(SPENDING) if allowed else 0)


def test_no_cors(provider: Provider) -> None:
    with served(provider) as gateway:
        origin = f"http://127.0.0.1:{gateway.port}"
        asked = {"access_control_request_method": "POST", "access_control_request_headers": "authorization"}
        responses = [
            ask(gateway.port, "OPTIONS", "/v1/chat/completions", origin="https://evil.example", **asked),
            ask(gateway.port, "OPTIONS", "/v1/chat/completions", origin=origin, **asked),
            ask(gateway.port, "POST", "/v1/chat/completions", BODY, origin=origin),
            ask(gateway.port, "GET", "/api/chat?prompt=x", origin=origin),
            ask(gateway.port, "GET", "/v1/models", origin=origin),
            ask(gateway.port, "GET", "/"),
        ]
    for response in responses:
        assert not [name for name in response.headers if name.startswith("access-control-")]


def test_others_machines_need_keys(provider: Provider) -> None:
    settings = {**configuration(provider.url), "listen": "0.0.0.0:0"}
    with ConfigurationFile(settings) as path:
        done = run("serve", "--config", path)
        assert done.returncode != 0 and "--open" in done.stderr
        with Gateway("--config", path, "--open") as gateway:
            assert ask(gateway.port, "POST", "/v1/chat/completions", BODY).status == 200
    done = run("serve", "--listen", "0.0.0.0:0", "--upstream", provider.url)
    assert done.returncode != 0 and "--open" in done.stderr


# With keys.

ALICE, BOB, ROUTE = "sk-alice-0123456789", "sk-bob-0123456789", "sk-route-0123456789"


def with_keys(provider: Provider) -> Served:
    upstream = {"kind": "openai", "base_url": provider.url, "api_key": "${ROUTE_KEY}"}
    keys = {"alice": {"key": "${ALICE_KEY}"}, "bob": {"sha256": hashlib.sha256(BOB.encode()).hexdigest()}}
    settings = configuration(provider.url, LOOPS[0], keys=keys, providers={"upstream": upstream})
    return Served(settings, ALICE_KEY=ALICE, ROUTE_KEY=ROUTE)


def test_keys(provider: Provider) -> None:
    with with_keys(provider) as gateway:
        forms = ({"authorization": f"Bearer {ALICE}"}, {"x_api_key": BOB}, {"x_goog_api_key": ALICE})
        for method, target, body in SPENDING:
            for headers in forms:
                assert ask(gateway.port, method, target, body, **headers).status == 200, (target, headers)
        count = provider.count
        wrong: tuple[dict[str, str], ...] = (
            {},
            {"authorization": "Bearer nobody"},
            {"authorization": ALICE},
            {"authorization": f"Basic {ALICE}"},
            {"x_api_key": ALICE[:-1]},
            {"x_api_key": "alice"},
            {"x_api_key": hashlib.sha256(BOB.encode()).hexdigest()},
        )
        for method, target, body in SPENDING:
            for headers in wrong:
                response = ask(gateway.port, method, target, body, **headers)
                assert response.status == 401, (target, headers)
                assert problem(response)["code"] == "unauthorized"
        assert ask(gateway.port, "GET", "/v1/models").status == 401
        assert ask(gateway.port, "GET", "/healthz").status == 200, "who watches needs no key"
    assert provider.count == count
    for exchange in provider.exchanges:
        assert exchange.headers["authorization"] == f"Bearer {ROUTE}"
        assert ALICE not in str(exchange.headers) and BOB not in str(exchange.headers)


def test_generations_of_others(provider: Provider) -> None:
    """An id is no credential."""
    with with_keys(provider) as gateway:
        first = ask(gateway.port, "GET", "/api/chat?prompt=x", x_api_key=ALICE)
        identity = first.headers["x-freshet-generation"]
        target = "/api/chat?prompt=x"
        assert ask(gateway.port, "GET", target, x_api_key=BOB, last_event_id=f"{identity}:0").status == 404
        again = ask(gateway.port, "GET", target, x_api_key=ALICE, last_event_id=f"{identity}:0")
        assert again.status == 200
    assert provider.count == 1


@pytest.mark.parametrize("status", [401, 403])
def test_our_key_is_refused(provider: Provider, status: int) -> None:
    """A configured key that the provider refuses is our fault, not the caller's; and it is never shown."""
    provider.answer(error(status, f"Incorrect API key provided: {ROUTE}"))
    with with_keys(provider) as gateway:
        response = ask(gateway.port, "POST", "/v1/chat/completions", BODY, x_api_key=ALICE)
        assert response.status == 502 and problem(response)["code"] == "provider_auth"
        assert ROUTE.encode() not in response.content  # type: ignore[attr-defined]
        said = gateway
    assert ROUTE not in said.said() and ALICE not in said.said()


def test_our_key_is_masked(provider: Provider) -> None:
    provider.answer(error(400, f"odd request with key {ROUTE}"))
    with with_keys(provider) as gateway:
        response = ask(gateway.port, "POST", "/v1/chat/completions", BODY, x_api_key=ALICE)
        assert response.status == 400 and ROUTE.encode() not in response.content  # type: ignore[attr-defined]


# What a caller is told.


def test_unknown_paths_and_methods(provider: Provider) -> None:
    with served(provider) as gateway:
        for method, target in (
            ("GET", "/v1/nothing"),
            ("POST", "/v2/chat/completions"),
            ("GET", "/v1/chat/completions/"),
        ):
            response = ask(gateway.port, method, target)
            assert response.status == 404 and target.partition("?")[0] in problem(response)["message"]
        for method, target in (
            ("GET", "/v1/chat/completions"),
            ("DELETE", "/v1/models"),
            ("PUT", "/api/chat?prompt=x"),
        ):
            response = ask(gateway.port, method, target)
            assert response.status == 405 and problem(response)["message"] and response.headers["allow"]
    assert provider.count == 0


BAD: dict[str, tuple[Any, str]] = {
    "no-model": ({"messages": MESSAGES}, "model"),
    "odd-model": ({"model": 7, "messages": MESSAGES}, "model"),
    "no-messages": ({"model": "m"}, "messages"),
    "odd-messages": ({"model": "m", "messages": "hello"}, "messages"),
    "odd-stream": ({**BODY, "stream": "yes"}, "stream"),
}


@pytest.mark.parametrize("target", ["/v1/chat/completions", "/v1/generations"])
@pytest.mark.parametrize("case", BAD)
def test_bad_requests(provider: Provider, case: str, target: str) -> None:
    """The field is named, and the provider is not asked."""
    body, named = BAD[case]
    if named == "stream" and target == "/v1/generations":
        pytest.skip("no such member there")
    settings = configuration(provider.url, LOOPS[0])
    del settings["default_model"]
    with Served(settings) as gateway:
        response = ask(gateway.port, "POST", target, body)
        assert response.status == 400
        value = problem(response)
        assert value["code"] == "invalid_request" and (value["param"] == named or named in value["message"])
    assert provider.count == 0


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"nonsense", b'{"model":"m",}', b"{}" * 2, b"[" * 100_000, b'"\xff"']
)
@pytest.mark.parametrize("target", ["/v1/chat/completions", "/v1/generations"])
def test_bodies_that_are_no_request(gateway: Served, provider: Provider, target: str, body: bytes) -> None:
    response = ask(gateway.port, "POST", target, body)
    assert response.status == 400 and problem(response)["code"] == "invalid_request"
    assert ask(gateway.port, "GET", "/healthz").status == 200
    assert provider.count == 0


def test_too_large(provider: Provider) -> None:
    with served(provider) as gateway, Connection(gateway.port) as connection:
        connection.send("POST", "/v1/chat/completions", {"content-length": str(1 << 40)}, b"{")
        response = Response(connection)
        assert response.status == 413 and response.json()["error"]["code"] == "too_large"


FAST = {"fast": {"routes": ["upstream/stand-in"]}}


def test_unknown_model(provider: Provider) -> None:
    """A 404 that says what exists."""
    with served(provider, models=FAST, default_model="fast") as gateway:
        for target in ("/v1/chat/completions", "/v1/generations"):
            response = ask(gateway.port, "POST", target, BODY)
            value = problem(response)
            assert response.status == 404 and value["code"] == "model_not_found" and "fast" in value["message"]
        for name in ("fast", "upstream/other"):
            assert ask(gateway.port, "POST", "/v1/chat/completions", {**BODY, "model": name}).status == 200
    assert [exchange.json["model"] for exchange in provider.exchanges] == ["stand-in", "other"]


def test_models(provider: Provider) -> None:
    """By configuration: its names. By --upstream: the provider's own list."""
    with served(provider, models=FAST, default_model="fast") as gateway:
        value = json.loads(ask(gateway.port, "GET", "/v1/models").content)  # type: ignore[attr-defined]
        assert value["object"] == "list" and "fast" in [model["id"] for model in value["data"]]
        assert all(model["object"] == "model" for model in value["data"])
    with Gateway("--listen", "127.0.0.1:0", "--upstream", provider.url) as upstream:
        value = json.loads(ask(upstream.port, "GET", "/v1/models").content)  # type: ignore[attr-defined]
        assert [model["id"] for model in value["data"]] == provider.models


def test_upstream(provider: Provider) -> None:
    """`--upstream`: any name passes on, and so do the client's own credentials and the provider's refusal of them."""
    with Gateway("--listen", "127.0.0.1:0", "--upstream", provider.url) as gateway:
        response = ask(gateway.port, "POST", "/v1/chat/completions", BODY, authorization="Bearer sk-mine")
        assert response.status == 200
        assert provider.exchanges[0].headers["authorization"] == "Bearer sk-mine"
        assert provider.exchanges[0].json["model"] == "m"
        provider.answer(error(401, "who are you"))
        response = ask(gateway.port, "POST", "/v1/chat/completions", BODY, authorization="Bearer sk-mine")
        assert response.status == 401 and problem(response)["message"] == "who are you"


def test_health(gateway: Served) -> None:
    assert ask(gateway.port, "GET", "/healthz").status == 200
    assert ask(gateway.port, "GET", "/readyz").status == 200
    assert ask(gateway.port, "HEAD", "/healthz").status in (200, 405)


def test_only_listed_headers_travel(gateway: Served, provider: Provider) -> None:
    provider.answer(chat(["x"]))
    private = {"cookie": "session=1", "x_forwarded_for": "10.0.0.1", "x_freshet_log": "on", "x_private": "y"}
    public = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "openai_organization": "org"}
    assert ask(gateway.port, "POST", "/v1/chat/completions", BODY, **private, **public).status == 200
    sent = provider.exchanges[0].headers
    assert sent["traceparent"] == public["traceparent"] and sent["openai-organization"] == "org"
    assert not {"cookie", "x-forwarded-for", "x-freshet-log", "x-private"} & set(sent)


# Configurations.

GOOD = """
listen: 127.0.0.1:0
providers:
  local:  { kind: openai, base_url: "http://127.0.0.1:11434/v1" }
  openai: { kind: openai, api_key: "${OPENAI_API_KEY}", deadlines: { head: 7s } }
keys: { alice: { key: "${ALICE_KEY}" } }
models:
  fast: { routes: [openai/gpt-5-mini] }
  "*":  { routes: ["local/*"] }
"""


def test_check(provider: Provider) -> None:
    """It prints the values in force, defaults too, and never a key."""
    with ConfigurationFile(GOOD) as path:
        done = run("check", path, OPENAI_API_KEY=ROUTE, ALICE_KEY=ALICE)
    assert done.returncode == 0, done.stderr
    for value in ("http://127.0.0.1:11434/v1", "gpt-5-mini", "7s", "60s", "alice", "https://api.openai.com/v1"):
        assert value in done.stdout or (value == "60s" and "1m" in done.stdout), value
    assert ROUTE not in done.stdout + done.stderr and ALICE not in done.stdout + done.stderr


WRONG: dict[str, tuple[str, str, int | None]] = {
    # the text, what must be named, its line
    "unknown-key": ("listen: 127.0.0.1:0\nlissten: 1\n", "lissten", 2),
    "unknown-inner-key": ("providers:\n  a:\n    kind: openai\n    base_uri: x\n", "base_uri", 4),
    "bare-number": ("providers:\n  a:\n    kind: openai\n    deadlines: { head: 30 }\n", "head", 4),
    "unset": ('providers:\n  a: { kind: openai, api_key: "${NOT_SET_HERE}" }\n', "NOT_SET_HERE", 2),
    "no-provider": ("models:\n  fast: { routes: [nobody/x] }\n", "nobody", 2),
    "no-yaml": ("listen: [\n", "", None),
    "odd-kind": ("providers:\n  a: { kind: carrier-pigeon }\n", "openai", 2),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_configuration(case: str) -> None:
    text, named, line = WRONG[case]
    with ConfigurationFile(text) as path:
        for command in (("check", path), ("serve", "--config", path)):
            done = run(*command)
            assert done.returncode != 0 and named in done.stderr, command
            assert line is None or f"{path}:{line}:" in done.stderr, done.stderr


def test_wrong_options(provider: Provider) -> None:
    with ConfigurationFile(GOOD) as path:
        done = run("serve", "--config", path, "--upstream", provider.url, OPENAI_API_KEY="x", ALICE_KEY="y")
        assert done.returncode != 0 and "--upstream" in done.stderr
    for arguments in (["serve", "--lissten", "x"], ["nonsense"], ["check", "/nonexistent.yaml"], ["serve", "--config"]):
        done = run(*arguments)
        assert done.returncode != 0 and done.stderr.strip(), arguments
