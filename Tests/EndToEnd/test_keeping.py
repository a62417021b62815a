"""What is kept, for whom and how long; and conversations that go on from whatever an answer came to."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from typing import Any

import pytest

from asking import settings
from conftest import LOOPS, NOTES, SOAK
from gateway import Served, configuration, folder
from held import eventually
from observed import scrape
from provider import FIN, STALL, Answer, Exchange, Gate, Provider, Tool, chat, error
from readers import NativeReader
from wire import Connection, Response

MESSAGES = [{"role": "user", "content": "Hello?"}]
BODY = {"model": "m", "messages": MESSAGES}
NAME = {"accept": "application/json"}


def ask(gateway: Served, method: str, target: str, body: Any = None, **fields: str) -> tuple[Response, Any]:
    with Connection(gateway.port) as connection:
        response = connection.request(method, target, {k.replace("_", "-"): v for k, v in fields.items()}, body)
        data = response.body()
    return response, json.loads(data) if response.headers.get("content-type") == "application/json" else data


def state(gateway: Served, identity: str) -> str:
    response, document = ask(gateway, "GET", f"/v1/generations/{identity}")
    return str(document["state"]) if response.status == 200 else str(response.status)


# Who leaves.

WAYS: dict[str, Callable[[Connection], None]] = {
    "chat": lambda c: c.send("POST", "/v1/chat/completions", {}, {**BODY, "stream": True}),
    "whole chat": lambda c: c.send("POST", "/v1/chat/completions", {}, BODY),
    "native, off": lambda c: c.send("POST", "/v1/generations", {"x-freshet-log": "off"}, BODY),
    "browser": lambda c: c.send("GET", "/api/chat?prompt=x&model=m"),
    "native": lambda c: c.send("POST", "/v1/generations", {}, BODY),
    "native lines": lambda c: c.send("POST", "/v1/generations", {"accept": "application/x-ndjson"}, BODY),
    "native name": lambda c: c.send("POST", "/v1/generations", NAME, BODY),
    "chat, on": lambda c: c.send("POST", "/v1/chat/completions", {"x-freshet-log": "on"}, {**BODY, "stream": True}),
    "whole chat, on": lambda c: c.send("POST", "/v1/chat/completions", {"x-freshet-log": "on"}, BODY),
    "native, on": lambda c: c.send("POST", "/v1/generations", {"x-freshet-log": "on"}, BODY),
    "chat, key": lambda c: c.send("POST", "/v1/chat/completions", {"idempotency-key": "k"}, BODY),
    "native, key": lambda c: c.send("POST", "/v1/generations", {"idempotency-key": "k"}, BODY),
    "browser, on": lambda c: c.send("GET", "/api/chat?prompt=x&model=m&log=on"),
}
PLAIN = ["chat", "whole chat", "native, off"]
ORPHANED = ["native", "native lines", "native name"]
"""These run on for ten minutes without a reader."""
TO_THE_END = [way for way in WAYS if way.endswith((", on", ", key"))]


def left(gateway: Served, provider: Provider, way: str) -> Exchange:
    """One that was asked for in this way, and whose reader has left."""
    count = provider.count
    with Connection(gateway.port) as connection:
        WAYS[way](connection)
        return provider.wait_count(count + 1)


@pytest.mark.timeout(900 if SOAK else 60)
def test_who_leaves(provider: Provider) -> None:
    """Plain: cancelled at once. A browser's: after 5 s. Native: after ten minutes (long form). Logged: never."""
    provider.answer(chat(["Hel", "lo"], ends=[STALL]))
    with Served(settings(provider, deadlines={"silence": "20m"})) as gateway:
        began = time.monotonic()
        asked = {way: left(gateway, provider, way) for way in WAYS}
        names = {entry["id"]: entry for entry in ask(gateway, "GET", "/v1/generations?limit=100")[1]["data"]}
        for way in PLAIN:
            assert asked[way].wait(5) == "aborted", way
        assert asked["browser"].wait(25) == "aborted"
        closed = asked["browser"].closed
        assert closed is not None and closed - began > 4.5, "it had time to come back"
        time.sleep(max(0.0, began + 6 - time.monotonic()))
        assert all(asked[way].end is None for way in (*ORPHANED, *TO_THE_END))
        running = [entry["id"] for entry in ask(gateway, "GET", "/v1/generations?state=running&limit=100")[1]["data"]]
        assert len(running) == len(ORPHANED) + len(TO_THE_END)
        # What is plain is nowhere; a browser's has ended and is still there.
        kept = set(names) - set(running)
        assert [state(gateway, identity) for identity in kept].count("failed") == 1
        NOTES.append(f"keeping: a browser's answer was cancelled {closed - began:.1f} s after it left")
        if not SOAK:
            return
        for way in ORPHANED:
            assert asked[way].wait(640) == "aborted", way
            assert asked[way].closed is not None and asked[way].closed - began > 590
        assert all(asked[way].end is None for way in TO_THE_END)
        outcomes = [ask(gateway, "GET", f"/v1/generations/{identity}")[1] for identity in running]
        ended = [document for document in outcomes if document["state"] != "running"]
        assert len(ended) == len(ORPHANED)
        assert {(document["state"], document["error"]["code"]) for document in ended} == {("failed", "abandoned")}
        assert all(document["message"]["content"] == "Hello" for document in ended)


@pytest.mark.parametrize("loops", LOOPS)
def test_an_answer_larger_than_all_that_is_kept(provider: Provider, loops: int) -> None:
    """It leaves memory when it is on disk, and not before: whenever it is asked for it is there, also by a successor."""
    text = "日本 " * 20000
    provider.answer(chat([text] * 3))
    content = configuration(provider.url, loops, data=f"{folder()}/data", limits={"kept": "64KiB"})
    with Served(content) as gateway:
        names = []
        for _ in range(10):
            response, _ = ask(gateway, "POST", "/v1/generations", BODY)  # to its end
            names.append(response.headers["x-freshet-generation"])
            assert state(gateway, names[-1]) == "finished"
        for name in names:
            assert state(gateway, name) == "finished"
        assert gateway.stop() == 0
    with Served(content) as gateway:
        for name in names:
            document = ask(gateway, "GET", f"/v1/generations/{name}")[1]
            assert (document["state"], document["message"]["content"]) == ("finished", text * 3)


@pytest.mark.soak
@pytest.mark.timeout(150)
def test_a_browsers_answer_is_kept_for_a_minute(gateway: Served, provider: Provider) -> None:
    provider.answer(chat(["Hel", "lo"]))
    response, _ = ask(gateway, "GET", "/api/chat?prompt=x&model=m")
    identity, began = response.headers["x-freshet-generation"], time.monotonic()
    while time.monotonic() < began + 57:
        again, body = ask(gateway, "GET", "/api/chat?prompt=x", last_event_id=f"{identity}:0")
        assert again.status == 200 and b'"done"' in body
        time.sleep(5)
    assert eventually(lambda: state(gateway, identity) == "404", 30)
    again, _ = ask(gateway, "GET", "/api/chat?prompt=x", last_event_id=f"{identity}:0")
    assert again.status == 404 and provider.count == 1


def test_an_orphan_is_given_up(provider: Provider) -> None:
    """Also one whose reader left before it was found on disk that there is a parent."""
    provider.answer(chat(["Hel", "lo"], ends=[STALL]))
    with Served(settings(provider, limits={"orphan_time": "300ms"})) as gateway:
        for way in (*ORPHANED, *TO_THE_END):
            exchange = left(gateway, provider, way)
            if way in ORPHANED:
                assert exchange.wait(5) == "aborted", way
        ended = ask(gateway, "GET", "/v1/generations?state=failed")[1]["data"]
        assert len(ended) == len(ORPHANED)
        for entry in ended:
            document = ask(gateway, "GET", f"/v1/generations/{entry['id']}")[1]
            assert document["error"]["code"] == "abandoned" and document["message"]["content"] == "Hello"
        assert len(ask(gateway, "GET", "/v1/generations?state=running")[1]["data"]) == len(TO_THE_END)


def test_readers_that_leave_while_the_disk_is_asked(provider: Provider) -> None:
    """They hold nothing, and what they asked for is an orphan."""
    provider.answer(chat(["Hel", "lo"]))
    limits = {"kept_time": "1ms", "orphan_time": "300ms"}
    with Served({**configuration(provider.url, LOOPS[-1]), "limits": limits}) as gateway:
        made = [ask(gateway, "POST", "/v1/generations", BODY)[0] for _ in range(20)]
        names = [response.headers["x-freshet-generation"] for response in made]
        time.sleep(0.1)  # they leave memory
        for identity in names:
            with Connection(gateway.port) as connection:
                connection.send("GET", f"/v1/generations/{identity}/events")
        provider.answer(chat(["Hel", "lo"], ends=[STALL]))
        for identity in names[:5]:
            with Connection(gateway.port) as connection:
                connection.send("POST", "/v1/generations", {}, {**BODY, "parent": identity})
        assert eventually(lambda: scrape(gateway).value("freshet_readers") == 0)
        assert eventually(lambda: not ask(gateway, "GET", "/v1/generations?state=running")[1]["data"])


def said(stream: str) -> str:
    return "".join(re.findall(r'"(?:delta|content)":"([^"]+)"', stream))


@pytest.mark.parametrize("way", ["native", "native lines", "chat, on"])
def test_who_asks_again_with_a_place_reads_on(gateway: Served, provider: Provider, way: str) -> None:
    """As a client does that reconnects by sending its request again: nothing is made, nothing is paid twice."""
    provider.answer(chat(["Hel", "lo"]))
    with Connection(gateway.port) as connection:
        WAYS[way](connection)
        first = Response(connection)
        body = first.body().decode()
    identity = first.headers["x-freshet-generation"]
    place = {"last-event-id": f"{identity}:3"}
    target = "/v1/chat/completions" if way == "chat, on" else "/v1/generations"
    fields = {"accept": "application/x-ndjson"} if way == "native lines" else {}
    again = {**BODY, "stream": True} if way == "chat, on" else BODY
    with Connection(gateway.port) as connection:
        response = connection.request("POST", target, {**fields, **place}, again)
        rest = response.body().decode()
    assert response.headers["x-freshet-generation"] == identity and provider.count == 1
    assert said(rest) == said(body) == "Hello" and rest.count("id") < body.count("id")
    wrong, document = ask(gateway, "POST", target, again, last_event_id="17")
    assert wrong.status == 400 and document["error"]["param"] == "Last-Event-ID" and provider.count == 1


def test_an_orphan_that_is_read_again_is_kept(provider: Provider) -> None:
    """Readers come and go; each that comes finds it running."""
    gate = Gate()
    provider.answer(chat(["Hel", "lo"], gate=gate))
    with Served(configuration(provider.url, LOOPS[-1])) as gateway:
        exchange = left(gateway, provider, "browser")
        identity = ask(gateway, "GET", "/v1/generations")[1]["data"][0]["id"]
        for _ in range(3):
            time.sleep(2)
            with Connection(gateway.port) as connection:
                again = connection.request("GET", "/api/chat?prompt=x", {"last-event-id": f"{identity}:0"})
                assert again.status == 200 and next(again.pieces())
        assert exchange.end is None, "6 s after the first reader left"
        gate.open()
        _, body = ask(gateway, "GET", "/api/chat?prompt=x", last_event_id=f"{identity}:0")
        assert b'"done"' in body


@pytest.mark.parametrize("loops", LOOPS)
def test_deleted_while_it_is_read_from_disk(provider: Provider, loops: int) -> None:
    """Readers that are about to get it from the disk do not bring it back: after 204 it is nowhere."""
    provider.answer(chat(["Hel", "lo"]))
    with Served({**configuration(provider.url, loops), "limits": {"kept_time": "1ms"}}) as gateway:
        for _ in range(100 if SOAK else 20):
            identity = ask(gateway, "POST", "/v1/generations", BODY)[0].headers["x-freshet-generation"]
            one = f"/v1/generations/{identity}"
            time.sleep(0.05)  # it leaves memory; reading it would bring it back
            connections = [Connection(gateway.port) for _ in range(20)]
            connections[0].send("DELETE", one)
            for connection in connections[1:]:
                connection.send("GET", one)
            answers = [Response(connection) for connection in connections]
            for answer, connection in zip(answers, connections, strict=True):
                answer.body()
                connection.close()
            assert answers[0].status == 204 and {answer.status for answer in answers[1:]} <= {200, 404}
            assert state(gateway, identity) == "404"
            assert identity not in str(ask(gateway, "GET", "/v1/generations?limit=100")[1])


@pytest.mark.parametrize("way", list(WAYS))
def test_every_answer_names_its_generation(gateway: Served, provider: Provider, way: str) -> None:
    """Whole, refused by the provider, and broken off."""
    for script in (chat(["Hel"]), error(429), error(500), chat(["Hel"], ends=[FIN]), Answer(before_head=[FIN])):
        provider.answer(script)
        with Connection(gateway.port) as connection:
            WAYS[way](connection)
            response = Response(connection)
            response.body()
            assert response.headers["x-freshet-generation"].startswith("gen_"), (way, response.status)


# Conversations.


def strict(*tokens: str) -> Callable[[Exchange], Answer]:
    """Refuses what OpenAI refuses: a tool call without result, a result without call, arguments that are no JSON."""

    def answer(exchange: Exchange) -> Answer:
        due: list[str] = []
        for message in exchange.json["messages"]:
            role, content = message["role"], message.get("content")
            if role == "tool":
                if message["tool_call_id"] not in due:
                    return error(400, f"no call {message['tool_call_id']}")
                due.remove(message["tool_call_id"])
                continue
            if due:
                return error(400, f"no results of {due}")
            due = [call["id"] for call in message.get("tool_calls") or ()]
            try:
                for call in message.get("tool_calls") or ():
                    assert call["type"] == "function" and isinstance(json.loads(call["function"]["arguments"]), dict)
            except (AssertionError, ValueError):
                return error(400, "arguments are no JSON object")
            if not isinstance(content, str | list) and not due:
                return error(400, f"no content: {message}")
        return error(400, f"no results of {due}") if due else chat(tokens)(exchange)

    return answer


def made(gateway: Served, body: Any = BODY) -> str:
    response, document = ask(gateway, "POST", "/v1/generations", body, **NAME)
    assert response.status == 201, document
    return str(document["id"])


def ended(gateway: Served, identity: str) -> Any:
    assert eventually(lambda: state(gateway, identity) != "running")
    return ask(gateway, "GET", f"/v1/generations/{identity}")[1]


CALLS = [Tool("call_a", "look", ['{"q":', '"é"}']), Tool("call_b", "look", ['{"q":', '[1,', "2]}"])]


@pytest.mark.parametrize("how", ["stopped", "failed", "stopped, read", "finished"])
def test_goes_on_from_whatever_there_was(gateway: Served, provider: Provider, how: str) -> None:
    """Cut behind each event of an answer with text and two calls at once: the next turn is one a provider takes."""
    for after in range(10):
        goes_on(gateway, provider, how, after)


def goes_on(gateway: Served, provider: Provider, how: str, after: int) -> None:
    count = provider.count
    provider.answer(chat(["Hel", "lo"], reasoning=["Hm."], tools=CALLS, fault_after=after, ends=ending(how, after)))
    identity = made(gateway)
    exchange = provider.wait_count(count + 1)
    if how in ("stopped", "stopped, read"):
        settle(gateway, identity, after)
        with Connection(gateway.port) as reader:
            if how == "stopped, read":
                reader.send("GET", f"/v1/generations/{identity}/events")
            response, document = ask(gateway, "POST", f"/v1/generations/{identity}/stop")
            assert response.status == 200 and document["state"] == "stopped"
        assert exchange.wait() == "aborted"
    found = ended(gateway, identity)
    calls = [block["call_id"] for block in found["message"]["blocks"] if block["type"] == "tool-input"]
    if how in ("stopped", "stopped, read"):
        outputs = found["message"]["tool_outputs"]
        assert [output["call_id"] for output in outputs] == calls and all("error" in out["result"] for out in outputs)
        check_order(gateway, identity)
    provider.answer(strict("Fine."))
    results = [{"role": "tool", "tool_call_id": name, "content": "1"} for name in calls] if how == "finished" else []
    child = made(gateway, {"parent": identity, "messages": [*results, {"role": "user", "content": "And now?"}]})
    answer = ended(gateway, child)
    assert answer["state"] == "finished" and answer["message"]["content"] == "Fine.", (answer, found)
    grandchild = made(gateway, {"parent": child, "messages": MESSAGES})
    assert ended(gateway, grandchild)["state"] == "finished"


def ending(how: str, after: int) -> list[Any] | None:
    if how == "finished":
        return finish("tool_calls" if after > 3 else "stop")
    return [FIN if how == "failed" else STALL]


def finish(reason: str) -> list[Any]:
    choice = {"index": 0, "delta": {}, "finish_reason": reason}
    return [f"data: {json.dumps({'choices': [choice]})}\n\n".encode(), b"data: [DONE]\n\n"]


def settle(gateway: Served, identity: str, after: int) -> None:
    """Waits until all that the provider has said is in the log."""
    want = min(after, 10)
    said = ["Hm.", "Hel", "lo"][:want]

    def texts() -> list[str]:
        blocks = ask(gateway, "GET", f"/v1/generations/{identity}")[1]["message"]["blocks"]
        return [block["text"] for block in blocks]

    pieces = [CALLS[0].pieces[0], CALLS[1].pieces[0], CALLS[0].pieces[1], CALLS[1].pieces[1], CALLS[1].pieces[2]]
    size = sum(map(len, said)) + sum(map(len, pieces[: max(0, want - 5)]))
    assert eventually(lambda: sum(map(len, texts())) == size), (texts(), size)
    time.sleep(0.05)  # a call's beginning has no text


def check_order(gateway: Served, identity: str) -> None:
    """The results stand before the end, and after them nothing else."""
    with Connection(gateway.port) as connection:
        reader = NativeReader()
        response = connection.request("GET", f"/v1/generations/{identity}/events", {"accept": "application/x-ndjson"})
        for line in response.lines():
            reader.line(line)
    kinds = [event["type"] for event in reader.events]
    outputs = [place for place, kind in enumerate(kinds) if kind == "tool-output"]
    assert outputs == list(range(len(kinds) - 1 - len(outputs), len(kinds) - 1)), kinds


def test_goes_on_from_any_dialect(gateway: Served, provider: Provider) -> None:
    """An answer that was made as Chat or by a browser has children as a native one has; its options stay behind."""
    provider.answer(strict("one"))
    body = {"model": "m1", "messages": [{"role": "system", "content": "Brief."}, *MESSAGES], "temperature": 0.5}
    response, _ = ask(gateway, "POST", "/v1/chat/completions", {**body, "stream": True}, x_freshet_log="on")
    browser, _ = ask(gateway, "GET", "/api/chat?prompt=Hello%3F&model=m2&log=on")
    for parent, model, system in ((response, "m1", True), (browser, "m2", False)):
        child = made(gateway, {"parent": parent.headers["x-freshet-generation"], "messages": MESSAGES})
        assert ended(gateway, child)["model"] == model
        sent = provider.exchanges[-1].json
        said = [message["content"] for message in sent["messages"]]
        assert said == [*(["Brief."] if system else []), "Hello?", "one", "Hello?"] and "temperature" not in sent


def test_a_conversation_has_a_length(provider: Provider) -> None:
    """Past `limits.body` with all that went before: 413, and nobody is asked."""
    provider.answer(strict("x" * 600))
    with Served({**configuration(provider.url), "limits": {"body": "2KiB"}}) as gateway:
        parent, statuses = made(gateway), []
        for _ in range(4):
            ended(gateway, parent)
            body = {"parent": parent, "messages": MESSAGES}
            response, document = ask(gateway, "POST", "/v1/generations", body, **NAME)
            statuses.append(response.status)
            if response.status == 413:
                assert document["error"]["code"] == "too_large"
                break
            parent = document["id"]
        assert statuses[-1] == 413 and len(statuses) > 1 and provider.count == len(statuses)


@pytest.mark.soak
@pytest.mark.timeout(300)
def test_a_thousand_turns(gateway: Served, provider: Provider) -> None:
    provider.answer(chat(["x"]))
    parent = made(gateway)
    for turn in range(1, 1002):
        ended(gateway, parent)
        response, document = ask(gateway, "POST", "/v1/generations", {"parent": parent, "messages": MESSAGES}, **NAME)
        if response.status != 201:
            assert document["error"]["param"] == "parent" and turn == 1000, (turn, document)
            return
        parent = document["id"]
    raise AssertionError("no end")
