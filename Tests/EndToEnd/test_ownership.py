"""What is one key's is nothing to another, not even known to be there; and whatever places and ids are sent, the
answer names what is wrong, and the next request is served."""

from __future__ import annotations

import json
import os
import random
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

from conftest import LOOPS, SOAK
from gateway import Restartable, Served, configuration
from held import eventually
from observed import lines, wait_lines
from provider import STALL, Provider, chat
from readers import CURSOR
from wire import Connection, Response

MESSAGES = [{"role": "user", "content": "Hello?"}]
BODY = {"model": "m", "messages": MESSAGES}
ANN, BOB = {"authorization": "Bearer key-ann"}, {"authorization": "Bearer key-bob"}
AS_BOB = [BOB, {"x-api-key": "key-bob"}, {"x-goog-api-key": "key-bob"}]
NAME = {"accept": "application/json"}
SEED = int(os.environ.get("FRESHET_SEED", "1"))


def ask(port: int, method: str, target: str, fields: dict[str, str], body: Any = None) -> tuple[Response, bytes]:
    with Connection(port) as connection:
        response = connection.request(method, target, fields, body)
        return response, response.body()


def keyed(provider: Provider, loops: int, **more: Any) -> dict[str, Any]:
    keys = {name: {"key": f"key-{name}"} for name in ("ann", "bob")}
    upstream = {"kind": "openai", "base_url": provider.url, "api_key": "the-providers"}
    return configuration(provider.url, loops, keys=keys, providers={"upstream": upstream}, **more)


@pytest.fixture(params=LOOPS, ids=lambda loops: f"loops{loops}")
def owned(request: pytest.FixtureRequest, provider: Provider) -> Iterator[Served]:
    with Served(keyed(provider, request.param)) as served:
        yield served


# Another key.


def running(port: int) -> list[str]:
    _, body = ask(port, "GET", "/v1/generations?state=running", ANN)
    return [entry["id"] for entry in json.loads(body)["data"]]


def attempts(identity: str) -> list[tuple[str, str, dict[str, str], Any]]:
    """Whatever can be done with a generation whose id is known: method, target, fields, body."""
    one = f"/v1/generations/{identity}"
    events = f"{one}/events"
    return [
        ("GET", one, {}, None),
        ("DELETE", one, {}, None),
        ("POST", f"{one}/stop", {}, None),
        *(("GET", f"{events}{query}", {}, None) for query in ("", "?after=1", "?after=999", f"?after={identity}:1")),
        *(("GET", f"{events}?dialect={dialect}", {}, None) for dialect in ("simple", "openai-chat")),
        ("GET", events, {"last-event-id": f"{identity}:1"}, None),
        ("GET", events, {"last-event-id": f"{identity}:99999"}, None),
        ("GET", events, {"accept": "application/x-ndjson"}, None),
        ("GET", "/api/chat?prompt=x", {"last-event-id": f"{identity}:0"}, None),
        ("GET", "/api/chat?prompt=x&log=on", {"last-event-id": f"{identity}:99999"}, None),
        ("POST", "/v1/generations", {}, {"parent": identity, "messages": MESSAGES}),
        ("POST", "/v1/generations", NAME, {"parent": identity, "messages": MESSAGES, "model": "m"}),
        ("POST", "/v1/generations", {"idempotency-key": f"k-{identity}"}, {"parent": identity, "messages": MESSAGES}),
        # What is wrong with the request itself is told alike, whosever the generation is.
        ("GET", f"{events}?after=x", {}, None),
        ("GET", f"{events}?dialect=x", {}, None),
        ("PUT", one, {}, None),
        ("GET", f"{one}/stop", {}, None),
        ("GET", f"{one}/else", {}, None),
    ]


def told(answer: tuple[Response, bytes], identity: str) -> tuple[int, list[tuple[str, str]], bytes]:
    """All that a caller can learn, the name that it sent itself aside."""
    response, body = answer
    fields = [(name, value.replace(identity, "ID")) for name, value in response.fields if name != "date"]
    return response.status, fields, body.replace(identity.encode(), b"ID")


def nobody_learns(port: int, identity: str) -> None:
    """Another key gets for this id, letter for letter, what it gets for one that never was."""
    other = identity[:-1] + ("0" if identity[-1] != "0" else "1")
    for real, unknown in zip(attempts(identity), attempts(other), strict=True):
        for key in AS_BOB:
            got = told(ask(port, *real[:2], {**real[2], **key}, real[3]), identity)
            assert got == told(ask(port, *unknown[:2], {**unknown[2], **key}, unknown[3]), other), real
            assert got[0] in (400, 404, 405) and b"x-freshet-generation" not in str(got[1]).encode(), (real, got)
    for query in ("", "?limit=100", "?state=running", "?state=ended", f"?after={identity}"):
        assert json.loads(ask(port, "GET", f"/v1/generations{query}", BOB)[1])["data"] == [], query


@pytest.mark.parametrize("kind", ["native", "chat", "plain chat", "plain native", "simple", "simple logged"])
def test_another_key_and_what_runs(owned: Served, provider: Provider, kind: str) -> None:
    """Neither while it runs, nor when it has ended; and nothing that was tried has touched it."""
    provider.answer(chat(["one", "two"], ends=[STALL]))
    fields = {**ANN, **({"x-freshet-log": "off"} if kind == "plain native" else {})}
    fields |= {"x-freshet-log": "on"} if kind == "chat" else {}
    with Connection(owned.port) as connection:
        if kind.startswith("simple"):
            connection.send("GET", f"/api/chat?prompt=x&model=m&log={'on' if 'logged' in kind else 'off'}", fields)
        elif "chat" in kind:
            connection.send("POST", "/v1/chat/completions", fields, {**BODY, "stream": True})
        else:
            connection.send("POST", "/v1/generations", fields, BODY)
        response = Response(connection)
        identity = response.headers["x-freshet-generation"]
        exchange = provider.wait_count(1)
        nobody_learns(owned.port, identity)
        assert running(owned.port) == [identity] and exchange.end is None
        status, body = ask(owned.port, "POST", f"/v1/generations/{identity}/stop", ANN)
        assert status.status == 200 and json.loads(body)["state"] == "stopped"
        response.body()
    assert exchange.wait() == "aborted"
    nobody_learns(owned.port, identity)
    assert provider.count == 1, "nobody else was asked"


@pytest.mark.parametrize("loops", LOOPS)
def test_another_key_and_what_is_kept(provider: Provider, loops: int) -> None:
    """On disk alone, after a restart, and deleted."""
    provider.answer(chat(["one"]))
    with Restartable(keyed(provider, loops)) as gateway:
        response, body = ask(gateway.port, "POST", "/v1/generations", {**ANN, **NAME, "idempotency-key": "k"}, BODY)
        identity = json.loads(body)["id"]
        assert response.status == 201 and eventually(lambda: not running(gateway.port))
        gateway.kill()
        gateway.start()
        nobody_learns(gateway.port, identity)
        status, body = ask(gateway.port, "GET", f"/v1/generations/{identity}", ANN)
        assert status.status == 200 and json.loads(body)["message"]["content"] == "one"
        nobody_learns(gateway.port, identity)
        mine, _ = ask(gateway.port, "POST", "/v1/generations", {**ANN, **NAME, "idempotency-key": "k"}, BODY)
        assert mine.status == 200 and mine.headers["x-freshet-generation"] == identity, "the key outlived the restart"
        assert ask(gateway.port, "DELETE", f"/v1/generations/{identity}", ANN)[0].status == 204
        nobody_learns(gateway.port, identity)
        assert json.loads(ask(gateway.port, "GET", "/v1/generations", ANN)[1])["data"] == []


def test_a_key_is_an_owners_and_a_paths(owned: Served, provider: Provider) -> None:
    """The same `Idempotency-Key` of another owner, or for another path, is another one, whatever the body."""
    provider.answer(chat(["one"]))
    key = {"idempotency-key": "the same"}
    other = {**BODY, "messages": [{"role": "user", "content": "Other?"}]}
    names = set()
    for owner in (ANN, BOB):
        for path in ("/v1/generations", "/v1/chat/completions"):
            for count in range(2):
                asked = BODY if owner is ANN else other
                response, _ = ask(owned.port, "POST", path, {**owner, **key}, asked)
                assert response.status == 200
                names.add(response.headers["x-freshet-generation"])
            refused, body = ask(owned.port, "POST", path, {**owner, **key}, {**BODY, "temperature": 1})
            assert refused.status == 422 and refused.headers["x-freshet-generation"] in names, body
    assert len(names) == 4 == provider.count
    for name in names:
        found = [ask(owned.port, "GET", f"/v1/generations/{name}", owner)[0].status for owner in (ANN, BOB)]
        assert sorted(found) == [200, 404]


# What is sent as a place or a name.

NUMBERS = [
    "-1", "+1", "-0", "1e1", "0x1", "1.0e1", "01x", " 1", "1 ", "1,2", "1;2", "1.", ".1", "1..2", "1.2.3", "1.-1", "٣", "１", "²",
    "NaN", "null", "true", "", "%", "é", "👩‍👩‍👧‍👦", "\x00", "\n", "9" * 20, "9" * 500, "18446744073709551616", "-9223372036854775809",
    "1.65536", "1." + "9" * 30, "0.0", "[1]", "{}", "'1'", "1' OR 1=1", "../1", "1/../2", "1#2", "$1", "`", "gen_", ":", ":1",
]  # fmt: skip


def places(identity: str, numbers: random.Random, count: int) -> Iterator[str]:
    """Cursors that are none."""
    yield from NUMBERS
    for number in NUMBERS:
        yield f"{identity}:{number}"
    yield from (identity, f"{identity}:", f":{identity}", f"{identity}:1:2", f"{identity}::1", f"{identity}.1", f"{identity} 1")
    yield from (f"{identity.upper()}:1", f"{identity[4:]}:1", f"{identity[:-1]}:1", f"{identity}0:1", f"gen_{'z' * 26}:1")
    yield f"gen_{'7' + 'z' * 25}:1"  # a name, but of another one
    yield f"{identity[:-1]}{'0' if identity[-1] != '0' else '1'}:1"
    for _ in range(count):
        text = list(f"{identity}:{numbers.randint(0, 9)}.{numbers.randint(0, 3)}")
        for _ in range(numbers.randint(1, 4)):
            # A sign that no cursor has, or none that stands there by chance.
            text[numbers.randrange(len(text))] = numbers.choice("ilouIU:%-+ é😀\t/?#")
        if not CURSOR.fullmatch("".join(text)):  # a colon may have come where one was
            yield "".join(text)


def refusal(answer: tuple[Response, bytes], field: str | None, *statuses: int) -> None:
    response, body = answer
    assert response.status in statuses, (response.status, body)
    assert response.headers["content-type"] == "application/json" and response.ended == "clean"
    error = json.loads(body)["error"]
    assert error["type"] == "invalid_request_error" and set(error) == {"message", "type", "param", "code"}, error
    assert error["code"] == {400: "invalid_request", 404: "not_found", 410: "gone"}[response.status]
    assert error["param"] == field and (field is None or f"`{field}`" in error["message"]), error
    assert "Swift" not in error["message"] and "(" not in error["message"].replace("(s)", ""), error


def ended(gateway: Served, provider: Provider) -> str:
    provider.answer(chat(["one"]))
    response, body = ask(gateway.port, "POST", "/v1/generations", NAME, BODY)
    identity = str(json.loads(body)["id"])
    one = f"/v1/generations/{identity}"
    assert eventually(lambda: json.loads(ask(gateway.port, "GET", one, {})[1])["state"] == "finished")
    return identity


def test_places_that_are_none(gateway: Served, provider: Provider) -> None:
    """In the query, in the field, in each dialect, and where lists are turned: an error that names it."""
    identity = ended(gateway, provider)
    events = f"/v1/generations/{identity}/events"
    numbers = random.Random(SEED)
    with Connection(gateway.port) as connection:  # one connection: each error leaves it in order

        def get(target: str, fields: dict[str, str] | None = None) -> tuple[Response, bytes]:
            response = connection.request("GET", target, fields or {})
            return response, response.body()

        for place in places(identity, numbers, 2000 if SOAK else 200):
            if place.strip("0123456789") == "" and place and len(place) < 19:
                continue
            dialect = numbers.choice(["native", "simple", "openai-chat"])
            refusal(get(f"{events}?dialect={dialect}&after={quote(place, safe='')}"), "after", 400)
            if place != identity:
                refusal(get(f"/v1/generations?after={quote(place, safe='')}"), "after", 400)
            if place and place == place.strip() and place.isprintable() and place.isascii():
                refusal(get(events, {"last-event-id": place}), "Last-Event-ID", 400)
                # There a cursor may be of any generation: one that is not there is not found.
                simple = get("/api/chat?prompt=x", {"last-event-id": place})
                refusal(simple, "Last-Event-ID" if simple[0].status == 400 else None, 400, 404)
        assert get(f"{events}?after=1")[0].status == 200
    assert provider.count == 1


def test_ids_that_are_none(gateway: Served, provider: Provider) -> None:
    """In the path: 404, and 410 for what is too old, for every method."""
    identity = ended(gateway, provider)
    numbers = random.Random(SEED)
    names = [quote(name, safe="") for name in NUMBERS if name] + [identity.upper(), identity[:-1], identity + "0", "gen_" + "z" * 26]
    names += [identity.replace("g", "%67", 1), identity[:10] + "%00" + identity[13:], "x" * 5000, quote(identity + "/events", safe="")]
    for _ in range(500 if SOAK else 100):
        name = list(identity)
        for _ in range(numbers.randint(1, 3)):
            name[numbers.randrange(30)] = numbers.choice("ilouAZ-~!")
        names.append("".join(name))
    for name in names:
        for method, rest in (("GET", ""), ("DELETE", ""), ("GET", "/events"), ("POST", "/stop")):
            refusal(ask(gateway.port, method, f"/v1/generations/{name}{rest}", {}), None, 404)
        refusal(ask(gateway.port, "POST", "/v1/generations", {}, {**BODY, "parent": name}), "parent", 400)
    for parent in (1, True, [], {}, "", "é", "x" * 100_000, identity + "\x00"):
        refusal(ask(gateway.port, "POST", "/v1/generations", {}, {**BODY, "parent": parent}), "parent", 400)
    old = "gen_" + "0" * 26
    for method, rest in (("GET", ""), ("DELETE", ""), ("GET", "/events"), ("POST", "/stop")):
        refusal(ask(gateway.port, method, f"/v1/generations/{old}{rest}", {}), None, 410)
    refusal(ask(gateway.port, "GET", "/api/chat", {"last-event-id": f"{old}:1"}), None, 410)
    assert ask(gateway.port, "GET", f"/v1/generations/{identity}", {})[0].status == 200 and provider.count == 1


def test_what_stands_there_twice(gateway: Served, provider: Provider) -> None:
    """Two readers could take different values: it is refused, be both the same. What is not known is passed over."""
    identity = ended(gateway, provider)
    events = f"/v1/generations/{identity}/events"
    twice = [
        (events, "after", "1"), (events, "dialect", "native"), (events, "events", "named"), (events, "include_usage", "true"),
        ("/v1/generations", "limit", "1"), ("/v1/generations", "state", "ended"), ("/v1/generations", "after", identity),
        ("/api/chat", "prompt", "x"), ("/api/chat", "model", "m"), ("/api/chat", "log", "on"), ("/api/chat", "events", "named"),
    ]  # fmt: skip
    for path, name, value in twice:
        for query in (f"{name}={value}&{name}={value}", f"{name}={value}&x=1&{name}=", f"%{ord(name[0]):02x}{name[1:]}=1&{name}=2"):
            prompt = "&prompt=x" if path == "/api/chat" and name != "prompt" else ""
            refusal(ask(gateway.port, "GET", f"{path}?{query}{prompt}", {}), name, 400)
        for bad in ("%", "%z", "%ff", "%c3%28", "%ed%a0%80"):
            refusal(ask(gateway.port, "GET", f"{path}?{name}={bad}", {}), name, 400)
    assert ask(gateway.port, "GET", f"{events}?x=1&x=2&after=1&after2=7", {})[0].status == 200
    length = len(json.dumps(BODY))
    post = f"content-type: application/json\r\ncontent-length: {length}\r\n"
    fields = [
        (f"GET {events}", "Last-Event-ID", f"{identity}:1", ""),
        ("GET /api/chat?prompt=x", "Last-Event-ID", f"{identity}:1", ""),
        *((f"POST {path}", "Idempotency-Key", "k", post) for path in ("/v1/generations", "/v1/chat/completions")),
        *((f"POST {path}", "x-freshet-log", "on", post) for path in ("/v1/generations", "/v1/chat/completions")),
    ]
    for line, name, value, more in fields:
        with Connection(gateway.port) as connection:
            head = f"{line} HTTP/1.1\r\nhost: 127.0.0.1\r\n{name}: {value}\r\n{name.lower()}: {value}\r\n{more}\r\n"
            connection.socket.sendall(head.encode() + (json.dumps(BODY).encode() if more else b""))
            response = Response(connection)
            refusal((response, response.body()), name, 400)
    assert provider.count == 1


@pytest.mark.soak
@pytest.mark.timeout(300)
def test_noise(gateway: Served, provider: Provider) -> None:
    """Random bytes in places, names and queries: a status that is known, and the gateway goes on serving."""
    identity = ended(gateway, provider)
    numbers = random.Random(SEED)
    until = time.monotonic() + 60
    while time.monotonic() < until:
        noise = "".join(numbers.choice("%&=?/:.+ -" + identity + "éあ") for _ in range(numbers.randint(0, 60)))
        wire = "".join(sign if sign.isascii() and sign not in " ?" else quote(sign) for sign in noise)
        target = numbers.choice([f"/v1/generations/{wire}", f"/v1/generations/{identity}/events?{wire}", f"/v1/generations?{wire}"])
        with Connection(gateway.port) as connection:
            response = connection.request("GET", target, {"last-event-id": noise.encode("ascii", "ignore").decode()})
            response.body()
        assert response.status in (200, 204, 400, 404, 410), (target, response.status)
    assert gateway.running


def test_the_log_tells_who_was_at_fault(gateway: Served, provider: Provider) -> None:
    """A request that is refused about a generation that is well has its own outcome in the log, and its error."""
    identity = ended(gateway, provider)
    events = f"/v1/generations/{identity}/events"
    for target, fields in ((f"{events}?after=99", {}), ("/api/chat?prompt=x", {"last-event-id": f"{identity}:99"})):
        before = len(lines(gateway))
        refusal(ask(gateway.port, "GET", target, fields), "Last-Event-ID" if fields else "after", 400)
        line = wait_lines(gateway, before + 1)[-1]
        told_of = {name: line.get(name) for name in ("generation", "status", "outcome", "error", "level")}
        assert told_of == {
            "generation": identity, "status": 400, "outcome": "refused", "error": "invalid_request", "level": "info"
        }  # fmt: skip
