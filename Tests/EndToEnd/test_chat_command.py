"""The command line: `freshet chat`, `freshet decode`, and `freshet simulate` seen by a stranger."""

from __future__ import annotations

import json
import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openai
import pytest
from openai import OpenAI

from conftest import SOAK
from corpus import ROOT, THERE, recordings
from gateway import Gateway, Program, Served, run
from provider import FIN, PATIENCE, Gate, Provider, chat, error
from readers import NativeReader
from wire import Connection, Response

TOKENS = ["Once ", "upon ", "a ", "time", ", 日本", " 🙂", "."]
TEXT = "".join(TOKENS)
FREED = 5.0


def chat_command(gateway: Gateway, *more: str, **options: Any) -> Program:
    return Program("chat", "--url", gateway.url, "--model", "stand-in", *more, "Tell me.", **options)


# freshet chat


def test_plain_in_a_pipe(gateway: Served, provider: Provider) -> None:
    provider.answer(chat(TOKENS, reasoning=["Hm."]))
    with chat_command(gateway) as program:
        text = program.rest().decode()
        assert program.wait() == 0
    assert text.rstrip("\n") == TEXT and "\x1b" not in text
    assert provider.exchanges[0].json["messages"][-1] == {"role": "user", "content": "Tell me."}


@pytest.mark.parametrize("terminal", [False, True], ids=["pipe", "terminal"])
@pytest.mark.parametrize("tokens", [0, 3])
def test_interrupt(gateway: Served, provider: Provider, tokens: int, terminal: bool) -> None:
    """Ctrl-C: the provider is freed, the text stays, exit 130."""
    gate = Gate()
    provider.answer(chat(TOKENS, gate=gate))
    shown = "".join(TOKENS[:tokens])
    with chat_command(gateway, terminal=terminal) as program:
        exchange = provider.wait_count(1)
        gate.release(tokens)
        screen = b""
        while shown.rstrip() not in screen.decode(errors="ignore"):
            screen += program.read()
        time.sleep(0.1 if not tokens else 0)
        program.interrupt()
        left = time.monotonic()
        screen += program.rest()
        assert program.wait() in (130, -signal.SIGINT)
        assert program.process.returncode == 130
    assert exchange.wait() == "aborted" and exchange.closed is not None and exchange.closed - left < FREED
    assert shown.rstrip() in screen.decode(errors="ignore")


def test_status_line(gateway: Served, provider: Provider) -> None:
    """A terminal sees, under the answer, the model, the tokens as the provider counted them, their rate and the
    wait for the first; a pipe does not (`test_plain_in_a_pipe`)."""
    script = chat(TOKENS)
    provider.answer(script)
    with chat_command(gateway, terminal=True) as program:
        screen = program.rest().decode()
        assert program.wait() == 0
    lines = [re.sub(r"\x1b\[[0-9;]*m", "", line).strip() for line in screen.splitlines()]
    assert TEXT.rstrip() in lines
    status = lines[-1]
    assert "stand-in" in status and re.search(r"\d+ tokens", status) and re.search(r"[\d.]+ tokens/s", status), status
    assert re.search(r"first (token )?after [\d.]+ m?s", status), status


def test_failures_are_told(gateway: Served, provider: Provider) -> None:
    """What was shown stays on stdout, the reason goes to stderr, and the exit status is not 0."""
    for script, text in ((chat(TOKENS, ends=[0.2, FIN]), TEXT), (error(500, "overheated"), "")):
        provider.answer(script)
        with chat_command(gateway) as program:
            shown = program.rest().decode()
            assert program.wait() not in (0, 130)
            assert shown.rstrip("\n") == text and program.errors().strip()


def test_no_gateway() -> None:
    done = run("chat", "--url", "http://127.0.0.1:9", "hello")
    assert done.returncode not in (0, 130) and "127.0.0.1:9" in done.stderr


def test_no_key() -> None:
    settings = {"listen": "127.0.0.1:0", "data": "off", "keys": {"a": {"key": "x"}}}
    with Served(settings) as gateway:
        done = run("chat", "--url", gateway.url, "hello")
        assert done.returncode == 1 and "FRESHET_KEY" in done.stderr


@pytest.mark.parametrize("command", ["serve", "check", "simulate", "chat", "decode"])
def test_each_command_tells_of_itself(command: str) -> None:
    told = run(command, "--help").stdout
    assert told.startswith(f"freshet {command} ") and told in run("--help").stdout


# freshet decode


@pytest.mark.skipif(not THERE, reason=f"no recorded streams at {ROOT}")
def test_decode() -> None:
    """Events of recorded streams, understood by the native reader as the vendor's SDK understood the streams."""
    streams = [recording for recording in recordings("openai-chat") if recording.name.endswith(".sse")]
    for recording in streams if SOAK else streams[::3]:
        assert recording.final is not None
        done = run("decode", str(ROOT / "streams" / "openai-chat" / recording.name), "--dialect", "openai-chat")
        assert done.returncode == 0, done.stderr
        reader = NativeReader()
        for line in done.stdout.splitlines():
            reader.line(json.loads(line))
        wanted = recording.final["choices"][0]
        assert reader.message.outcome == "finished", recording.name
        if recording.choices == 1:
            assert reader.message.text == (wanted["message"]["content"] or ""), recording.name
            assert reader.message.refusal == (wanted["message"].get("refusal") or ""), recording.name
            calls = [(call.id, call.name, call.arguments) for call in reader.message.tool_calls]
            assert calls == [
                (call["id"], call["function"]["name"], call["function"]["arguments"])
                for call in wanted["message"].get("tool_calls") or []
            ], recording.name
        assert reader.message.finish_reason == wanted["finish_reason"]


def test_decode_of_what_is_no_stream(tmp_path: Path) -> None:
    file = tmp_path / "odd"
    file.write_bytes(b"<html>\xff</html>")
    done = run("decode", str(file), "--dialect", "openai-chat")
    assert json.loads(done.stdout.splitlines()[-1])["outcome"] == "failed" if done.stdout else done.returncode != 0
    assert "--dialect is missing" in run("decode", str(file)).stderr
    done = run("decode", str(file), "--dialect", "morse")
    assert done.returncode != 0 and "openai-chat" in done.stderr, "it says which there are"
    assert run("decode", str(tmp_path / "nothing"), "--dialect", "openai-chat").returncode != 0


# freshet simulate


@pytest.fixture(scope="module")
def simulator() -> Iterator[Gateway]:
    with Gateway("--listen", "127.0.0.1:0", command="simulate") as running:
        yield running


def sdk(gateway: Gateway) -> OpenAI:
    return OpenAI(base_url=f"{gateway.url}/v1", api_key="unused", max_retries=0, timeout=PATIENCE)


def said(gateway: Gateway, model: str, **more: Any) -> list[Any]:
    messages: Any = [{"role": "user", "content": "Say something."}]
    return list(sdk(gateway).chat.completions.create(model=model, messages=messages, stream=True, **more))


def text_of(chunks: list[Any]) -> str:
    return "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices)


def pieces_of(chunks: list[Any]) -> int:
    return sum(bool(choice.delta.content) for chunk in chunks for choice in chunk.choices)


def sim_raw(simulator: Gateway, model: str) -> tuple[Response, list[str]]:
    """The raw stream's data lines."""
    with Connection(simulator.port) as connection:
        body = {"model": model, "messages": [{"role": "user", "content": "x"}], "stream": True}
        response = connection.request("POST", "/v1/chat/completions", body=body)
        return response, [event.data for event in response.events() if event.data is not None]


def test_tokens(simulator: Gateway) -> None:
    """`n` says how many; the default is 200."""
    for count in (1, 5, 300):
        chunks = said(simulator, f"sim/talk-n{count}-i0-t0")
        assert pieces_of(chunks) == count
        assert [c.choices[0].finish_reason for c in chunks if c.choices][-1] is not None
    assert pieces_of(said(simulator, "sim/talk-i0-t0")) == 200


def test_seeds(simulator: Gateway) -> None:
    one, again, other = (text_of(said(simulator, f"sim/talk-n60-i0-t0-seed{seed}")) for seed in (1, 1, 2))
    assert one == again != other


def test_words(simulator: Gateway) -> None:
    assert "```" in text_of(said(simulator, "sim/code-i0-t0"))
    json.loads(text_of(said(simulator, "sim/json-i0-t0")))
    thinking = said(simulator, "sim/think-i0-t0")
    assert any(getattr(c.delta, "reasoning_content", None) for chunk in thinking for c in chunk.choices)
    assert text_of(thinking)
    talk = text_of(said(simulator, "sim/talk-n2000-i0-t0"))
    assert any(ord(letter) > 0xFFFF for letter in talk), "emoji"
    assert any(0x4E00 <= ord(letter) < 0xA000 for letter in talk), "CJK"


TOOL = {
    "type": "function",
    "function": {
        "name": "weather",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
            "required": ["city", "days"],
        },
    },
}


def test_tools(simulator: Gateway) -> None:
    """Calls one of the tools it was given, with arguments by its schema."""
    messages: Any = [{"role": "user", "content": "Weather?"}]
    answer = sdk(simulator).chat.completions.create(model="sim/tools-i0-t0", messages=messages, tools=[TOOL])  # type: ignore[list-item]
    calls: Any = answer.choices[0].message.tool_calls
    assert calls and answer.choices[0].finish_reason == "tool_calls"
    for call in calls:
        arguments = json.loads(call.function.arguments)
        assert call.function.name == "weather"
        assert isinstance(arguments["city"], str) and isinstance(arguments["days"], int)


def test_json_by_schema(simulator: Gateway) -> None:
    schema = TOOL["function"]["parameters"]  # type: ignore[index]
    wanted: Any = {"type": "json_schema", "json_schema": {"name": "w", "schema": schema}}
    messages: Any = [{"role": "user", "content": "Weather?"}]
    answer = sdk(simulator).chat.completions.create(model="sim/json-i0-t0", messages=messages, response_format=wanted)
    value = json.loads(answer.choices[0].message.content or "")
    assert isinstance(value["city"], str) and isinstance(value["days"], int)


def test_usage_of_the_simulator(simulator: Gateway) -> None:
    assert all(chunk.usage is None for chunk in said(simulator, "sim/talk-n5-i0-t0"))
    last = said(simulator, "sim/talk-n5-i0-t0", stream_options={"include_usage": True})[-1]
    assert last.usage.completion_tokens == 5 and last.choices == []


def test_pace(simulator: Gateway) -> None:
    """`t` before the first, `i` between two: never sooner. (Later is the machine's affair.)"""
    began = time.monotonic()
    said(simulator, "sim/talk-n6-i50000-t200000")
    assert time.monotonic() - began >= 0.2 + 5 * 0.05 - 0.01


def test_split(simulator: Gateway) -> None:
    whole = text_of(said(simulator, "sim/talk-n20-i0-t0-seed3"))
    assert text_of(said(simulator, "sim/talk-n20-i0-t0-seed3-split3")) == whole
    assert text_of(said(simulator, "sim/talk-n20-i0-t0-seed3-split")) == whole


@pytest.mark.parametrize("control", ["rst5", "fin5"])
def test_cuts(simulator: Gateway, control: str) -> None:
    response, lines = sim_raw(simulator, f"sim/talk-n20-i2000-t0-{control}")
    assert response.ended == "cut" and "[DONE]" not in lines
    tokens = [line for line in lines if json.loads(line)["choices"][0]["delta"].get("content")]
    assert len(tokens) == 5 or (control == "rst5" and len(tokens) <= 5), "a reset may discard what is under way"


def test_stall(simulator: Gateway) -> None:
    with Connection(simulator.port, timeout=2) as connection:
        body = {"model": "sim/talk-n20-i0-t0-stall5", "messages": [{"role": "user", "content": "x"}], "stream": True}
        events = connection.request("POST", "/v1/chat/completions", body=body).events()
        tokens = 0
        with pytest.raises(TimeoutError):
            for event in events:
                tokens += bool(json.loads(event.data or "{}")["choices"][0]["delta"].get("content"))
        assert tokens == 5


def test_error_in_the_stream(simulator: Gateway) -> None:
    with pytest.raises(openai.APIError):
        said(simulator, "sim/talk-n20-i0-t0-err5")


def test_garbage(simulator: Gateway) -> None:
    with pytest.raises(UnicodeDecodeError):
        sim_raw(simulator, "sim/talk-n20-i0-t0-garbage5")


def test_nodone(simulator: Gateway) -> None:
    response, lines = sim_raw(simulator, "sim/talk-n5-i0-t0-nodone")
    assert response.ended == "clean" and "[DONE]" not in lines


def test_statuses(simulator: Gateway) -> None:
    for status in (400, 404, 429, 500, 503):
        with pytest.raises(openai.APIStatusError) as caught:
            said(simulator, f"sim/talk-http{status}-retry7")
        assert caught.value.status_code == status
        assert caught.value.response.headers.get("retry-after") == ("7" if status in (429, 503) else None)


def test_every(simulator: Gateway) -> None:
    """Faults only on each third request of this model."""
    outcomes = []
    for _ in range(6):
        try:
            outcomes.append(bool(said(simulator, "sim/talk-n3-i0-t0-http500-every3")))
        except openai.InternalServerError:
            outcomes.append(False)
    assert outcomes == [True, True, False] * 2


@pytest.mark.parametrize("model", ["sim/sing", "sim/talk-x5", "sim/talk-n", "sim/talk-n5-banana", "other"])
def test_unknown(simulator: Gateway, model: str) -> None:
    """An unknown word or control is a 404 that lists them."""
    with pytest.raises(openai.NotFoundError) as caught:
        said(simulator, model)
    for word in ("talk", "code", "tools", "json", "think"):
        assert word in str(caught.value)
    if model.startswith("sim/talk"):
        for control in ("stall", "garbage", "nodone", "every", "seed"):
            assert control in str(caught.value)


def test_simulated_models_of_serve(provider: Provider) -> None:
    """`sim/…` is there in `serve` too, by the same path; without a configuration it answers where no model is named."""
    with Gateway("--listen", "127.0.0.1:0") as gateway:
        assert pieces_of(said(gateway, "sim/talk-n7-i0-t0")) >= 1
        with pytest.raises(openai.NotFoundError):
            said(gateway, "sim/sing")
        with pytest.raises(openai.APIError):
            said(gateway, "sim/talk-n20-i2000-t0-fin5")
        with Program("chat", "--url", gateway.url, "--model", "sim/talk-n9-i0-t0", "Hello") as program:
            assert program.rest().strip() and program.wait() == 0
        with Connection(gateway.port) as connection:
            events = connection.request("GET", "/api/chat?prompt=hello").events()
            assert next(events).retry == "1000" and next(events).json()["type"] == "text"


@pytest.mark.skipif(not THERE, reason=f"no recorded streams at {ROOT}")
def test_replay() -> None:
    """A recorded stream is served as it is."""
    recording = next(item for item in recordings("openai-chat") if item.name.endswith(".sse"))
    path = ROOT / "streams" / "openai-chat" / recording.name
    with Gateway("--listen", "127.0.0.1:0", "--replay", str(path), command="simulate") as replayer:
        with Connection(replayer.port) as connection:
            body = {"model": "any", "messages": [{"role": "user", "content": "x"}], "stream": True}
            assert connection.request("POST", "/v1/chat/completions", body=body).body() == recording.body
