"""Kept answers read straight by the vendors' SDKs: from another place than the request's own, and after a cut."""

from __future__ import annotations

from typing import Any

import openai
from google import genai
from openai.types.chat import ChatCompletionChunk

from gateway import Served, configuration, folder
from provider import Provider, chat
from test_generations import MESSAGES, ask, ended


def test_the_openai_sdk_reads_a_kept_answer(provider: Provider) -> None:
    provider.answer(chat(["One", " two", " three"]))
    with Served(configuration(provider.url, 1, data=f"{folder()}/data")) as gateway:
        with openai.OpenAI(base_url=f"{gateway.url}/v1", api_key="x", max_retries=0) as client:
            made = client.chat.completions.with_raw_response.create(
                model="m", messages=MESSAGES, extra_headers={"x-freshet-log": "on"}
            )
            identity = made.headers["x-freshet-generation"]
            ended(gateway, identity)
            read = client.get(
                f"/generations/{identity}/events",
                cast_to=ChatCompletionChunk,
                stream=True,
                stream_cls=openai.Stream[ChatCompletionChunk],
                options={"params": {"dialect": "openai-chat"}},
            )
            assert text(read) == "One two three"
            again: Any = client.chat.completions.create(
                model="m", messages=MESSAGES, stream=True, extra_headers={"last-event-id": f"{identity}:3"}
            )
            assert "three" in text(again)
    assert len(provider.exchanges) == 1


def text(stream: Any) -> str:
    return "".join(choice.delta.content or "" for chunk in stream for choice in chunk.choices)


def test_googles_sdk_reads_on(provider: Provider) -> None:
    """On its own paths it gets no line but data, also when it comes back; it has no cursors to say where it was."""
    provider.answer(chat(["One", " two", " three"]))
    with Served(configuration(provider.url, 1, data=f"{folder()}/data")) as gateway:
        client = genai.Client(api_key="x", http_options={"base_url": gateway.url})
        stream = client.models.generate_content_stream(
            model="m", contents="hello", config={"http_options": {"headers": {"x-freshet-log": "on"}}}
        )
        assert "".join(chunk.text or "" for chunk in stream) == "One two three"
        identity = ask(gateway, "GET", "/v1/generations")[1]["data"][0]["id"]
        back = client.models.generate_content_stream(
            model="m", contents="hello", config={"http_options": {"headers": {"last-event-id": f"{identity}:0"}}}
        )
        assert "".join(chunk.text or "" for chunk in back) == "One two three"
    assert len(provider.exchanges) == 1
