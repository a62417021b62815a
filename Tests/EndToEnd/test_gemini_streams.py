"""The odd forms of Gemini's answers: one array, errors that stand bare in the stream, several finishes, content after them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from google import genai
from google.genai import errors, types

from conftest import LOOPS
from gateway import Gateway, Served, configuration
from provider import Answer, Gate, Provider, json_answer
from wire import Connection

ARRAY = {"content-type": "application/json; charset=UTF-8"}
ASKED = {"contents": [{"role": "user", "parts": [{"text": "Hello?"}]}]}


def chunk(text: str, finish: str | None = None) -> dict[str, Any]:
    candidate: dict[str, Any] = {"content": {"parts": [{"text": text}], "role": "model"}, "index": 0}
    if finish:
        candidate["finishReason"] = finish
    return {"candidates": [candidate], "modelVersion": "gemini-x", "responseId": "r1"}


def sse(*values: Any) -> bytes:
    return b"".join(b"data: " + json.dumps(value).encode() + b"\r\n\r\n" for value in values)


ERROR = {"code": 503, "message": "The model is overloaded: } {", "status": "UNAVAILABLE"}
BARE = json.dumps({"error": ERROR}, indent=2).encode() + b"\n"


@pytest.fixture(scope="module")
def place() -> Iterator[tuple[Provider, Gateway]]:
    with Provider() as provider:
        upstream = {"kind": "gemini", "base_url": provider.root + "/v1beta", "credentials": "pass"}
        with Served(configuration(provider.url, LOOPS[0], providers={"upstream": upstream})) as gateway:
            yield provider, gateway


def client(gateway: Gateway) -> genai.Client:
    options = types.HttpOptions(base_url=f"http://127.0.0.1:{gateway.port}", retry_options=types.HttpRetryOptions(attempts=1))
    return genai.Client(api_key="k", http_options=options)


def asked(gateway: Gateway) -> Iterator[types.GenerateContentResponse]:
    with client(gateway) as asking:
        yield from asking.models.generate_content_stream(model="gemini-x", contents="Hello?")


def test_an_array_is_read_as_it_comes(place: tuple[Provider, Gateway]) -> None:
    provider, gateway = place
    gate = Gate()
    first, last = json.dumps(chunk("Hel"), indent=2).encode(), json.dumps(chunk("lo", "STOP"), indent=2).encode()
    provider.answer(Answer([b"[" + first[:40], first[40:], gate, b"\r\n,\r\n" + last, b"]"], headers=ARRAY))
    stream = asked(gateway)
    assert next(stream).text == "Hel"
    gate.open()
    assert [item.text for item in stream] == ["lo"]
    provider.answer(json_answer(chunk("Hello", "STOP")))
    with client(gateway) as asking:
        answer = asking.models.generate_content(model="gemini-x", contents="Hello?")
    assert answer.text == "Hello" and answer.candidates and answer.candidates[0].finish_reason == "STOP"


@pytest.mark.parametrize("form", ["bare", "data", "array", "wrapped"])
def test_an_error_in_the_middle(place: tuple[Provider, Gateway], form: str) -> None:
    provider, gateway = place
    wrapped = json.dumps([{"error": ERROR}], indent=2).encode() + b"\n"
    provider.answer(
        {
            "bare": Answer([sse(chunk("Hel")), *(line + b"\n" for line in BARE.splitlines())]),
            "data": Answer([sse(chunk("Hel"), {"error": ERROR})]),
            "array": Answer([b"[" + json.dumps(chunk("Hel")).encode(), b",", BARE, b"]"], headers=ARRAY),
            "wrapped": Answer([sse(chunk("Hel")), wrapped]),
        }[form]
    )
    stream = asked(gateway)
    assert next(stream).text == "Hel"
    with pytest.raises(errors.APIError) as raised:
        list(stream)
    assert (raised.value.code, raised.value.status, raised.value.message) == (503, "UNAVAILABLE", ERROR["message"])


@pytest.mark.parametrize("form", ["status", "array", "stream"])
def test_an_error_before(place: tuple[Provider, Gateway], form: str) -> None:
    provider, gateway = place
    info = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "47.2s"}
    error = {"error": {"code": 429, "message": "too many", "status": "RESOURCE_EXHAUSTED", "details": [info]}}
    provider.answer(
        {
            "status": json_answer(error, 429),
            "array": json_answer([error], 429),
            "stream": Answer([sse(error)]),
        }[form]
    )
    with Connection(gateway.port) as connection:
        response = connection.request("POST", "/v1beta/models/gemini-x:streamGenerateContent?alt=sse", body=ASKED)
        assert response.status == 429, response.body()
    with pytest.raises(errors.ClientError) as raised:
        list(asked(gateway))
    assert (raised.value.code, raised.value.status) == (429, "RESOURCE_EXHAUSTED")


def test_several_finishes_and_content_after_them(place: tuple[Provider, Gateway]) -> None:
    """Longer apart than what may follow a finish in other dialects."""
    provider, gateway = place
    code = chunk("", "STOP")
    code["candidates"][0]["content"]["parts"] = [{"executableCode": {"language": "PYTHON", "code": "print(1)"}}]
    result = chunk("")
    result["candidates"][0]["content"]["parts"] = [{"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "1"}}]
    provider.answer(Answer([sse(chunk("a", "STOP")), sse(code), 2.5, sse(result), sse(chunk("b", "STOP"))]))
    texts = [part.text for item in asked(gateway) for part in item.candidates[0].content.parts]
    assert texts == ["a", None, None, "b"]


def test_a_stream_without_a_finish_is_no_answer(place: tuple[Provider, Gateway]) -> None:
    provider, gateway = place
    provider.answer(Answer([sse(chunk("a"))]))
    with pytest.raises(Exception) as raised:
        list(asked(gateway))
    assert "provider_truncated" in str(raised.value) or "incomplete" in str(raised.value)


@pytest.mark.parametrize("accept", ["array", "sse"])
def test_the_forms_that_are_asked_for(place: tuple[Provider, Gateway], accept: str) -> None:
    provider, gateway = place
    provider.answer(Answer([sse(chunk("Hel"), chunk("lo", "STOP"))]))
    with Connection(gateway.port) as connection:
        query = "?alt=sse" if accept == "sse" else ""
        response = connection.request("POST", f"/v1beta/models/gemini-x:streamGenerateContent{query}", body=ASKED)
        body = response.body()
    if accept == "sse":
        assert body == sse(chunk("Hel"), chunk("lo", "STOP"))
    else:
        assert json.loads(body) == [chunk("Hel"), chunk("lo", "STOP")]
