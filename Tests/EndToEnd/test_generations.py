"""`/v1/generations`: making, attaching, listing, reading, deleting, stopping, conversations, idempotency keys."""

from __future__ import annotations

import json
import random
import threading
import zlib
from collections.abc import Iterator
from typing import Any

import pytest

from conftest import LOOPS
from gateway import Served, configuration
from held import eventually
from provider import FIN, STALL, Answer, Exchange, Gate, Provider, Tool, chat, error
from readers import NativeReader, SimpleReader
from wire import Connection, Response

TOKENS = ["Hel", "lo, ", "日本 ", "🙂", "!"]
TEXT = "".join(TOKENS)
TOOL = Tool("call_a", "weather", ['{"city":', '"Paris"}'])
MESSAGES = [{"role": "user", "content": "Hello?"}]
BODY = {"model": "m", "messages": MESSAGES}
NAME = {"accept": "application/json"}
LINES = {"accept": "application/x-ndjson"}
UNKNOWN = "gen_01kagvpn40003g00000000001a"
"""As old as its time says: gone."""


def ask(gateway: Served, method: str, target: str, body: Any = None, **fields: str) -> tuple[Response, Any]:
    """One request; the body is JSON, or None where it is empty."""
    with Connection(gateway.port) as connection:
        response = connection.request(method, target, {k.replace("_", "-"): v for k, v in fields.items()}, body)
        data = response.body()
    is_json = data and response.headers.get("content-type") == "application/json"
    return response, json.loads(data) if is_json else data


def create(gateway: Served, body: Any = BODY, **fields: str) -> str:
    response, document = ask(gateway, "POST", "/v1/generations", body, **{"accept": "application/json", **fields})
    assert response.status == 201, document
    assert response.headers["location"] == f"/v1/generations/{document['id']}"
    assert response.headers["x-freshet-generation"] == document["id"] and document["freshet"] == 1
    return str(document["id"])


def read(gateway: Served, identity: str, **fields: str) -> Any:
    response, document = ask(gateway, "GET", f"/v1/generations/{identity}", **fields)
    assert response.status == 200, document
    return document


def ended(gateway: Served, identity: str, **fields: str) -> Any:
    assert eventually(lambda: read(gateway, identity, **fields)["state"] != "running"), read(gateway, identity)
    return read(gateway, identity, **fields)


def events(gateway: Served, identity: str, query: str = "", **fields: str) -> tuple[Response, list[Any]]:
    """What attaching brings: SSE blocks, or lines where `accept` asks for them."""
    with Connection(gateway.port) as connection:
        response = connection.request("GET", f"/v1/generations/{identity}/events{query}", fields)
        assert response.headers.get("x-freshet-generation", identity) == identity
        lines = "ndjson" in fields.get("accept", "")
        got = list(response.lines() if lines else response.events()) if response.status == 200 else [response.body()]
    return response, got


def code(answer: tuple[Response, Any]) -> tuple[int, str]:
    return answer[0].status, answer[1]["error"]["code"]


def checksums(message: Any) -> list[str]:
    return [f"{zlib.crc32(block['text'].encode('utf-8', 'surrogatepass')):08x}" for block in message["blocks"]]


# Making.


@pytest.mark.parametrize("accept", ["text/event-stream", "application/x-ndjson", "*/*", "application/json"])
def test_accept_decides(gateway: Served, provider: Provider, accept: str) -> None:
    provider.answer(chat(TOKENS))
    response, body = ask(gateway, "POST", "/v1/generations", BODY, accept=accept)
    identity = response.headers["x-freshet-generation"]
    assert response.headers["location"] == f"/v1/generations/{identity}"
    if accept == "application/json":
        assert response.status == 201 and body["state"] == "running" and body["id"] == identity
    else:
        assert response.status == 200
        wanted = accept if "ndjson" in accept else "text/event-stream"
        assert response.headers["content-type"].startswith(wanted)
    document = ended(gateway, identity)
    assert (document["state"], document["message"]["content"], document["model"]) == ("finished", TEXT, "m")
    assert document["checksums"] == checksums(document["message"]) and document["usage"]["output_tokens"] > 0
    assert provider.count == 1


def test_the_reader_leaves_and_comes_back(gateway: Served, provider: Provider) -> None:
    """A reader that leaves does not stop it; each of its cuts is mended, in each framing."""
    for accept in ("text/event-stream", "application/x-ndjson"):
        gate = Gate()
        provider.answer(chat(TOKENS, reasoning=["Hm."], tools=[TOOL], gate=gate))
        reader = NativeReader()
        with Connection(gateway.port) as connection:
            response = connection.request("POST", "/v1/generations", {"accept": accept}, BODY)
            identity = response.headers["x-freshet-generation"]
            take_one(reader, response)
        while reader.message.outcome is None:
            with Connection(gateway.port) as connection:
                target = f"/v1/generations/{identity}/events?after={reader.seq}"
                response = connection.request("GET", target, {"accept": accept})
                assert response.status == 200
                gate.release()
                take_one(reader, response)
        assert reader.message.text == TEXT and reader.message.reasoning == "Hm."
        assert [call.arguments for call in reader.message.tool_calls] == [TOOL.arguments]
        document = read(gateway, identity)
        assert document["message"]["content"] == TEXT and document["seq"] == reader.seq
        response, _ = events(gateway, identity, f"?after={reader.seq}")
        assert response.status == 204


def take_one(reader: NativeReader, response: Response) -> None:
    """Takes one event, be it one of many that came."""
    if "ndjson" in response.headers["content-type"]:
        reader.line(next(iter(response.lines())))
        return
    for event in response.events():
        reader.event(event)
        if event.data is not None:
            return


@pytest.mark.parametrize("framing", ["sse", "ndjson"])
@pytest.mark.parametrize("dialect", ["native", "simple", "openai-chat"])
@pytest.mark.parametrize("make", ["native", "chat", "simple"])
def test_every_dialect_from_every_event(
    gateway: Served, provider: Provider, make: str, dialect: str, framing: str
) -> None:
    """Made in one dialect, read in another, cut behind every event: what was put together is the same."""
    gate = Gate()
    provider.answer(chat(TOKENS, reasoning=["Hm."], tools=[TOOL], gate=gate))
    fields = LINES if framing == "ndjson" else {}
    identity = made(gateway, make, gate)
    query = f"?dialect={dialect}&include_usage=true"
    target = f"/v1/generations/{identity}/events{query}"
    with Connection(gateway.port) as connection:
        response = connection.request("GET", target, fields)
        gate.open()
        items = response.lines() if framing == "ndjson" else response.events()
        whole = [item for item in items if framing == "ndjson" or item.data is not None]
    wanted = understood(dialect, whole)
    assert wanted[0] == TEXT and json.loads(wanted[1][0]) == {"city": "Paris"} and wanted[2], wanted
    assert read(gateway, identity)["message"]["content"] == TEXT
    if dialect == "openai-chat" and framing == "ndjson":
        assert understood(dialect, events(gateway, identity, query, **fields)[1]) == wanted
        return
    for position, item in enumerate(whole):
        place = place_of(item, identity)
        if framing == "ndjson":
            response, rest = events(gateway, identity, f"{query}&after={place}", **fields)
        else:
            response, rest = events(gateway, identity, query, **{"last-event-id": place})
            rest = [part for part in rest if not isinstance(part, bytes) and part.data is not None]
        if position == len(whole) - 1:
            assert response.status == 204
        else:
            assert understood(dialect, whole[: position + 1] + rest) == wanted, place


def place_of(item: Any, identity: str) -> str:
    if isinstance(item, dict):
        return item["id"] if str(item.get("id")).startswith("gen_") and "seq" not in item else str(item["seq"])
    assert str(item.id).startswith(f"{identity}:")
    return str(item.id)


def understood(dialect: str, items: list[Any]) -> tuple[str, list[str], int]:
    """The text, the arguments of tool calls, and how often an end was told, as a simple client adds them up."""
    text, calls, ends = "", {}, 0
    for item in items:
        if not isinstance(item, dict) and item.data == "[DONE]":
            ends += 1
            continue
        value = item if isinstance(item, dict) else item.json()
        if dialect == "native":
            text += value["delta"] if value["type"] == "text-delta" else ""
            if value["type"] == "tool-input-delta":
                calls[value["block"]] = calls.get(value["block"], "") + value["delta"]
            ends += value["type"] == "generation-end"
        elif dialect == "simple":
            text += value["content"] if value["type"] == "text" else ""
            if value["type"] == "tool_call":
                calls[len(calls)] = json.dumps(value["params"])
            ends += value["type"] in ("done", "error")
        else:
            for choice in value["choices"]:
                text += choice["delta"].get("content") or ""
                for call in choice["delta"].get("tool_calls") or []:
                    calls[call["index"]] = calls.get(call["index"], "") + (call["function"].get("arguments") or "")
                ends += bool(choice["finish_reason"])
            ends += 100 * bool(value.get("usage"))
    return text, [calls[place] for place in sorted(calls)], ends


def made(gateway: Served, kind: str, gate: Gate) -> str:
    """Makes one that waits for its second token, and leaves it."""
    gate.release()
    with Connection(gateway.port) as connection:
        if kind == "native":
            response = connection.request("POST", "/v1/generations", {}, BODY)
        elif kind == "chat":
            logged = {"x-freshet-log": "on"}
            response = connection.request("POST", "/v1/chat/completions", logged, {**BODY, "stream": True})
        else:
            response = connection.request("GET", "/api/chat?prompt=x&model=m&log=on")
        assert response.status == 200
        return response.headers["x-freshet-generation"]


def test_logged_chat(gateway: Served, provider: Provider) -> None:
    """Chat is plain unless asked; logged, its events have cursors and its reader may leave."""
    gate = Gate()
    provider.answer(chat(TOKENS, gate=gate))
    gate.release()
    with Connection(gateway.port) as connection:
        fields = {"x-freshet-log": "on"}
        response = connection.request("POST", "/v1/chat/completions", fields, {**BODY, "stream": True})
        identity = response.headers["x-freshet-generation"]
        first = next(iter(response.events()))
        assert first.id is not None and first.id.startswith(identity)
    gate.open()
    assert ended(gateway, identity)["message"]["content"] == TEXT
    _, rest = events(gateway, identity, "?dialect=openai-chat", **{"last-event-id": first.id})
    assert rest[-1].data == "[DONE]"
    assert "".join(delta(part) for part in [first, *rest]) == TEXT
    plain, _ = ask(gateway, "POST", "/v1/chat/completions", {**BODY, "stream": True})
    assert read_status(gateway, plain.headers["x-freshet-generation"]) == 404
    whole, document = ask(gateway, "POST", "/v1/chat/completions", BODY, x_freshet_log="on")
    assert document["choices"][0]["message"]["content"] == TEXT
    assert read(gateway, whole.headers["x-freshet-generation"])["dialect"] == "openai-chat"


def delta(event: Any) -> str:
    if event.data is None or event.data == "[DONE]":
        return ""
    choices = event.json()["choices"]
    return str(choices[0]["delta"].get("content") or "") if choices else ""


def read_status(gateway: Served, identity: str) -> int:
    return ask(gateway, "GET", f"/v1/generations/{identity}")[0].status


def test_native_plain(gateway: Served, provider: Provider) -> None:
    """`x-freshet-log: off`: only its own reader reads it, and it ends with that reader."""
    provider.answer(chat(TOKENS, ends=[STALL]))
    with Connection(gateway.port) as connection:
        response = connection.request("POST", "/v1/generations", {"x-freshet-log": "off"}, BODY)
        identity = response.headers["x-freshet-generation"]
        for target in ("", "/events"):
            assert code(ask(gateway, "GET", f"/v1/generations/{identity}{target}")) == (409, "conflict")
        exchange = provider.wait_count(1)
    assert exchange.wait() == "aborted"
    assert eventually(lambda: read_status(gateway, identity) == 404)


def test_two_readers_and_a_late_one(gateway: Served, provider: Provider) -> None:
    gate = Gate()
    provider.answer(chat(TOKENS, gate=gate))
    identity = create(gateway)
    got: list[str] = []

    def follow(dialect: str) -> None:
        _, parts = events(gateway, identity, f"?dialect={dialect}")
        reader = SimpleReader() if dialect == "simple" else NativeReader()
        for part in parts:
            reader.event(part)
        got.append(reader.message.text)

    readers = [threading.Thread(target=follow, args=(dialect,)) for dialect in ("simple", "native", "native")]
    for reader in readers:
        reader.start()
    gate.open()
    for reader in readers:
        reader.join()
    follow("simple")
    assert got == [TEXT] * 4 and provider.count == 1


def test_late_readers_get_deltas_merged(gateway: Served, provider: Provider) -> None:
    provider.answer(chat(["word "] * 5000))
    identity = create(gateway)
    last = ended(gateway, identity)["seq"]
    _, lines = events(gateway, identity, **LINES)
    reader = NativeReader()
    for line in lines:
        reader.line(line)
    assert reader.message.text == "word " * 5000 and len(lines) < 50 and reader.seq == last


# Stopping and deleting.


@pytest.mark.parametrize("phase", ["before the head", "before the first token", "amid the text", "after the end"])
def test_stop(gateway: Served, provider: Provider, phase: str) -> None:
    """In every phase: at once, once for all, and what there was stays."""
    gate = Gate()
    if phase == "before the head":
        provider.answer(Answer(before_head=[STALL]))
    else:
        provider.answer(chat(TOKENS, gate=gate))
    identity = create(gateway)
    exchange = provider.wait_count(1)
    if phase == "amid the text":
        gate.release(2)
        assert eventually(lambda: read(gateway, identity)["message"]["content"] == TOKENS[0] + TOKENS[1])
    if phase == "after the end":
        gate.open()
        ended(gateway, identity)
    outcome = "finished" if phase == "after the end" else "stopped"
    for _ in range(3):
        response, document = ask(gateway, "POST", f"/v1/generations/{identity}/stop")
        assert response.status == 200 and document["state"] == outcome and document["id"] == identity
    if phase != "after the end":
        assert exchange.wait() == "aborted"
    text = {"amid the text": TOKENS[0] + TOKENS[1], "after the end": TEXT}.get(phase, "")
    assert read(gateway, identity)["message"]["content"] == text
    for dialect, wanted in (("native", outcome), ("simple", outcome)):
        _, parts = events(gateway, identity, f"?dialect={dialect}")
        reader = NativeReader() if dialect == "native" else SimpleReader()
        for part in parts:
            reader.event(part)
        assert reader.message.text == text
        found = reader.message.outcome if dialect == "native" else reader.message.finish_reason
        assert found == ("stop" if (dialect, wanted) == ("simple", "finished") else wanted)
    _, parts = events(gateway, identity, "?dialect=openai-chat")
    assert parts[-1].data == "[DONE]"
    reasons = [choice["finish_reason"] for part in parts[:-1] if part.data for choice in part.json()["choices"]]
    assert [reason for reason in reasons if reason] == ["stop"]


def test_stop_ends_its_readers(gateway: Served, provider: Provider) -> None:
    """Whoever reads gets the end, in each dialect; a Chat client without a stream gets what there is."""
    for count, kind in enumerate(("native", "chat", "simple", "whole"), 1):
        provider.answer(chat(TOKENS[:2], ends=[STALL]))
        with Connection(gateway.port) as connection:
            if kind == "native":
                connection.send("POST", "/v1/generations", {}, BODY)
            elif kind == "simple":
                connection.send("GET", "/api/chat?prompt=x&model=m")
            else:
                connection.send("POST", "/v1/chat/completions", {}, {**BODY, "stream": kind == "chat"})
            exchange = provider.wait_count(count)
            identity = running(gateway)[0]
            response, document = ask(gateway, "POST", f"/v1/generations/{identity}/stop")
            assert document["state"] == "stopped" and response.headers["x-freshet-generation"] == identity
            answer = Response(connection)
            body = answer.body()
            assert answer.status == 200 and answer.ended == "clean"
        assert exchange.wait() == "aborted"
        ends = {"native": b'"outcome":"stopped"', "chat": b"[DONE]", "simple": b'"finish_reason":"stopped"'}
        assert ends.get(kind, b'"finish_reason":"stop"') in body, kind


def running(gateway: Served) -> list[str]:
    _, document = ask(gateway, "GET", "/v1/generations?state=running")
    return [entry["id"] for entry in document["data"]]


def test_a_stop_seals_tool_calls(gateway: Served, provider: Provider) -> None:
    """The next turn has a result for each call, and arguments that are JSON."""
    gate = Gate()
    provider.answer(chat([], tools=[TOOL, Tool("call_b", "weather", ['{"city":', '"Rome"}'])], gate=gate))
    identity = create(gateway)
    provider.wait_count(1)
    gate.release(3)
    assert eventually(lambda: len(read(gateway, identity)["message"]["blocks"]) > 0)
    ask(gateway, "POST", f"/v1/generations/{identity}/stop")
    document = read(gateway, identity)
    calls = [block["call_id"] for block in document["message"]["blocks"]]
    assert [output["call_id"] for output in document["message"]["tool_outputs"]] == calls
    assert all("error" in output["result"] for output in document["message"]["tool_outputs"])
    provider.answer(chat(["Fine."]))
    child = create(gateway, {"parent": identity, "messages": [{"role": "user", "content": "Never mind."}]})
    assert ended(gateway, child)["message"]["content"] == "Fine."
    sent = provider.exchanges[-1].json["messages"]
    assert [message["role"] for message in sent] == ["user", "assistant", *["tool"] * len(calls), "user"]
    for call in sent[1]["tool_calls"]:
        assert isinstance(json.loads(call["function"]["arguments"]), dict)


def test_delete(gateway: Served, provider: Provider) -> None:
    """Running or ended, nothing of it is left; who reads it is told the end."""
    provider.answer(chat(TOKENS, ends=[STALL]))
    with Connection(gateway.port) as connection:
        response = connection.request("POST", "/v1/generations", {}, BODY)
        identity = response.headers["x-freshet-generation"]
        deleted, body = ask(gateway, "DELETE", f"/v1/generations/{identity}")
        assert deleted.status == 204 and not body and deleted.headers["x-freshet-generation"] == identity
        assert b'"outcome":"stopped"' in response.body()
    assert provider.exchanges[0].wait() == "aborted"
    for method, target in (("GET", ""), ("DELETE", ""), ("GET", "/events"), ("POST", "/stop")):
        assert code(ask(gateway, method, f"/v1/generations/{identity}{target}")) == (404, "not_found")
    assert ask(gateway, "GET", "/v1/generations")[1]["data"] == []


# Conversations.


def turn(gateway: Served, provider: Provider, answer: str, said: str, parent: str | None = None, **more: Any) -> str:
    provider.answer(chat([answer]))
    body = {"messages": [{"role": "user", "content": said}], **more, **({"parent": parent} if parent else {})}
    identity = create(gateway, {"model": "m", **body} if parent is None else body)
    assert ended(gateway, identity)["message"]["content"] == answer
    return identity


def contents(exchange: Exchange) -> list[str]:
    return [message["content"] for message in exchange.json["messages"]]


def test_conversations(gateway: Served, provider: Provider) -> None:
    """Going on, asking again, editing, branching: children that name their parent get all that came before."""
    root = turn(gateway, provider, "one", "1?", system="Be brief.")
    second = turn(gateway, provider, "two", "2?", root)
    assert contents(provider.exchanges[-1]) == ["Be brief.", "1?", "one", "2?"]
    assert provider.exchanges[-1].json["model"] == "m"
    again = turn(gateway, provider, "deux", "2?", root)
    edited = turn(gateway, provider, "drei", "3?", root)
    assert contents(provider.exchanges[-1]) == ["Be brief.", "1?", "one", "3?"]
    third = turn(gateway, provider, "quatre", "4?", again, system="Be long.")
    assert contents(provider.exchanges[-1]) == ["Be long.", "1?", "one", "2?", "deux", "4?"]
    parents = {entry["id"]: entry.get("parent") for entry in ask(gateway, "GET", "/v1/generations")[1]["data"]}
    assert parents == {root: None, second: root, again: root, edited: root, third: again}
    assert list(parents) == sorted(parents, reverse=True)
    ask(gateway, "DELETE", f"/v1/generations/{root}")
    response, document = ask(gateway, "POST", "/v1/generations", {"parent": third, "messages": MESSAGES})
    assert code((response, document)) == (410, "gone") and root in document["error"]["message"]


def test_one_running_child(gateway: Served, provider: Provider) -> None:
    root = turn(gateway, provider, "one", "1?")
    provider.answer(chat(TOKENS, ends=[STALL]))
    body = {"parent": root, "messages": MESSAGES}
    child = create(gateway, body)
    for fields in ({}, {"idempotency_key": "k"}):
        response, document = ask(gateway, "POST", "/v1/generations", body, **fields)
        assert code((response, document)) == (409, "conflict") and child in document["error"]["message"]
        assert response.headers["x-freshet-generation"] == child
    response, document = ask(gateway, "POST", "/v1/generations", {"parent": child, "messages": MESSAGES})
    assert response.status == 409 and child in document["error"]["message"]
    ask(gateway, "POST", f"/v1/generations/{child}/stop")
    provider.answer(chat(TOKENS))
    response, document = ask(gateway, "POST", "/v1/generations", body, accept="application/json", idempotency_key="k")
    assert response.status == 201, document


# Idempotency keys.


@pytest.mark.parametrize("kind", ["native", "native lines", "name", "chat", "whole"])
def test_idempotency(gateway: Served, provider: Provider, kind: str) -> None:
    """One key, one answer: in flight it is attached to, ended it is read again."""
    gate = Gate()
    provider.answer(chat(TOKENS, gate=gate))
    got: list[tuple[Response, Any]] = []
    fields = {"idempotency_key": "k 1"}
    fields["accept"] = {"native lines": "application/x-ndjson", "name": "application/json"}.get(kind, "*/*")
    target = "/v1/generations" if kind.startswith("na") else "/v1/chat/completions"
    body = {**BODY, "stream": True} if kind == "chat" else BODY
    readers = [
        threading.Thread(target=lambda: got.append(ask(gateway, "POST", target, body, **fields))) for _ in range(3)
    ]
    for reader in readers:
        reader.start()
    provider.wait_count(1)
    gate.open()
    for reader in readers:
        reader.join()
    ended(gateway, got[0][0].headers["x-freshet-generation"])
    got.append(ask(gateway, "POST", target, body, **fields))
    assert provider.count == 1
    assert len({response.headers["x-freshet-generation"] for response, _ in got}) == 1
    if kind == "name":
        assert sorted(response.status for response, _ in got) == [200, 200, 200, 201]
    else:
        assert {response.status for response, _ in got} == {200}
    if kind in ("chat", "whole"):
        texts = {said(body) for _, body in got}
        assert texts == {TEXT}
    other = {**body, "messages": [{"role": "user", "content": "Other?"}]}
    assert code(ask(gateway, "POST", target, other, **fields)) == (422, "idempotency_mismatch")
    response, _ = ask(gateway, "POST", target, other, **{**fields, "idempotency_key": "k 2"})
    assert response.status in (200, 201) and provider.wait_count(2)


def said(body: Any) -> str:
    if isinstance(body, dict):
        return str(body["choices"][0]["message"]["content"])
    text = ""
    for line in body.decode().splitlines():
        if line.startswith("data: {"):
            choices = json.loads(line[6:])["choices"]
            text += (choices[0]["delta"].get("content") or "") if choices else ""
    return text


def test_a_failure_before_content_frees_the_key(gateway: Served, provider: Provider) -> None:
    fields = {"idempotency_key": "k", "accept": "application/x-ndjson"}
    provider.answer_next(error(500), chat([TOKENS[0]], ends=[FIN]))
    failed, body = ask(gateway, "POST", "/v1/generations", BODY, **fields)
    assert b'"outcome":"failed"' in body
    cut, body = ask(gateway, "POST", "/v1/generations", BODY, **fields)
    assert b"provider_truncated" in body and cut.headers["location"] != failed.headers["location"]
    again, same = ask(gateway, "POST", "/v1/generations", BODY, **fields)
    assert again.headers["location"] == cut.headers["location"] and provider.count == 2
    assert b"provider_truncated" in same, "content binds the key, whatever the end"
    ask(gateway, "DELETE", cut.headers["location"])
    provider.answer(chat(TOKENS))
    ask(gateway, "POST", "/v1/generations", BODY, **fields)
    assert provider.count == 3


# What is refused.


def test_what_is_refused(gateway: Served, provider: Provider) -> None:
    identity = turn(gateway, provider, "one", "1?")
    root = f"/v1/generations/{identity}"
    bad = (400, "invalid_request")
    assert code(ask(gateway, "GET", f"/v1/generations/{UNKNOWN}")) == (410, "gone")
    assert code(ask(gateway, "GET", f"/v1/generations/{UNKNOWN}/events")) == (410, "gone")
    near = identity[:-1] + ("0" if identity[-1] != "0" else "1")
    for method, target in (("GET", ""), ("DELETE", ""), ("GET", "/events"), ("POST", "/stop")):
        assert code(ask(gateway, method, f"/v1/generations/{near}{target}")) == (404, "not_found")
    for query in ("after=999", "after=-1", "after=x", "after=1.x", f"after={near}:1", "dialect=x", "events=x", "after=" + "9" * 30):
        assert code(ask(gateway, "GET", f"{root}/events?{query}")) == bad, query
    for place in (f"{near}:1", f"{identity}:999", "7", "x", f"{identity}:", f"{identity}:1.99999999"):
        assert code(ask(gateway, "GET", f"{root}/events", last_event_id=place)) == bad, place
    for query in ("state=x", "limit=0", "limit=101", "limit=x", "after=x"):
        assert code(ask(gateway, "GET", f"/v1/generations?{query}")) == bad, query
    for fields in ({"x_freshet_log": "x"}, {"idempotency_key": "x" * 256}, {"idempotency_key": "ü"}):
        assert code(ask(gateway, "POST", "/v1/generations", BODY, **fields)) == bad, fields
    for fields in ({"accept": "application/json"}, {"idempotency_key": "k"}):
        assert code(ask(gateway, "POST", "/v1/generations", BODY, x_freshet_log="off", **fields)) == bad
    for parent in ("x", 7, near):
        status = ask(gateway, "POST", "/v1/generations", {**BODY, "parent": parent})[0].status
        assert status == (404 if parent == near else 400)
    several = {**BODY, "n": 2}
    assert code(ask(gateway, "POST", "/v1/chat/completions", several, x_freshet_log="on")) == bad
    assert code(ask(gateway, "GET", "/api/chat?prompt=x&log=x")) == bad
    for target in (root, f"{root}/stop", f"{root}/events", "/v1/generations"):
        assert code(ask(gateway, "PATCH", target)) == (405, "method_not_allowed")
    assert provider.count == 1


def test_fuzzed_cursors_and_ids(gateway: Served, provider: Provider) -> None:
    identity = turn(gateway, provider, "one", "1?")
    numbers = random.Random(7)
    signs = "gen_0123456789abcdefghjkmnpqrstvwxyzIU:.%-+ é"
    for _ in range(300):
        place = list(f"{identity}:{numbers.randint(0, 12)}.{numbers.randint(0, 3)}")
        for _ in range(numbers.randint(0, 4)):
            place[numbers.randrange(len(place))] = numbers.choice(signs)
        text = "".join(place)[: numbers.randint(1, 40)]
        wire = "".join(sign if sign.isalnum() or sign in "_." else f"%{byte:02X}" for sign in text for byte in sign.encode("latin-1"))
        for method, target, fields in (
            ("GET", f"/v1/generations/{identity}/events?after={wire}", {}),
            ("GET", f"/v1/generations/{wire}/events", {}),
            ("GET", f"/v1/generations/{identity}/events", {"last-event-id": text.strip()}),
            ("GET", f"/v1/generations?after={wire}", {}),
        ):
            with Connection(gateway.port) as connection:
                response = connection.request(method, target, fields)
                response.body()
            assert response.status in (200, 204, 400, 404, 410), (target, fields)


def test_lists(gateway: Served, provider: Provider) -> None:
    names = [turn(gateway, provider, str(number), "x") for number in range(5)]
    provider.answer(chat(TOKENS, ends=[STALL]))
    names.append(create(gateway))
    found, after = [], ""
    while True:
        _, document = ask(gateway, "GET", f"/v1/generations?limit=2{after}")
        found += [entry["id"] for entry in document["data"]]
        if not document["has_more"]:
            break
        after = f"&after={found[-1]}"
    assert sorted(found) == sorted(names) and len(found) == len(set(found))
    for state, count in (("running", 1), ("ended", 5), ("finished", 5), ("stopped", 0), ("failed", 0)):
        assert len(ask(gateway, "GET", f"/v1/generations?state={state}")[1]["data"]) == count, state


def test_lists_what_a_browser_asked_for(gateway: Served, provider: Provider) -> None:
    provider.answer(chat(TOKENS))
    with Connection(gateway.port) as connection:
        response = connection.request("GET", "/api/chat?prompt=hello")
        response.body()
    [entry] = ask(gateway, "GET", "/v1/generations")[1]["data"]
    assert entry["id"] == response.headers["x-freshet-generation"]
    assert entry["state"] == "finished" and entry["seq"] > len(TOKENS)
    assert not ask(gateway, "GET", "/v1/generations?state=running")[1]["data"]


# Owners.


@pytest.fixture(params=LOOPS, ids=lambda loops: f"loops{loops}")
def keyed(request: pytest.FixtureRequest, provider: Provider) -> Iterator[Served]:
    keys = {name: {"key": "${KEY_%s}" % name.upper()} for name in ("ann", "bob")}
    upstream = {"kind": "openai", "base_url": provider.url, "api_key": "the-providers"}
    settings = configuration(provider.url, request.param, keys=keys, providers={"upstream": upstream})
    with Served(settings, KEY_ANN="key-ann", KEY_BOB="key-bob") as served:
        yield served


def test_another_key(keyed: Served, provider: Provider) -> None:
    """Nobody else reads, lists, stops, deletes, attaches, goes on from it or uses its key, even knowing its id."""
    ann, bob = {"authorization": "Bearer key-ann"}, {"authorization": "Bearer key-bob"}
    provider.answer(chat(TOKENS, ends=[STALL]))
    identity = create(keyed, idempotency_key="k", **ann)
    for method, target in (("GET", ""), ("DELETE", ""), ("GET", "/events"), ("POST", "/stop")):
        assert code(ask(keyed, method, f"/v1/generations/{identity}{target}", **bob)) == (404, "not_found")
    assert code(ask(keyed, "GET", "/api/chat", last_event_id=f"{identity}:1", **bob)) == (404, "not_found")
    assert code(ask(keyed, "POST", "/v1/generations", {**BODY, "parent": identity}, **bob)) == (404, "not_found")
    assert ask(keyed, "GET", "/v1/generations", **bob)[1]["data"] == []
    assert [entry["id"] for entry in ask(keyed, "GET", "/v1/generations", **ann)[1]["data"]] == [identity]
    other = create(keyed, idempotency_key="k", **bob)
    assert other != identity and provider.wait_count(2)
    assert read(keyed, identity, **ann)["state"] == "running"
    for method, target in (("GET", ""), ("DELETE", ""), ("GET", "/events"), ("POST", "/stop")):
        assert ask(keyed, method, f"/v1/generations/{identity}{target}")[0].status == 401
    assert ask(keyed, "POST", f"/v1/generations/{identity}/stop", **ann)[1]["state"] == "stopped"


# What is kept.


def test_kept_is_bounded(provider: Provider) -> None:
    """Where nothing is on disk: past `kept` those that ended first go; past `kept_time` each."""
    provider.answer(chat(["word "] * 2000))
    with Served({**configuration(provider.url), "data": "off", "limits": {"kept": "64KiB"}}) as gateway:
        names = []
        for _ in range(6):
            names.append(create(gateway))
            assert eventually(lambda: not running(gateway))
        found = [entry["id"] for entry in ask(gateway, "GET", "/v1/generations")[1]["data"]]
        assert 0 < len(found) < 6 and sorted(found) == sorted(names)[-len(found) :]
        assert eventually(lambda: read_status(gateway, names[0]) == 404)
    with Served({**configuration(provider.url), "data": "off", "limits": {"kept_time": "200ms"}}) as gateway:
        identity = create(gateway)
        assert eventually(lambda: read_status(gateway, identity) == 404)


@pytest.mark.parametrize("limits", [{"retention": "64KiB"}, {"retention_time": "1s"}], ids=["bytes", "time"])
def test_retention(provider: Provider, limits: dict[str, str]) -> None:
    """On disk, too, nothing is kept for ever."""
    provider.answer(chat(["word "] * 2000))
    more = {"limits": {"kept_time": "100ms", "retention_time": "3s", **limits}}
    with Served({**configuration(provider.url), **more}) as gateway:
        names = [create(gateway) for _ in range(6)]

        def listed() -> list[str]:
            return [entry["id"] for entry in ask(gateway, "GET", "/v1/generations?state=ended")[1]["data"]]

        assert eventually(listed)
        assert eventually(lambda: names[0] not in listed() and not running(gateway))
        assert eventually(lambda: read_status(gateway, names[0]) == 404)
        assert eventually(lambda: not listed())
