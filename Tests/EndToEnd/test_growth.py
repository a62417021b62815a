"""What a provider can make the gateway keep: it has a bound, and its cost grows with its size alone."""

from __future__ import annotations

import time
from typing import Any

import pytest

from asking import FINISH, ChatReader, ask_chat, content, delta, settings, together
from gateway import Gateway, Served
from provider import DONE, Answer, Provider, Step, chat, frame
from wire import EventStream, Response


def resident(gateway: Gateway) -> int:
    """The most memory it has ever had, in KiB."""
    with open(f"/proc/{gateway.process.pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))


MANY = 20_000


def nameless_arguments() -> list[Step]:
    frames = [delta(tool_calls=[{"index": 0, "function": {"arguments": "y" * 8000}}])] * 8000
    return [*together(frames, 10), delta(finish="tool_calls"), DONE]


def many_calls(named: bool) -> list[Step]:
    def call(number: int) -> dict[str, Any]:
        function = {"name": "f", "arguments": "{}"} if named else {"arguments": "{}"}
        return {"index": number, "id": f"call_{number}", "type": "function", "function": function}

    return [*together(delta(tool_calls=[call(number)]) for number in range(MANY)), delta(finish="tool_calls"), DONE]


def many_choices() -> list[Step]:
    frames = [delta(number, content="x") for number in range(MANY)]
    return [*together(frames), *together(delta(number, "stop") for number in range(MANY)), DONE]


def garbage() -> list[Step]:
    piece = b"data: {no json}\n\n" * 500
    return [delta(content="x"), *[piece] * 200, delta(finish="stop"), DONE]


def wide_frame() -> list[Step]:
    members = {f"member_{number}": number for number in range(100_000)}
    return [delta(content="x", **members), delta(finish="stop"), DONE]


def wide_chunks() -> list[Step]:
    frames = [frame({"choices": [], f"member_{number}": number}) for number in range(MANY)]
    return [delta(content="x"), *together(frames), delta(finish="stop"), DONE]


GROWING = {
    "wide-frame": wide_frame,
    "wide-chunks": wide_chunks,
    "garbage": garbage,
    "nameless-arguments": nameless_arguments,
    "calls": lambda: many_calls(True),
    "nameless-calls": lambda: many_calls(False),
    "choices": many_choices,
}


def sizes(calls: list[str], texts: list[str]) -> tuple[int, int, int]:
    return len(calls), sum(map(len, calls)), sum(len(text) for text in texts)


GROWN = {
    "nameless-arguments": (1, 8000 * 8000, 0),
    "calls": (MANY, 2 * MANY, 0),
    "nameless-calls": (MANY, 2 * MANY, 0),
    "choices": (0, 0, MANY),
    "garbage": (0, 0, 1),
    "wide-frame": (0, 0, 1),
    "wide-chunks": (0, 0, 1),
}


# What is past the limits of choices and calls ends the answer: a part of it must not pass for the whole.
CASES = ["nameless-arguments", "calls", "nameless-calls", "choices", "garbage", "wide-frame", "wide-chunks"]


@pytest.mark.parametrize("stream", [True, False], ids=["streamed", "whole"])
@pytest.mark.parametrize("case", CASES)
def test_a_provider_without_measure(
    provider: Provider, case: str, stream: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    """An error or all of it, soon, and in bounded memory; others are still served."""
    provider.answer_next(chat(["x"]), Answer(GROWING[case]()))
    with Served(settings(provider)) as gateway:
        ask_chat(gateway.port, stream=stream)
        before, began = resident(gateway), time.monotonic()
        response = ask_chat(gateway.port, timeout=20, stream=stream)
        growth, taken = resident(gateway) - before, time.monotonic() - began
        assert ask_chat(gateway.port).status == 200
    if response.status != 200:
        outcome = content(response)["error"]["code"]
    elif stream:
        outcome = _streamed_outcome(case, response)
    else:
        choices = content(response)["choices"]
        calls = [c["function"]["arguments"] for choice in choices for c in choice["message"].get("tool_calls") or ()]
        assert sizes(calls, [choice["message"]["content"] or "" for choice in choices]) == GROWN[case]
        outcome = "whole"
    with capsys.disabled():
        print(f"\n{case}, {'streamed' if stream else 'whole'}: {outcome}, {growth} KiB more, {taken:.2f} s")
    assert growth < 150 << 10


def _streamed_outcome(case: str, response: Response) -> str:
    reader, stream = ChatReader(), EventStream()
    body: bytes = response.content  # type: ignore[attr-defined]
    for at in range(0, len(body), 1 << 14):  # the reader's cost grows with the size of a piece
        for event in stream.feed(body[at : at + (1 << 14)]):
            reader.event(event)
    if reader.is_done:
        assert response.ended == "clean"
        assert sizes(list(reader.calls.values()), list(reader.texts.values())) == GROWN[case]
        return "whole"
    assert reader.error is not None and response.ended == "cut"
    return str(reader.error["code"])


def processor_time(gateway: Gateway) -> float:
    """Seconds of processor time of the whole process, by its own clock (clock_getcpuclockid(3))."""
    return time.clock_gettime((~gateway.process.pid << 3) | 2)


def test_many_log_probabilities(provider: Provider, capsys: pytest.CaptureFixture[str]) -> None:
    """Of a long answer, merged in order and complete; what they cost grows with their number alone."""

    def entry(number: int) -> dict[str, Any]:
        best = [{"token": f"t{number}.{rank}", "logprob": -0.5 * rank, "bytes": [120, rank]} for rank in range(3)]
        return {"token": f"t{number}", "logprob": -number / 7, "bytes": None, "top_logprobs": best}

    costs = []
    with Served(settings(provider)) as gateway:
        for count in (100, 4_000, 16_000):
            entries = [entry(number) for number in range(count)]
            frames = [delta(logprobs={"content": [item], "refusal": None}, content="x") for item in entries]
            provider.answer(Answer([*together(frames), FINISH, DONE]))
            before = processor_time(gateway)
            response = ask_chat(gateway.port, timeout=20, logprobs=True, top_logprobs=3)
            costs.append(processor_time(gateway) - before)
            choice = content(response)["choices"][0]
            assert choice["message"]["content"] == "x" * count
            assert choice["logprobs"]["content"] == entries and choice["logprobs"].get("refusal") is None
    with capsys.disabled():
        print(f"\n16,000 against 4,000 log probabilities: {costs[2] / costs[1]:.1f} times the processor time")
