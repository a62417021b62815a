"""Messages and Gemini by raw HTTP: their endpoints, keys, errors and counts, in front of providers of every kind."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from conftest import LOOPS
from gateway import Gateway, Served, folder, free_port
from observed import lines, scrape, wait_lines
from provider import Answer, Exchange, Provider, json_answer
from wire import Connection, Response

KEY = "sk-caller-0123456789"
OWN = "sk-of-the-route-0123456789"
KINDS = ["openai", "anthropic", "gemini"]
MODEL = "talk-n30-i0-t0-seed4"
SHOWN = {"openai": "authorization", "anthropic": "x-api-key", "gemini": "x-goog-api-key"}
"""Where a provider of each kind wants its key."""


@pytest.fixture(scope="module")
def simulator() -> Iterator[Gateway]:
    with Gateway("--listen", "127.0.0.1:0", command="simulate") as simulated:
        yield simulated


def base(url: str, kind: str) -> str:
    return f"{url}/v1beta" if kind == "gemini" else f"{url}/v1"


def settings(url: str, **more: Any) -> dict[str, Any]:
    """One provider of each kind, named by it."""
    providers = {kind: {"kind": kind, "base_url": base(url, kind), "api_key": OWN} for kind in KINDS}
    return {"listen": "127.0.0.1:0", "loops": LOOPS[-1], "data": "off", "providers": providers, **more}


@pytest.fixture(scope="module")
def gateway(simulator: Gateway) -> Iterator[Served]:
    with Served(settings(simulator.url, keys={"alice": {"key": KEY}}, limits={"body": "1MiB"})) as served:
        yield served


def ask(
    gateway: Gateway, target: str, body: Any = None, fields: dict[str, str] | None = None, method: str = "POST"
) -> tuple[Response, bytes]:
    with Connection(gateway.port) as connection:
        sent = {"x-api-key": KEY} if fields is None else fields
        response = connection.request(method, target, sent, body)
        return response, response.body()


# The same question in each dialect, and what was answered.

PROMPT = "hello"


def messages(model: str, **more: Any) -> tuple[str, Any]:
    asked = {"model": model, "max_tokens": 4000, "messages": [{"role": "user", "content": PROMPT}]}
    return "/v1/messages", {**asked, **more}


def gemini(model: str, method: str, **more: Any) -> tuple[str, Any]:
    path = f"/v1beta/models/{model}:{method}"
    return path, {"contents": [{"role": "user", "parts": [{"text": PROMPT}]}], **more}


def newer(asked: tuple[str, Any]) -> tuple[str, Any]:
    """As Google's newer clients ask."""
    return asked[0].replace("/v1beta/", "/v1/"), asked[1]


ASKS: dict[str, Callable[[str], tuple[str, Any]]] = {
    "messages, streamed": lambda model: messages(model, stream=True),
    "messages, whole": messages,
    "gemini, events": lambda model: gemini(model, "streamGenerateContent?alt=sse"),
    "gemini, array": lambda model: gemini(model, "streamGenerateContent"),
    "gemini, whole": lambda model: gemini(model, "generateContent"),
    "gemini, whole, at /v1": lambda model: newer(gemini(quote(model, safe=""), "generateContent")),
}


def parts(chunks: list[Any]) -> str:
    found = [part for chunk in chunks for part in chunk["candidates"][0]["content"].get("parts", ())]
    return "".join(part["text"] for part in found)


def said(name: str, response: Response, body: bytes) -> str:
    """The text of an answer, its form checked."""
    kind = response.headers["content-type"].partition(";")[0]
    if name == "messages, whole":
        assert kind == "application/json"
        message = json.loads(body)
        assert message["type"] == "message" and message["stop_reason"] == "end_turn"
        return "".join(block["text"] for block in message["content"])
    if name == "messages, streamed":
        assert kind == "text/event-stream"
        events = [json.loads(line[6:]) for line in body.decode().splitlines() if line.startswith("data: ")]
        assert events[0]["type"] == "message_start" and events[-1]["type"] == "message_stop"
        return "".join(event["delta"]["text"] for event in events if event["type"] == "content_block_delta")
    if name == "gemini, events":
        assert kind == "text/event-stream" and b"\r\n\r\n" in body and b"\n\n" not in body.replace(b"\r\n", b"")
        return parts([json.loads(event[6:]) for event in body.decode().split("\r\n\r\n") if event.startswith("data: ")])
    assert kind == "application/json"
    document = json.loads(body)
    return parts(document if name == "gemini, array" else [document])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ASKS)
def test_every_endpoint_in_front_of_every_kind(gateway: Served, simulator: Gateway, name: str, kind: str) -> None:
    with Connection(simulator.port) as connection:
        asked = {"model": MODEL, "messages": [{"role": "user", "content": PROMPT}]}
        direct = connection.request("POST", "/v1/chat/completions", {}, asked).json()
    target, body = ASKS[name](f"{kind}/{MODEL}")
    response, answer = ask(gateway, target, body)
    assert response.status == 200, answer
    assert response.headers["x-freshet-generation"].startswith("gen_")
    assert said(name, response, answer) == direct["choices"][0]["message"]["content"]


def test_the_built_in_simulator_answers_every_dialect(gateway: Served) -> None:
    for name, make in ASKS.items():
        target, body = make("sim/talk-n3-i0-t0")
        response, answer = ask(gateway, target, body)
        assert response.status == 200 and said(name, response, answer), answer


# Keys and errors.

PLACES = {
    "authorization": {"authorization": f"Bearer {KEY}"},
    "x-api-key": {"x-api-key": KEY},
    "x-goog-api-key": {"x-goog-api-key": KEY},
    "the query": {},
}
PATHS = {
    "/v1/chat/completions": "chat",
    "/v1/messages": "messages",
    "/v1/messages/count_tokens": "messages",
    "/v1beta/models/sim/talk:generateContent": "gemini",
    "/v1beta/models/sim%2Ftalk:streamGenerateContent": "gemini",
    "/v1/models/sim/talk:countTokens": "gemini",
}


@pytest.mark.parametrize("path", PATHS)
def test_keys_in_four_places(gateway: Served, path: str) -> None:
    """A key in the query is one of Google's habits: elsewhere it is none."""
    for place, fields in PLACES.items():
        target = f"{path}?key={KEY}" if place == "the query" else path
        status = ask(gateway, target, {}, fields)[0].status
        assert (status == 401) == (place == "the query" and PATHS[path] != "gemini"), (place, status)
    for fields in ({}, {"x-api-key": "another"}):
        response, body = ask(gateway, path, {}, fields)
        assert response.status == 401
        told(body, PATHS[path], "authentication_error", 401, "UNAUTHENTICATED")
    if PATHS[path] == "gemini":
        assert ask(gateway, f"{path}?key=another", {}, {})[0].status == 401


def told(body: bytes, form: str, word: str, status: int, google: str) -> str:
    """What an error says; its form is that of the dialect."""
    document = json.loads(body)
    error = document["error"]
    if form == "messages":
        assert document["type"] == "error" and error["type"] == word, document
    elif form == "gemini":
        assert error["code"] == status and error["status"] == google, document
    else:
        assert "param" in error and "code" in error, document
    return str(error["message"])


@pytest.mark.parametrize(("path", "form"), PATHS.items())
def test_errors_have_the_form_of_their_path(gateway: Served, path: str, form: str) -> None:
    response, body = ask(gateway, path, method="PUT")
    assert response.status == 405 and response.headers["allow"] == "POST, OPTIONS"
    told(body, form, "invalid_request_error", 405, "UNIMPLEMENTED")
    response, body = ask(gateway, path, b"{")
    assert response.status == 400
    assert "JSON" in told(body, form, "invalid_request_error", 400, "INVALID_ARGUMENT")
    response, body = ask(gateway, path, b" " * (2 << 20))
    assert response.status == 413
    told(body, form, "request_too_large", 413, "INVALID_ARGUMENT")


NOWHERE = {
    "/v1/messages/nothing": "messages",
    "/v1beta/nothing": "gemini",
    "/v1beta": "gemini",
    "/v1/models/x:embed": "gemini",
    "/v1/x": "chat",
}


@pytest.mark.parametrize(("path", "form"), NOWHERE.items())
def test_paths_that_lead_nowhere(gateway: Served, path: str, form: str) -> None:
    response, body = ask(gateway, path, {})
    assert response.status == 404
    told(body, form, "not_found_error", 404, "NOT_FOUND")


@pytest.mark.parametrize(
    ("path", "advice"),
    {
        "/v1/v1/messages": "Anthropic's clients ends before /v1",
        "/v1beta/v1beta/models/m:generateContent": "Google's clients ends before /v1beta",
        "/v1/v1beta/models/m:generateContent": "Google's clients ends before /v1beta",
        "/chat/completions": "OpenAI's clients ends with /v1",
        "/messages": "Messages are at /v1/messages",
    }.items(),
)
def test_a_wrong_base_url_is_put_right(gateway: Served, path: str, advice: str) -> None:
    response, body = ask(gateway, path, {})
    assert response.status == 404 and advice in body.decode()


def test_errors_beside_all_paths_have_the_form_of_who_asks(gateway: Served) -> None:
    for fields, form in (({"anthropic-version": "x"}, "messages"), ({"x-goog-api-client": "x"}, "gemini")):
        body = ask(gateway, "/v1/files", None, fields, method="GET")[1]
        told(body, form, "not_found_error", 404, "NOT_FOUND")


@pytest.mark.parametrize(
    ("fields", "path", "message"),
    [
        ({}, "/v1/messages", "or `x-goog-api-key`"),
        ({}, "/v1beta/models", "or `?key=`"),
        ({"authorization": KEY}, "/v1/messages", "must be `Bearer`, a space and the key"),
    ],
)
def test_where_keys_are_looked_for(gateway: Served, fields: dict[str, str], path: str, message: str) -> None:
    response, body = ask(gateway, path, None, fields, method="POST" if "messages" in path else "GET")
    error = json.loads(body)["error"]["message"]
    assert response.status == 401 and (error.endswith(message) or message in error), error


def test_models_that_do_not_exist(gateway: Served) -> None:
    for target, body in (messages("nothing"), gemini("no/where", "generateContent"), gemini("no/where", "countTokens")):
        response, answer = ask(gateway, target, body)
        assert response.status == 404
        form = "gemini" if "/models/" in target else "messages"
        assert "There is: " in told(answer, form, "not_found_error", 404, "NOT_FOUND")


@pytest.mark.parametrize("kind", KINDS)
def test_errors_of_providers(gateway: Served, kind: str) -> None:
    """Before the first byte a status in the client's dialect, then an error in its form, and no end mark."""
    model = f"{kind}/talk-http429-retry7"
    for target, body in (messages(model, stream=True), gemini(model, "generateContent")):
        response, answer = ask(gateway, target, body)
        assert response.status == 429 and response.headers["retry-after"] == "7", answer
        told(answer, "gemini" if "/models/" in target else "messages", "rate_limit_error", 429, "RESOURCE_EXHAUSTED")
    model = f"{kind}/talk-n9-i0-t0-err4"
    events = ask(gateway, *messages(model, stream=True))[1].decode()
    assert "event: error\n" in events and "message_stop" not in events
    chunks = ask(gateway, *gemini(model, "streamGenerateContent?alt=sse"))[1].decode()
    assert '"error"' in chunks and '"STOP"' not in chunks
    for target, body in (messages(model), gemini(model, "generateContent")):
        assert ask(gateway, target, body)[0].status >= 500


@pytest.mark.parametrize("kind", KINDS)
def test_when_to_ask_again_in_googles_words(gateway: Served, kind: str) -> None:
    answer = ask(gateway, *gemini(f"{kind}/talk-http429-retry7", "generateContent"))[1]
    details = json.loads(answer)["error"]["details"]
    assert [detail["retryDelay"] for detail in details if detail["@type"].endswith("RetryInfo")] == ["7s"]


@pytest.mark.parametrize("target", ["/v1/messages", "/v1/chat/completions"])
def test_what_would_fail_again_is_not_to_be_asked_again(gateway: Served, target: str) -> None:
    """The gateway's own key is refused: the official clients would ask three times."""
    response, body = ask(gateway, target, messages("openai/talk-http401")[1])
    assert response.status == 502 and response.headers["x-should-retry"] == "false", body


def test_nobody_listens() -> None:
    """Whose connection it is that fails is said, its address is not."""
    with Served(settings(f"http://127.0.0.1:{free_port()}")) as gateway:
        for target in ("/v1/messages", "/v1/embeddings"):
            response, body = ask(gateway, target, messages("openai/m")[1])
            assert response.status == 502 and "x-should-retry" not in response.headers
            assert b"the provider cannot be reached (Connection refused)" in body and b"127.0.0.1" not in body


@pytest.mark.parametrize("kind", KINDS)
def test_anthropics_tool_runner(gateway: Served, kind: str) -> None:
    """It puts its conversation into a thread by itself, and goes on without where it is told that there are none."""
    import anthropic

    @anthropic.beta_tool
    def weather(city: str) -> str:
        """The weather in a city."""
        return f"sunny in {city}"

    client = anthropic.Anthropic(base_url=gateway.url, api_key=KEY, max_retries=0, timeout=30)
    asked = [{"role": "user", "content": "What is the weather?"}]
    runner = client.beta.messages.tool_runner(
        model=f"{kind}/tools-i0-t0",
        max_tokens=500,
        tools=[weather],
        messages=asked,  # type: ignore[arg-type]
    )
    assert [message.stop_reason for message in runner] == ["tool_use", "end_turn"]
    if kind != "anthropic":
        place = {"type": "continue", "previous_message_id": "msg_1"}
        for thread, word in (({"type": "create"}, "thread_unsupported_request"), (place, "thread_not_found")):
            response, body = ask(gateway, *messages(f"{kind}/talk", thread=thread))
            assert response.status == 400 and json.loads(body)["error"]["details"] == {"error_code": word}


def test_googles_client_calls_functions_by_itself(gateway: Served) -> None:
    """It names members in snake_case."""
    from google import genai

    cities: list[str] = []

    def weather(city: str) -> str:
        """The weather in a city."""
        cities.append(city)
        return "sunny"

    options = genai.types.HttpOptions(base_url=gateway.url, timeout=30_000)
    client = genai.Client(api_key=KEY, vertexai=False, http_options=options)
    answer = client.models.generate_content(
        model="gemini/tools-i0-t0", contents="Weather?", config=genai.types.GenerateContentConfig(tools=[weather])
    )
    assert answer.text and len(cities) == 1 and cities[0]


# What providers are shown.


def last(provider: Provider) -> Exchange:
    """The request that came last, whatever the stand-in makes of it."""
    return max([*provider.exchanges, *provider.others], key=lambda exchange: exchange.opened)


FIELDS = {
    "anthropic-version": "2099-01-01",
    "anthropic-beta": "a-beta",
    "openai-organization": "org",
    "openai-beta": "assistants=v9",
    "x-goog-user-project": "project",
    "user-agent": "me/1",
}
ENDPOINTS = {
    "openai": "/v1/chat/completions",
    "anthropic": "/v1/messages",
    "gemini": "/v1beta/models/some%2Fmodel:streamGenerateContent?alt=sse",
}


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_provider_is_shown(provider: Provider, kind: str) -> None:
    """Its own key where it wants it, what is meant for its vendor, and nothing of another's."""
    provider.answer(json_answer({}, 500))
    with Served(settings(f"http://127.0.0.1:{provider.port}", keys={"alice": {"key": KEY}})) as gateway:
        model = f"{kind}/some/model"
        for target, body in (messages(model, stream=True), gemini(model, "generateContent")):
            ask(gateway, target, body, {**FIELDS, "x-api-key": KEY})
            seen = last(provider)
            assert seen.target == ENDPOINTS[kind]
            shown = {name: seen.headers.get(name) for name in SHOWN.values()}
            assert shown == {name: None for name in SHOWN.values()} | {
                SHOWN[kind]: f"Bearer {OWN}" if kind == "openai" else OWN
            }
            names = [name for name in FIELDS if name in seen.headers]
            vendors = {"openai": "openai-", "anthropic": "anthropic-", "gemini": "gemini-"}
            assert names == [name for name in FIELDS if name.startswith((vendors[kind], "user-agent"))]
            asked = json.loads(seen.body)
            assert asked.get("model") == (None if kind == "gemini" else "some/model")
            assert KEY not in repr(seen.headers) + seen.target
        ask(gateway, f"/v1/messages?beta=true&key={KEY}", messages(f"{kind}/some/model")[1], {"x-api-key": KEY})
        assert last(provider).target == ENDPOINTS[kind] + "?beta=true" * (kind == "anthropic")
        assert last(provider).headers.get("anthropic-version") == ("2023-06-01" if kind == "anthropic" else None)


@pytest.mark.parametrize("kind", KINDS)
def test_credentials_that_pass(provider: Provider, kind: str) -> None:
    """A client's own key goes up where the provider wants it, wherever the client has put it."""
    content = settings(f"http://127.0.0.1:{provider.port}")
    for of_kind in content["providers"].values():
        del of_kind["api_key"]
        of_kind["credentials"] = "pass"
    asks = {"anthropic": messages(f"{kind}/m"), "gemini": gemini(f"{kind}/m", "generateContent")}
    with Served(content) as gateway:
        for client, (target, body) in asks.items():
            for place, fields in PLACES.items():
                if place == "the query" and client != "gemini":
                    continue
                ask(gateway, f"{target}?key={KEY}" if place == "the query" else target, body, fields)
                # In its own dialect a bearer is a token that is no key.
                own = place == "authorization" and kind in ("openai", client)
                wanted = "authorization" if own else SHOWN[kind]
                seen = last(provider)
                assert {name: seen.headers[name] for name in SHOWN.values() if name in seen.headers} == {
                    wanted: f"Bearer {KEY}" if wanted == "authorization" else KEY
                }, place
                assert KEY not in seen.target
            ask(gateway, target, body, {})
            assert not set(SHOWN.values()) & set(last(provider).headers)


def test_a_key_in_the_query_is_nowhere(simulator: Gateway) -> None:
    """Not in the log at any level, not in the metrics, not on disk, not in what clients are told."""
    data = folder()
    log = {"level": "debug", "format": "json"}
    content = settings(simulator.url, keys={"alice": {"key": KEY}}, log=log, data=data)
    seen = b""
    with Served(content) as gateway:
        asked = 0
        for kind in (*KINDS, "none"):
            for method in ("generateContent", "streamGenerateContent", "countTokens", "nothing"):
                for key in (KEY, f"{KEY}x"):
                    target, body = gemini(f"{kind}/talk-n3-i0-t0", method)
                    response, answer = ask(gateway, f"{target}?alt=sse&key={key}", body, {"x-freshet-log": "on"})
                    seen += repr(response.fields).encode() + answer
                    asked += 1
        wait_lines(gateway, asked)
        assert {line.get("owner") for line in lines(gateway) if line["status"] == 200} == {"alice"}
        seen += scrape(gateway, **{"x-api-key": KEY}).text.encode()
    kept = b"".join(place.read_bytes() for place in Path(data).rglob("*") if place.is_file())
    assert b"contents" in kept
    for where in (seen, bytes(gateway.output), bytes(gateway.errors), kept):
        assert KEY.encode() not in where and OWN.encode() not in where


class Telltale(Provider):
    """Quotes the key that it was shown, in every form of error."""

    def __init__(self, streams: bool) -> None:
        super().__init__()
        self.streams = streams
        self.answer(self._other)

    def _other(self, exchange: Exchange) -> Answer:
        key = " ".join(exchange.headers.get(name, "") for name in SHOWN.values()).strip().removeprefix("Bearer ")
        if exchange.target.endswith("completions"):
            error: Any = {"error": {"message": f"bad {key}", "type": key, "code": key, "param": key}}
        elif "/messages" in exchange.target:
            error = {"type": "error", "error": {"type": key, "message": f"bad {key}"}, "request_id": key}
        else:
            details = [{"@type": key, "reason": key}]
            error = {"error": {"code": 400, "message": f"bad {key}", "status": key, "details": details}}
        if not self.streams:
            return json_answer(error, 400, {"x-request-id": f"for-{key}"})
        return Answer([f"event: error\ndata: {json.dumps(error)}\n\n".encode()], headers={"request-id": f"for-{key}"})


@pytest.mark.parametrize("streams", [False, True], ids=["refused", "in the stream"])
@pytest.mark.parametrize("credentials", ["own", "pass"])
def test_no_client_is_told_the_key(streams: bool, credentials: str) -> None:
    with Telltale(streams) as provider:
        content = settings(f"http://127.0.0.1:{provider.port}")
        if credentials == "pass":
            for of_kind in content["providers"].values():
                del of_kind["api_key"]
                of_kind["credentials"] = "pass"
        shown = OWN if credentials == "own" else KEY
        with Served(content) as gateway:
            for kind in KINDS:
                for make in ASKS.values():
                    target, body = make(f"{kind}/m")
                    response, answer = ask(gateway, target, body)
                    assert shown in repr(last(provider).headers)
                    assert b"bad ***" in answer and shown.encode() not in answer + repr(response.fields).encode()
                for path in ("/v1/messages/count_tokens", f"/v1beta/models/{kind}/m:countTokens"):
                    response, answer = ask(gateway, path, {"model": f"{kind}/m", "contents": []})
                    if not streams:
                        assert shown.encode() not in answer + repr(response.fields).encode()
        assert shown.encode() not in bytes(gateway.output) + bytes(gateway.errors)


# Counts, lists, and what is passed on.

COUNTS = {
    "anthropic": ("/v1/messages/count_tokens", "input_tokens"),
    "gemini": ("/v1beta/models/{model}:countTokens", "totalTokens"),
}


@pytest.mark.parametrize("client", COUNTS)
@pytest.mark.parametrize("kind", [*KINDS, "sim"])
def test_counted_where_the_provider_can_and_estimated_elsewhere(gateway: Served, client: str, kind: str) -> None:
    target, member = COUNTS[client]
    words = "one two three four five " * 40
    turn = {"role": "user", "content": words} if client == "anthropic" else {"parts": [{"text": words}]}
    body: Any = {"contents": [turn]} if client == "gemini" else {"model": f"{kind}/talk", "messages": [turn]}
    response, answer = ask(gateway, target.format(model=f"{kind}/talk"), body)
    assert response.status == 200, answer
    count = json.loads(answer)[member]
    if kind == client:
        assert count == 200 and "x-freshet-estimated" not in response.headers
    else:
        assert 200 <= count <= 300 and response.headers["x-freshet-estimated"] == "true"
    if kind == client:
        wrong = target.format(model=f"{kind}/nobody")
        response, answer = ask(gateway, wrong, {**body, "model": f"{kind}/nobody"} if client == "anthropic" else body)
        assert response.status == 404 and b"begins with no known word" in answer


@pytest.mark.parametrize(
    ("target", "body", "field"),
    [
        ("/v1/messages/count_tokens", {"model": "sim/talk", "messages": "x"}, "messages"),
        ("/v1beta/models/sim/talk:countTokens", {"contents": "x"}, "contents"),
        ("/v1beta/models/sim/talk:countTokens", {"generateContentRequest": {}}, "contents"),
    ],
)
def test_what_is_no_request_is_not_counted(gateway: Served, target: str, body: Any, field: str) -> None:
    response, answer = ask(gateway, target, body)
    assert response.status == 400 and f"`{field}`" in json.loads(answer)["error"]["message"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("model", ["talk-n3-i0-t0", "talk-http429"])
def test_anthropics_clients_have_an_id_to_tell_of(gateway: Served, kind: str, model: str) -> None:
    for stream in (True, False):
        response = ask(gateway, *messages(f"{kind}/{model}", stream=stream))[0]
        assert response.headers["request-id"].startswith(("gen_", "req_"))
        assert response.headers["x-freshet-generation"].startswith("gen_")


def test_a_count_goes_up_as_it_came(provider: Provider) -> None:
    odd = '{ "model":"anthropic/m" , "messages":[],"x":1.50e1,"freshet":{}}'
    nested = '{"generateContentRequest" : {"model":"models/gemini/m","contents":[ ]}}'
    with Served(settings(f"http://127.0.0.1:{provider.port}")) as gateway:
        ask(gateway, "/v1/messages/count_tokens", odd.encode())
        seen = last(provider)
        assert seen.target == "/v1/messages/count_tokens" and seen.headers["x-api-key"] == OWN
        assert seen.body.decode() == odd.replace("anthropic/m", "m").replace(',"freshet":{}', "")
        ask(gateway, "/v1beta/models/gemini/m:countTokens", nested.encode())
        seen = last(provider)
        assert seen.target == "/v1beta/models/m:countTokens" and seen.headers["x-goog-api-key"] == OWN
        assert seen.body.decode() == nested.replace("models/gemini/m", "models/m")


def test_a_count_shows_no_other_vendors_signature(provider: Provider) -> None:
    thought = {"type": "thinking", "thinking": "Hm", "signature": "freshet.gemini.QUJD"}
    asked = [{"role": "assistant", "content": [thought, {"type": "text", "text": "a"}]}]
    signed = {"text": "a", "thoughtSignature": base64.b64encode(b"freshet.anthropic.S").decode()}
    contents = [{"role": "model", "parts": [signed]}]
    with Served(settings(f"http://127.0.0.1:{provider.port}")) as gateway:
        ask(gateway, "/v1/messages/count_tokens", {"model": "anthropic/m", "messages": asked})
        assert last(provider).json["messages"] == [{"role": "assistant", "content": [{"type": "text", "text": "a"}]}]
        for body in ({"contents": contents}, {"generateContentRequest": {"contents": contents}}):
            ask(gateway, "/v1beta/models/gemini/m:countTokens", body)
            seen = last(provider).json
            assert seen.get("generateContentRequest", seen)["contents"] == [{"role": "model", "parts": [{"text": "a"}]}]


def test_lists_and_routes(gateway: Served) -> None:
    names = [f"sim/{word}" for word in ("talk", "code", "tools", "json", "think")]
    forms: list[tuple[str, dict[str, str], str, str]] = [
        ("/v1/models", {}, "data", "id"),
        ("/v1/models", {"anthropic-version": "2023-06-01"}, "data", "id"),
        ("/v1/models", {"x-goog-api-client": "x"}, "models", "name"),
        ("/v1beta/models", {}, "models", "name"),
    ]
    for path, fields, list_name, member in forms:
        response, body = ask(gateway, path, None, {"x-api-key": KEY, **fields}, method="GET")
        document = json.loads(body)
        assert response.status == 200
        assert [model[member].removeprefix("models/") for model in document[list_name]] == names
        assert ("has_more" in document) == ("anthropic-version" in fields)
    routes = json.loads(ask(gateway, "/v1/routes", method="GET")[1])["data"]
    assert {entry["model"]: entry["routes"][0]["kind"] for entry in routes} == {
        **{f"{kind}/*": kind for kind in KINDS},
        "sim/*": "simulator",
    }


@pytest.mark.parametrize("model", ["sim/talk", "anthropic/claude-opus-5", "openai/llama3:8b"])
def test_one_model_for_every_sdk(gateway: Served, model: str) -> None:
    import anthropic
    import openai
    from google import genai

    options = genai.types.HttpOptions(base_url=gateway.url, timeout=30_000)
    google = genai.Client(api_key=KEY, vertexai=False, http_options=options)
    chat = openai.OpenAI(base_url=f"{gateway.url}/v1", api_key=KEY, max_retries=0)
    messages = anthropic.Anthropic(base_url=gateway.url, api_key=KEY, max_retries=0)
    assert chat.models.retrieve(model).owned_by == model.partition("/")[0]
    assert messages.models.retrieve(model).display_name == model
    assert google.models.get(model=model).name == f"models/{model}"
    for error, get in (
        (openai.NotFoundError, lambda: chat.models.retrieve("nothing")),
        (anthropic.NotFoundError, lambda: messages.models.retrieve("nothing")),
        (genai.errors.ClientError, lambda: google.models.get(model="nothing")),
    ):
        with pytest.raises(error, match="There is: "):
            get()
    with pytest.raises(openai.NotFoundError, match="begins with no known word"):
        chat.models.retrieve("sim/nothing")


@pytest.mark.parametrize("path", ["/v1/completions", "/v1/embeddings"])
@pytest.mark.parametrize("kind", ["anthropic", "gemini"])
def test_what_is_passed_on_goes_to_its_own_kind_alone(gateway: Served, path: str, kind: str) -> None:
    response, body = ask(gateway, path, {"model": f"{kind}/m", "input": "x"})
    error = json.loads(body)["error"]
    assert response.status == 400 and error["param"] == "model" and "kind: openai" in error["message"]


@pytest.mark.parametrize("dialect", ["anthropic", "gemini"])
def test_reading_on_in_another_dialect(gateway: Served, dialect: str) -> None:
    """Cut behind any frame that bears a cursor, the rest makes the same answer."""
    asked = {"model": f"{dialect}/{MODEL}", "messages": [{"role": "user", "content": PROMPT}]}
    created, body = ask(gateway, "/v1/generations", asked, {"x-api-key": KEY, "accept": "application/json"})
    assert created.status == 201, body
    events = f"{created.headers['location']}/events?dialect={dialect}"

    def read(after: str | None) -> list[tuple[str, str]]:
        fields = {"x-api-key": KEY} | ({"last-event-id": after} if after else {})
        with Connection(gateway.port) as connection:
            response = connection.request("GET", events, fields)
            assert response.status == 200
            return [(event.id or "", event.data) for event in response.events() if event.data]

    response, body = ask(gateway, events.replace("/events", ""), None, method="GET")
    assert response.status == 400 and b"is for `/events`" in body
    whole = read(None)
    assert len(whole) > 3 and all(cursor for cursor, _ in whole)
    for place in (0, 1, len(whole) // 2, len(whole) - 2):
        rest = read(whole[place][0])
        assert text(whole[: place + 1], dialect) + text(rest, dialect) == text(whole, dialect)
        assert rest[-1] == whole[-1]


def test_googles_client_sees_nothing_but_data(gateway: Served) -> None:
    """It takes any other line for an error; what is logged is read on elsewhere."""
    target, body = gemini("gemini/talk-n5-i0-t0", "streamGenerateContent?alt=sse")
    response, answer = ask(gateway, target, body, {"x-api-key": KEY, "x-freshet-log": "on"})
    assert response.status == 200 and all(line.startswith("data: ") for line in answer.decode().split("\r\n") if line)
    events = f"/v1/generations/{response.headers['x-freshet-generation']}/events?dialect=gemini"
    response, read_on = ask(gateway, events, None, method="GET")
    assert response.status == 200 and read_on.count(b"\nid: ") >= 5


def text(frames: list[tuple[str, str]], dialect: str) -> str:
    documents = [json.loads(data) for _, data in frames]
    if dialect == "gemini":
        return parts(documents)
    deltas = [document["delta"] for document in documents if document["type"] == "content_block_delta"]
    return "".join(delta.get("text", "") for delta in deltas)
