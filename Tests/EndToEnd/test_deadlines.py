"""Deadlines of a provider: one that does not connect, answer, begin or go on is given up, with the right words."""

from __future__ import annotations

from typing import Any

import pytest
from conftest import LOOPS
from gateway import Served, configuration, free_port
from provider import STALL, Answer, Provider, chat, frame
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
