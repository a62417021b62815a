"""What was deleted, and what is too old or too much, goes from the disk: no file has its text any more."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from gateway import Served, configuration, folder
from held import eventually
from provider import Exchange, Gate, Provider, chat
from test_disk import catalogued
from test_generations import ask, create, ended, read, read_status

QUESTION = "a-question-nobody-else-asks-7f3a"
ANSWER = "an-answer-nobody-else-gives-5b1c"
BODY = {"model": "m", "messages": [{"role": "user", "content": QUESTION}]}
TOKENS = [ANSWER + " ", "日本 ", *["x" * 500] * 20]  # longer than a page of the catalogue


def holding(data: str, text: str) -> list[str]:
    """The files that have it."""
    found = []
    for place, _, names in os.walk(data):
        for name in names:
            try:
                content = Path(place, name).read_bytes()
            except FileNotFoundError:  # deleted meanwhile
                continue
            if text.encode() in content:
                found.append(name)
    return found


def serve(provider: Provider, data: str, **limits: str) -> Served:
    return Served(configuration(provider.url, 2, data=data, limits=limits))


def test_deleted_text_goes(provider: Provider) -> None:
    """Filed or running, read from disk or not: gone from segments and catalogue while the process runs on."""
    data = f"{folder()}/data"
    provider.answer(chat(TOKENS))
    # Looked for every 2 s.
    with serve(provider, data, retention_time="8s", kept_time="200ms") as gateway:
        fields = {"idempotency-key": "k"}
        names = [create(gateway, BODY, **(fields if number == 0 else {})) for number in range(4)]
        for name in names:
            ended(gateway, name)
        assert holding(data, ANSWER) and holding(data, QUESTION)
        for name in names:
            assert ask(gateway, "DELETE", f"/v1/generations/{name}")[0].status == 204
            assert read_status(gateway, name) == 404
        assert eventually(lambda: not holding(data, ANSWER) and not holding(data, QUESTION)), holding(data, ANSWER)


def test_deleted_beside_a_running_one(provider: Provider) -> None:
    """A segment stays as long as something in it runs; the deleted text goes with it at the latest."""
    data, gate = f"{folder()}/data", Gate()

    def answer(exchange: Exchange):  # type: ignore[no-untyped-def]
        asked = exchange.json["messages"][0]["content"]
        return chat(TOKENS)(exchange) if asked == QUESTION else chat(["One ", "two"], gate=gate)(exchange)

    provider.answer(answer)
    with serve(provider, data, retention_time="8s") as gateway:
        gate.release()
        other = create(gateway, {"model": "m", "messages": [{"role": "user", "content": "another"}]})
        assert eventually(lambda: read(gateway, other)["message"]["content"] == "One ")
        name = create(gateway, BODY)
        ended(gateway, name)
        assert ask(gateway, "DELETE", f"/v1/generations/{name}")[0].status == 204
        gate.open()
        assert ended(gateway, other)["message"]["content"] == "One two"
        assert eventually(lambda: not holding(data, ANSWER) and not holding(data, QUESTION)), holding(data, ANSWER)
        gateway.kill()
    with serve(provider, data) as gateway:
        assert read_status(gateway, name) == 404


@pytest.mark.parametrize("limit", [{"retention_time": "1s"}, {"retention": "1KiB", "retention_time": "4s"}])
def test_what_expired_goes(provider: Provider, limit: dict[str, str]) -> None:
    """Made long after the start, so that a look at the start alone would not do."""
    data = f"{folder()}/data"
    provider.answer(chat(TOKENS))
    with serve(provider, data, **limit) as gateway:
        for _ in range(3):
            name = create(gateway, BODY)
            ended(gateway, name)
            assert eventually(lambda: not holding(data, ANSWER) and not holding(data, QUESTION)), holding(data, ANSWER)
        assert eventually(lambda: os.listdir(f"{data}/segments") == [])


def test_segments_go(provider: Provider) -> None:
    """Only what runs needs a segment: those of ended answers go, the answers stay."""
    data = f"{folder()}/data"
    provider.answer(chat(TOKENS))
    with serve(provider, data, retention_time="12s") as gateway:  # looked for every 3 s
        names = [create(gateway, BODY) for _ in range(10)]
        for name in names:
            ended(gateway, name)
        assert eventually(lambda: os.listdir(f"{data}/segments") == [])
        assert holding(data, ANSWER)
        for name in names:
            assert ANSWER in read(gateway, name)["message"]["content"]


@pytest.mark.parametrize("count", [0, 2])
def test_a_stop_leaves_no_segment(provider: Provider, count: int) -> None:
    """Deleted text is nowhere as soon as the process has ended; the answers beside it are in the catalogue."""
    data = f"{folder()}/data"
    provider.answer(chat(TOKENS))
    with serve(provider, data) as gateway:
        names = [create(gateway, {**BODY, "messages": [{"role": "user", "content": "x"}]}) for _ in range(count)]
        deleted = create(gateway, BODY)
        for name in (*names, deleted):
            ended(gateway, name)
        assert eventually(lambda: len(catalogued(data)) == count + 1)
        assert ask(gateway, "DELETE", f"/v1/generations/{deleted}")[0].status == 204
        assert gateway.stop() == 0
    assert os.listdir(f"{data}/segments") == [] and not holding(data, QUESTION)
    with serve(provider, data) as gateway:
        assert all(ANSWER in read(gateway, name)["message"]["content"] for name in names)
