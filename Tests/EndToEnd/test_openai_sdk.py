"""The `openai` SDK, sync and async, gets through Freshet exactly what it gets from the provider itself."""

from __future__ import annotations

import asyncio
import socket
import struct
import time
from typing import Any

import openai
import pytest
from openai import AsyncOpenAI, OpenAI

from conftest import Column
from normaliser import normalised
from provider import FIN, PATIENCE, RESET, STALL, Gate, Tool, chat, error, frame
from wire import Connection

ASK: dict[str, Any] = {"model": "stand-in", "messages": [{"role": "user", "content": "Say hello."}]}
WORDS = ["Hel", "lo", ", ", "wörld ", "🙂", " 日本", "."]
TOOLS = [
    Tool("call_a", "weather", ['{"ci', 'ty":"P', 'aris"}']),
    Tool("call_b", "weather", ['{"city":', '"Rome"', "}"]),
    Tool("call_c", "clock", []),
]
FREED = 5.0
"""Seconds after which a provider must be free when its client has gone: the aim is 1, asserted with a factor of 5."""


def client(column: Column, **more: Any) -> OpenAI:
    return OpenAI(base_url=column.url, api_key="sk-client", max_retries=0, timeout=PATIENCE, **more)


def async_client(column: Column) -> AsyncOpenAI:
    return AsyncOpenAI(base_url=column.url, api_key="sk-client", max_retries=0, timeout=PATIENCE)


def content(chunk: Any) -> str:
    return "".join(choice.delta.content or "" for choice in chunk.choices if choice.index == 0)


def direct_chunks(column: Column, **ask: Any) -> list[Any]:
    """The same request's chunks from the provider itself."""
    direct = OpenAI(base_url=column.provider.url, api_key="sk-client", max_retries=0, timeout=PATIENCE)
    return [chunk.model_dump() for chunk in direct.chat.completions.create(stream=True, **ASK, **ask)]


STREAMS: dict[str, tuple[Any, dict[str, Any]]] = {
    "text": (chat(WORDS), {}),
    "usage": (chat(WORDS), {"stream_options": {"include_usage": True}}),
    "usage-declined": (chat(WORDS), {"stream_options": {"include_usage": False}}),
    "tools": (chat(["Looking."], tools=TOOLS), {"stream_options": {"include_usage": True}}),
    "only-tools": (chat([], tools=TOOLS), {}),
    "reasoning": (chat(WORDS, reasoning=["Let me ", "think."]), {}),
    "refusal": (chat([], refusal=["I can", "not."]), {}),
    "length": (chat(WORDS, finish="length"), {}),
    "filter": (chat(WORDS, finish="content_filter"), {}),
    "two-choices": (chat(["a", "b", "c"], choices=2), {"n": 2}),
    "padded": (chat(WORDS, pad="xyz"), {}),
    "empty": (chat([]), {}),
}


@pytest.mark.parametrize("case", STREAMS)
def test_stream(column: Column, case: str) -> None:
    script, ask = STREAMS[case]
    column.provider.answer(script)
    chunks = [chunk.model_dump() for chunk in client(column).chat.completions.create(stream=True, **ASK, **ask)]
    assert normalised(chunks) == normalised(direct_chunks(column, **ask))
    asked = bool(ask.get("stream_options", {}).get("include_usage"))
    assert any(chunk["usage"] for chunk in chunks) == asked, "a usage chunk only if asked for"


@pytest.mark.parametrize("case", ["usage", "tools", "two-choices"])
def test_stream_async(column: Column, case: str) -> None:
    script, ask = STREAMS[case]
    column.provider.answer(script)

    async def read() -> list[Any]:
        async with async_client(column) as sdk:
            stream = await sdk.chat.completions.create(stream=True, **ASK, **ask)
            return [chunk.model_dump() async for chunk in stream]

    assert normalised(asyncio.run(read())) == normalised(direct_chunks(column, **ask))


def test_stream_helper(column: Column) -> None:
    """The SDK's own accumulator, with its events, over a stream with tools."""
    column.provider.answer(chat(["Looking."], tools=TOOLS))
    with client(column).chat.completions.stream(**ASK) as stream:
        final = stream.get_final_completion()
    message = final.choices[0].message
    assert message.content == "Looking."
    assert [(call.id, call.function.name, call.function.arguments) for call in message.tool_calls or []] == [
        (tool.id, tool.name, tool.arguments) for tool in TOOLS
    ]
    assert final.choices[0].finish_reason == "tool_calls"


@pytest.mark.parametrize("case", STREAMS)
def test_whole(column: Column, case: str) -> None:
    """Not streamed: the fold of a streamed answer equals the provider's own object."""
    script, ask = STREAMS[case]
    ask = {key: value for key, value in ask.items() if key != "stream_options"}
    column.provider.answer(script)
    through = client(column).chat.completions.create(**ASK, **ask).model_dump()
    direct = OpenAI(base_url=column.provider.url, api_key="sk-client").chat.completions.create(**ASK, **ask)
    wanted = direct.model_dump()
    assert through["usage"]["total_tokens"] == 30, "usage is in every whole answer"
    for part in ("prompt_tokens", "completion_tokens"):
        assert through["usage"][part] == wanted["usage"][part]
    assert without_usage(through) == without_usage(wanted)


def without_usage(completion: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in completion.items() if key != "usage"}


def test_whole_async(column: Column) -> None:
    column.provider.answer(chat(WORDS))

    async def ask() -> Any:
        async with async_client(column) as sdk:
            return await sdk.chat.completions.create(**ASK)

    completion = asyncio.run(ask())
    assert completion.choices[0].message.content == "".join(WORDS)


def test_request_is_the_clients_own(column: Column) -> None:
    """Members no model knows reach the provider as they were; ours are stripped."""
    column.provider.answer(chat(WORDS))
    extra = {"seed": 12345678901234567890, "odd": {"deep": [1.50, 1e2, "é\u2028"]}, "temperature": 0.30}
    list(client(column).chat.completions.create(stream=True, **ASK, extra_body=extra))
    sent = column.provider.exchanges[0]
    assert sent.headers["authorization"] == "Bearer sk-client"
    assert sent.json["odd"] == extra["odd"] and sent.json["seed"] == extra["seed"]
    assert sent.json["messages"] == ASK["messages"] and sent.json["model"] == "stand-in" and sent.json["stream"] is True
    assert not any(name.startswith("x-freshet") for name in sent.headers) and "freshet" not in sent.json


ERRORS = [400, 401, 403, 404, 408, 409, 422, 429, 500, 502, 503, 529]
PASSED = {
    "retry-after": "7",
    "retry-after-ms": "7000",
    "x-should-retry": "false",
    "x-request-id": "req_standin",
    "x-ratelimit-remaining-requests": "0",
    "openai-processing-ms": "12",
}


def raised(column_url: str, stream: bool) -> openai.APIStatusError:
    sdk = OpenAI(base_url=column_url, api_key="sk-client", max_retries=0, timeout=PATIENCE)
    with pytest.raises(openai.APIStatusError) as caught:
        answer = sdk.chat.completions.create(stream=stream, **ASK)
        list(answer) if stream else answer
    return caught.value


@pytest.mark.parametrize("stream", [True, False], ids=["stream", "whole"])
@pytest.mark.parametrize("status", ERRORS)
def test_error_status(column: Column, status: int, stream: bool) -> None:
    """A provider's error passes with its status, body and listed headers, after one attempt."""
    headers = {**PASSED, "x-private": "hidden", "set-cookie": "a=b"}
    column.provider.answer(error(status, f"no: {status}", headers))
    through = raised(column.url, stream)
    assert column.provider.count == 1, "one attempt"
    wanted = raised(column.provider.url, stream)
    assert type(through) is type(wanted)
    assert through.status_code == status and through.body == wanted.body and through.code == wanted.code
    assert {name: through.response.headers.get(name) for name in PASSED} == PASSED
    if not column.direct:
        assert "x-private" not in through.response.headers and "set-cookie" not in through.response.headers


def test_error_async(column: Column) -> None:
    column.provider.answer(error(429, "slow down", PASSED))

    async def ask() -> None:
        async with async_client(column) as sdk:
            await sdk.chat.completions.create(stream=True, **ASK)

    with pytest.raises(openai.RateLimitError) as caught:
        asyncio.run(ask())
    assert caught.value.response.headers["retry-after"] == "7"


BROKEN: dict[str, tuple[list[Any], bool]] = {
    # what follows the text, and whether the SDK alone notices it without Freshet
    "error-frame": ([frame({"error": {"message": "overheated", "type": "server_error", "code": "hot"}})], True),
    "reset": ([RESET], True),
    "fin": ([FIN], True),
    "clean-end-without-finish": ([], False),
    "done-without-finish": ([frame("[DONE]")], False),
}


@pytest.mark.parametrize("case", BROKEN)
def test_broken_in_the_middle(column: Column, case: str) -> None:
    """The text so far was shown, then the SDK raises; never a clean end."""
    ends, noticed = BROKEN[case]
    # A pause lets what was sent arrive: a reset discards what the peer has not read yet.
    column.provider.answer(chat(WORDS, ends=[0.2, *ends]))
    shown = ""

    def read() -> None:
        nonlocal shown
        for chunk in client(column).chat.completions.create(stream=True, **ASK):
            shown += content(chunk)

    if column.direct and not noticed:
        read()  # half an answer passes for a whole one: what Freshet is there to prevent
    else:
        with pytest.raises(openai.APIError) as caught:
            read()
        if case == "error-frame":
            assert "overheated" in str(caught.value)
    assert shown == "".join(WORDS)


def test_broken_async(column: Column) -> None:
    column.provider.answer(chat(WORDS, ends=[0.2, FIN]))
    shown: list[str] = []

    async def read() -> None:
        async with async_client(column) as sdk:
            async for chunk in await sdk.chat.completions.create(stream=True, **ASK):
                shown.append(content(chunk))

    with pytest.raises(openai.APIError):
        asyncio.run(read())
    assert "".join(shown) == "".join(WORDS)


@pytest.mark.parametrize("case", ["fin", "error-frame", "clean-end-without-finish"])
def test_whole_of_a_broken_answer(gateway: Any, provider: Any, case: str) -> None:
    """A broken answer that was to be sent whole is an error status, not half an answer."""
    provider.answer(chat(WORDS, ends=[0.2, *BROKEN[case][0]]))
    sdk = OpenAI(base_url=f"{gateway.url}/v1", api_key="sk-client", max_retries=0, timeout=PATIENCE)
    with pytest.raises(openai.InternalServerError) as caught:
        sdk.chat.completions.create(**ASK)
    assert caught.value.status_code in (500, 502)


def test_broken_before_the_first_token(gateway: Any, provider: Any) -> None:
    """Nothing was sent yet, so the failure is a status."""
    sdk = OpenAI(base_url=f"{gateway.url}/v1", api_key="sk-client", max_retries=0, timeout=PATIENCE)
    for before in ([RESET], [FIN]):
        provider.answer(chat(WORDS, head=before))
        with pytest.raises(openai.InternalServerError) as caught:
            list(sdk.chat.completions.create(stream=True, **ASK))
        assert caught.value.status_code == 502


def test_what_may_be_missing(gateway: Any, provider: Any) -> None:
    """Once every choice has its finish reason, neither usage nor [DONE] nor a clean end is needed."""
    finish = {"id": "x", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    finish = {**finish, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
    for ends in ([frame(finish)], [frame(finish), FIN], [frame(finish), STALL]):
        provider.answer(chat(WORDS, ends=ends))
        with Connection(gateway.port) as connection:
            body = {**ASK, "stream": True, "stream_options": {"include_usage": True}}
            response = connection.request("POST", "/v1/chat/completions", body=body)
            events = list(response.events())
        assert response.status == 200 and response.ended == "clean" and events[-1].data == "[DONE]"


def test_the_bytes_of_a_failure(gateway: Any, provider: Any) -> None:
    """After content: an error frame, no [DONE], no last chunk, and nothing that looks like an end."""
    provider.answer(chat(WORDS, ends=[0.2, RESET]))
    with Connection(gateway.port) as connection:
        response = connection.request("POST", "/v1/chat/completions", body={**ASK, "stream": True})
        events = [event for event in response.events() if event.data is not None]
    assert response.ended == "cut"
    assert all(event.data != "[DONE]" for event in events)
    failure = events[-1].json()["error"]
    assert failure["message"] and failure["code"] == "provider_truncated"
    assert "".join(e.json()["choices"][0]["delta"].get("content") or "" for e in events[:-1]) == "".join(WORDS)


def test_garbage_line(gateway: Any, provider: Any) -> None:
    """A line that is no JSON is skipped while a proper end follows."""
    provider.answer(lambda exchange: with_garbage(chat(WORDS)(exchange)))
    with Connection(gateway.port) as connection:
        response = connection.request("POST", "/v1/chat/completions", body={**ASK, "stream": True})
        events = list(response.events())
    assert response.ended == "clean" and events[-1].data == "[DONE]"
    said = [event.json()["choices"][0]["delta"].get("content") or "" for event in events[:-1] if event.data]
    assert "".join(said) == "".join(WORDS)


def with_garbage(answer: Any) -> Any:
    answer.steps = [*answer.steps[:4], b"data: {\xff\xfe not json\n\n", *answer.steps[4:]]
    return answer


# Leaving.


def abort(column: Column, tokens: int, stream: bool = True) -> None:
    """Opens a request, leaves after `tokens` tokens, and waits for the provider to be freed."""
    gate = Gate()
    column.provider.answer(chat(WORDS, gate=gate))
    gate.release(tokens)
    seen: list[str] = []

    async def read(sdk: AsyncOpenAI) -> None:
        answer: Any = await sdk.chat.completions.create(stream=stream, **ASK)
        async for chunk in answer:
            seen.extend(filter(None, [content(chunk)]))

    async def leave() -> float:
        async with async_client(column) as sdk:
            task = asyncio.create_task(read(sdk))
            await asyncio.to_thread(column.provider.wait_count, 1)
            async with asyncio.timeout(PATIENCE):
                while len(seen) < tokens:
                    await asyncio.sleep(0.01)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        return time.monotonic()

    left = asyncio.run(leave())
    assert seen == WORDS[:tokens]
    exchange = column.provider.exchanges[0]
    assert exchange.wait() == "aborted" and exchange.closed is not None
    assert exchange.closed - left < FREED, "the provider is freed when its client has gone"
    column.provider.wait_open(0)


@pytest.mark.parametrize("tokens", [0, 1, 3])
def test_abort(column: Column, tokens: int) -> None:
    abort(column, tokens)


def test_abort_of_a_whole_answer(column: Column) -> None:
    abort(column, 0, stream=False)


def test_abort_while_the_provider_has_not_answered(gateway: Any, provider: Any) -> None:
    """Before the response head: with FIN, and with RST."""
    for number in (1, 2):
        provider.answer(chat(WORDS, head=[STALL]))
        with Connection(gateway.port) as connection:
            connection.send("POST", "/v1/chat/completions", body={**ASK, "stream": True})
            exchange = provider.wait_count(number)
            if number == 2:
                reset_on_close(connection)
        left = time.monotonic()
        assert exchange.wait() == "aborted"
        assert exchange.closed - left < FREED


def reset_on_close(connection: Connection) -> None:
    connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def test_sync_close_in_the_middle(column: Column) -> None:
    gate = Gate()
    column.provider.answer(chat(WORDS, gate=gate))
    gate.release(2)
    sdk = client(column)
    stream = sdk.chat.completions.create(stream=True, **ASK)
    shown = ""
    for chunk in stream:
        shown += content(chunk)
        if shown == "Hello":
            break
    stream.close()
    left = time.monotonic()
    exchange = column.provider.exchanges[0]
    assert exchange.wait() == "aborted" and exchange.closed is not None and exchange.closed - left < FREED


# Many.


def test_200_at_once(column: Column) -> None:
    """All are open at the provider before the first may end, each gets its own answer, all end."""
    many = 200
    gate = Gate()
    column.provider.answer(lambda exchange: chat([exchange.json["user"], *WORDS], gate=gate)(exchange))

    async def one(sdk: AsyncOpenAI, number: int) -> str:
        stream = await sdk.chat.completions.create(stream=True, user=f"u{number} ", **ASK)
        return "".join([content(chunk) async for chunk in stream])

    async def everyone() -> list[str]:
        async with async_client(column) as sdk:
            tasks = [asyncio.create_task(one(sdk, number)) for number in range(many)]
            await asyncio.to_thread(column.provider.wait_open, many)
            gate.open()
            return await asyncio.gather(*tasks)

    answers = asyncio.run(everyone())
    assert answers == [f"u{number} {''.join(WORDS)}" for number in range(many)]
    assert column.provider.most_open == many and column.provider.count == many


# NDJSON by Accept.


def test_ndjson(gateway: Any, provider: Any) -> None:
    """Each frame's JSON on one line, no [DONE]; the SDK's types read the same from it as from SSE."""
    provider.answer(chat(["Looking."], tools=TOOLS))
    body = {**ASK, "stream": True, "stream_options": {"include_usage": True}}
    with Connection(gateway.port) as connection:
        headers = {"accept": "application/x-ndjson"}
        response = connection.request("POST", "/v1/chat/completions", headers, body)
        values = list(response.lines())
    assert response.headers["content-type"].startswith("application/x-ndjson") and response.ended == "clean"
    with Connection(gateway.port) as connection:
        events = list(connection.request("POST", "/v1/chat/completions", body=body).events())
    assert events[-1].data == "[DONE]"
    assert values == [event.json() for event in events[:-1]]


def test_ndjson_failure(gateway: Any, provider: Any) -> None:
    provider.answer(chat(WORDS, ends=[0.2, FIN]))
    with Connection(gateway.port) as connection:
        headers = {"accept": "application/x-ndjson"}
        response = connection.request("POST", "/v1/chat/completions", headers, {**ASK, "stream": True})
        values = list(response.lines())
    assert response.ended == "cut" and values[-1]["error"]["code"] == "provider_truncated"


def test_models(column: Column) -> None:
    """`GET /v1/models`, as the SDK lists them."""
    names = [model.id for model in client(column).models.list()]
    if column.direct:
        assert names == column.provider.models
