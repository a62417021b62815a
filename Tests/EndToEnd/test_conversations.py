"""Conversations as they last: with a turn that is missing, beside one another, over a restart; and repeats of requests
whose answer or parent is gone. What one costs must not grow with what came before it, but for what the provider gets."""

from __future__ import annotations

import os
import sqlite3
import threading
from typing import Any

import pytest

from gateway import Served, configuration, folder
from held import eventually, resident
from provider import STALL, Provider, chat
from test_generations import MESSAGES, ask, code, contents, create, ended, read_status, turn

NAME = {"accept": "application/json"}


def serve(provider: Provider, data: str, loops: int = 1, **limits: str) -> Served:
    return Served(configuration(provider.url, loops, data=data, limits=limits))


def go_on(gateway: Served, parent: str, **fields: str) -> tuple[Any, Any]:
    return ask(gateway, "POST", "/v1/generations", {"parent": parent, "messages": MESSAGES}, **{**NAME, **fields})


def damage(data: str, identity: str) -> None:
    with sqlite3.connect(f"{data}/catalogue.sqlite") as catalogue:
        catalogue.execute("UPDATE logs SET lines = x'7b' WHERE id = ?", (identity,))
    catalogue.close()


GONE = ["deleted", "deleted, restarted", "deleted, read", "damaged", "too much", "too much, read", "in memory alone"]


@pytest.mark.parametrize("how", GONE)
def test_a_turn_is_missing(provider: Provider, how: str) -> None:
    """A conversation is whole or refused, wherever the rest of it is; the rest can be read."""
    data = "off" if how == "in memory alone" else f"{folder()}/data"
    limits = {}
    if how.startswith("too much"):
        limits = {"retention": "48KiB", "retention_time": "8s"}  # looked for every 2 s
    with serve(provider, data, **limits) as gateway:
        root = turn(gateway, provider, "one", "x" * 40_000, system="Be brief.")
        second = turn(gateway, provider, "two", "2?", root)
        third = turn(gateway, provider, "three", "y" * (20_000 if limits else 2), second)
        if how == "too much, read":
            assert read_status(gateway, root) == 200
        if limits:
            assert eventually(lambda: read_status(gateway, root) == 404)
        elif how.startswith("deleted") or how == "in memory alone":
            assert ask(gateway, "DELETE", f"/v1/generations/{root}")[0].status == 204
        if how not in ("deleted, restarted", "damaged", "deleted, read"):
            check_missing(gateway, provider, root, [second, third])
        assert gateway.stop() == 0
    if data == "off" or limits:
        return
    if how == "damaged":
        damage(data, root)
    with serve(provider, data) as gateway:
        if how == "deleted, read":
            assert read_status(gateway, third) == read_status(gateway, second) == 200
        check_missing(gateway, provider, root, [second, third])


def check_missing(gateway: Served, provider: Provider, root: str, rest: list[str]) -> None:
    count = provider.count
    for parent in rest:
        response, document = go_on(gateway, parent)
        assert code((response, document)) == (410, "gone"), document
        assert document["error"]["param"] == "parent" and root in document["error"]["message"]
        assert response.headers["x-freshet-generation"] == root
    response, document = go_on(gateway, root)
    assert code((response, document)) == (404, "not_found") and document["error"]["param"] == "parent"
    assert root in document["error"]["message"] and "x-freshet-generation" not in response.headers
    assert [read_status(gateway, identity) for identity in rest] == [200] * len(rest)
    assert provider.count == count


@pytest.mark.parametrize("loops", [1, 2])
def test_one_running_child_of_a_restored_parent(provider: Provider, loops: int) -> None:
    """Whatever loop the requests come to, and whether the parent is in memory or not."""
    data = f"{folder()}/data"
    with serve(provider, data, loops) as gateway:
        root = turn(gateway, provider, "one", "1?", system="Be brief.")
        parent = turn(gateway, provider, "two", "2?", root)
        provider.answer(chat(["x"], ends=[STALL]))
        child = create(gateway, {"parent": parent, "messages": MESSAGES})
        gateway.kill()
    with serve(provider, data, loops) as gateway:
        assert ended(gateway, child)["state"] == "interrupted"
        for _ in range(2):
            count, got = provider.count, []
            askers = [threading.Thread(target=lambda: got.append(go_on(gateway, parent))) for _ in range(8)]
            for asker in askers:
                asker.start()
            for asker in askers:
                asker.join()
            statuses = sorted(response.status for response, _ in got)
            assert statuses == [201] + [409] * 7
            assert len({response.headers["x-freshet-generation"] for response, _ in got}) == 1
            provider.wait_count(count + 1)
            assert contents(provider.exchanges[-1]) == ["Be brief.", "1?", "one", "2?", "two", "Hello?"]
            child = got[0][0].headers["x-freshet-generation"]
            assert ask(gateway, "POST", f"/v1/generations/{child}/stop")[0].status == 200


# Repeats.


@pytest.mark.parametrize("path", ["/v1/generations", "/v1/chat/completions"])
@pytest.mark.parametrize("how", ["on disk", "in memory alone", "restarted"])
def test_a_repeat_after_the_time(provider: Provider, how: str, path: str) -> None:
    """An answer that is no longer kept frees its key: the same request makes another one, which the key then names."""
    data = "off" if how == "in memory alone" else f"{folder()}/data"
    limits = {"kept_time": "1s", "retention_time": "1s"}
    body, fields = {"model": "m", "messages": MESSAGES}, {"idempotency_key": "k"}
    provider.answer(chat(["one"]))
    names = []
    for _ in range(2 if how == "restarted" else 1):
        with serve(provider, data, **limits) as gateway:
            for _ in range(1 if how == "restarted" else 2):
                response, document = ask(gateway, "POST", path, body, **fields)
                assert response.status == 200, document
                names.append(response.headers["x-freshet-generation"])
                assert eventually(lambda: read_status(gateway, names[-1]) == 404)
    assert len(set(names)) == provider.count == 2
    with serve(provider, data) as gateway:
        for status in (201, 200):
            response, document = ask(gateway, "POST", "/v1/generations", body, **NAME, idempotency_key="again")
            assert response.status == status
            ended(gateway, document["id"])


@pytest.mark.parametrize("restarts", [False, True])
def test_a_repeat_whose_parent_is_gone(provider: Provider, restarts: bool) -> None:
    """The same request reads the same answer, whatever became of what it went on from, or of its model's name."""
    data = f"{folder()}/data"
    with serve(provider, data) as gateway:
        parent = turn(gateway, provider, "one", "1?")
        response, child = go_on(gateway, parent, idempotency_key="k")
        assert response.status == 201
        ended(gateway, child["id"])
        assert ask(gateway, "DELETE", f"/v1/generations/{parent}")[0].status == 204
        if not restarts:
            check_repeat(gateway, parent, child["id"])
    if restarts:
        with serve(provider, data) as gateway:
            check_repeat(gateway, parent, child["id"])
    assert provider.count == 2


def check_repeat(gateway: Served, parent: str, child: str) -> None:
    response, document = go_on(gateway, parent, idempotency_key="k")
    assert (response.status, document["id"]) == (200, child)
    other = {"parent": parent, "messages": [{"role": "user", "content": "Other?"}]}
    response, document = ask(gateway, "POST", "/v1/generations", other, idempotency_key="k")
    assert code((response, document)) == (422, "idempotency_mismatch")
    assert code(go_on(gateway, parent)) == (404, "not_found")


# What a turn costs.


def ticks(gateway: Served) -> int:
    with open(f"/proc/{gateway.process.pid}/stat") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return int(fields[11]) + int(fields[12])


def test_what_a_turn_costs(provider: Provider, capsys: pytest.CaptureFixture[str]) -> None:
    """N, 2N, 4N turns: reading them takes memory for each once, going on takes none for good."""
    size, rows = 100_000, []
    for count in (10, 20, 40):
        data, parent, names = f"{folder()}/data", None, []
        with serve(provider, data) as gateway:
            for number in range(count):
                parent = turn(gateway, provider, "one", f"{number} " + "x" * size, parent)
                names.append(parent)
            assert gateway.stop() == 0
        with serve(provider, data) as gateway:
            total = count * size
            read_all, before = ticks(gateway), 1024 * resident(gateway)
            assert [read_status(gateway, name) for name in names] == [200] * count
            read_all, reading = ticks(gateway) - read_all, 1024 * resident(gateway) - before
            last, before = ticks(gateway), 1024 * resident(gateway)
            for number in range(5):
                turn(gateway, provider, "one", f"{number}?", parent)
            last, going = ticks(gateway) - last, 1024 * resident(gateway) - before
            sent = len(provider.exchanges[-1].body)
            assert total < sent < total * 1.1 + 4096
        hertz = os.sysconf("SC_CLK_TCK")
        rows.append(
            f"{count:3} turns of {size // 1000} KB: all read {reading >> 10} KiB {read_all * 1000 // hertz} ms; "
            f"gone on 5 times, {sent >> 10} KiB each, {going >> 10} KiB {last * 1000 // hertz} ms"
        )
        assert reading < 4 * total + (8 << 20), rows
        assert going < 12 * total + (8 << 20), rows
    with capsys.disabled():
        print("", *rows, sep="\n")


ASKED = {
    # Path → a request that says "one" under the instruction "Be brief.", in that path's dialect.
    "/v1/chat/completions": {
        "model": "m",
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "one"}],
    },
    "/v1/messages": {
        "model": "m",
        "max_tokens": 99,
        "system": "Be brief.",
        "messages": [{"role": "user", "content": [{"type": "text", "text": "one"}]}],
    },
    "/v1beta/models/m:generateContent": {
        "systemInstruction": {"parts": [{"text": "Be brief."}]},
        "contents": [{"role": "user", "parts": [{"text": "one"}]}],
    },
}


@pytest.mark.parametrize("path", ASKED)
@pytest.mark.parametrize("restarted", [False, True])
def test_a_turn_was_asked_in_another_dialect(provider: Provider, path: str, restarted: bool) -> None:
    """Native requests go on from it, whatever process has it."""
    data = f"{folder()}/data"
    gateway = serve(provider, data)
    try:
        provider.answer_next(chat(["1!"]))
        first, _ = ask(gateway, "POST", path, ASKED[path], **{"x-freshet-log": "on"})
        assert first.status == 200
        parent = first.headers["x-freshet-generation"]
        ended(gateway, parent)
        if restarted:
            assert gateway.stop() == 0
            gateway = serve(provider, data)
        provider.answer_next(chat(["2!"]))
        assert go_on(gateway, parent)[0].status == 201
        assert eventually(lambda: len(provider.exchanges) >= 2)
        said = [(message["role"], texts(message["content"])) for message in provider.exchanges[-1].json["messages"]]
        assert said == [("system", "Be brief."), ("user", "one"), ("assistant", "1!"), ("user", MESSAGES[0]["content"])]
    finally:
        gateway.stop()


def texts(content: Any) -> str:
    return content if isinstance(content, str) else "".join(part["text"] for part in content)
