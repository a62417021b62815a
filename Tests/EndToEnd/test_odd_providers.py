"""Odd providers: slow ones are given up at their deadlines, and what is no answer is never taken for one."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from typing import Any

import pytest

from conftest import LOOPS
from gateway import Served, configuration, free_port
from provider import STALL, Answer, Exchange, Provider, Tool, chat, frame, json_answer
from readers import NativeReader
from wire import Connection

BODY = {"model": "m", "messages": [{"role": "user", "content": "Hello?"}], "stream": True}


def settings(provider: Provider, **deadlines: str) -> dict[str, Any]:
    upstream = {"kind": "openai", "base_url": provider.url, "credentials": "pass", "deadlines": deadlines}
    return configuration(provider.url, LOOPS[0], providers={"upstream": upstream})


@pytest.mark.parametrize(
    ("deadline", "script"),
    [
        ({"head": "400ms"}, chat(["x"], head=[STALL])),
        ({"content": "400ms"}, chat([], ends=[STALL])),
        ({"total": "400ms"}, chat([], ends=[STALL])),
    ],
    ids=["head", "content", "total"],
)
def test_before_content(provider: Provider, deadline: dict[str, str], script: Any) -> None:
    """Nothing was sent yet, so it is a status, and the provider is freed."""
    provider.answer(script)
    with Served(settings(provider, **deadline)) as gateway, Connection(gateway.port) as connection:
        response = connection.request("POST", "/v1/chat/completions", body=BODY)
        assert response.status == 504 and response.json()["error"]["code"] == "provider_timeout"
        assert provider.exchanges[0].wait() == "aborted"


def test_silence_after_content(provider: Provider) -> None:
    """In the stream: an error frame, no clean end."""
    provider.answer(chat(["Hel", "lo"], ends=[STALL]))
    with Served(settings(provider, silence="400ms")) as gateway, Connection(gateway.port) as connection:
        response = connection.request("POST", "/v1/chat/completions", body=BODY)
        events = [event for event in response.events() if event.data]
        assert response.status == 200 and response.ended == "cut"
        assert events[-1].json()["error"]["code"] == "provider_timeout"
        assert provider.exchanges[0].wait() == "aborted"


def test_reasoning_is_content(provider: Provider) -> None:
    """A thinking provider has begun; from then on only silence counts."""
    provider.answer(chat(["x"], reasoning=["a", "b"], ends=[STALL]))
    with Served(settings(provider, content="400ms", silence="1200ms")) as gateway:
        with Connection(gateway.port) as connection:
            body = {key: value for key, value in BODY.items() if key != "stream"}
            reader = NativeReader()
            for event in connection.request("POST", "/v1/generations", {"accept": "text/event-stream"}, body).events():
                reader.event(event)
        assert reader.message.outcome == "failed" and reader.message.error is not None
        assert reader.message.error["code"] == "provider_timeout"
        assert (reader.message.reasoning, reader.message.text) == ("ab", "x")


def test_comments_do_not_stop_the_clock(provider: Provider) -> None:
    """A provider that only sends comments has said nothing: its pings never count as content."""
    provider.answer(chat([], ends=[b": ping\n\n", 0.2] * 50))
    with Served(settings(provider, content="600ms")) as gateway, Connection(gateway.port) as connection:
        response = connection.request("POST", "/v1/chat/completions", body=BODY)
        assert response.status == 504 and response.json()["error"]["code"] == "provider_timeout"
        assert provider.exchanges[0].wait() == "aborted"


def test_unreachable(provider: Provider) -> None:
    with Served(configuration(f"http://127.0.0.1:{free_port()}/v1", LOOPS[0])) as gateway:
        with Connection(gateway.port) as connection:
            response = connection.request("POST", "/v1/chat/completions", body=BODY)
            assert response.status == 502 and response.json()["error"]["code"] == "provider_unreachable"


def test_not_an_answer(provider: Provider) -> None:
    """A 200 that is no event stream and no JSON object is malformed, never an empty answer."""
    page = Answer([b"<html>Welcome</html>"], headers={"content-type": "text/html"}, coding="length")
    for script in (page, Answer([frame("no json")]), Answer([])):
        provider.answer(script)
        with Served(settings(provider)) as gateway, Connection(gateway.port) as connection:
            response = connection.request("POST", "/v1/chat/completions", body=BODY)
            assert response.status == 502, response.body()
            assert response.json()["error"]["code"] in ("provider_malformed", "provider_truncated")


def test_redirects_are_not_followed(provider: Provider) -> None:
    """A key must not travel to where a provider points."""
    with Provider() as elsewhere, Served(settings(provider)) as gateway:
        for status in (301, 302, 307, 308):
            provider.answer(Answer([], status, {"location": f"{elsewhere.url}/chat/completions"}, "length"))
            with Connection(gateway.port) as connection:
                response = connection.request("POST", "/v1/chat/completions", body=BODY)
                assert response.status == 502 and response.json()["error"]["code"].startswith("provider_")
        assert elsewhere.count == 0 and not elsewhere.others


def test_one_that_cannot_stream(provider: Provider) -> None:
    """It was asked to stream and sends one object: that is one big frame, for both kinds of client."""
    tools = [Tool("call_a", "weather", ['{"city":"Paris"}'])]
    whole = chat(["Hel", "lo"], tools=tools)
    provider.answer(lambda exchange: json_answer(json.loads(whole_body(whole, exchange))))
    with Served(settings(provider)) as gateway:
        for stream in (True, False):
            with Connection(gateway.port) as connection:
                response = connection.request("POST", "/v1/chat/completions", body={**BODY, "stream": stream})
                assert response.status == 200, response.body()
                values = [e.json() for e in response.events() if e.data != "[DONE]"] if stream else [response.json()]
            messages = [choice.get("delta") or choice["message"] for value in values for choice in value["choices"]]
            assert "".join(message.get("content") or "" for message in messages) == "Hello"
            calls = [call for message in messages for call in message.get("tool_calls") or []]
            assert "".join(call["function"].get("arguments") or "" for call in calls) == '{"city":"Paris"}'
            reasons = [choice["finish_reason"] for value in values for choice in value["choices"]]
            assert reasons[-1] == "tool_calls"


def whole_body(script: Callable[[Exchange], Answer], exchange: Exchange) -> bytes:
    """The answer of `script` to the same request without `stream`."""
    asked = dataclasses.replace(exchange, body=json.dumps({**exchange.json, "stream": False}).encode())
    return b"".join(step for step in script(asked).steps if isinstance(step, bytes))
