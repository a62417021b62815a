"""Dying providers: each way a provider can fail or misbehave, asked for in every form an answer can have.

A case is a server that plays a script on each connection. Whatever it does, every form gets its typed error (or, where
the answer was whole, the answer), nothing hangs, and afterwards nothing of it is held.
"""

from __future__ import annotations

import gzip
import json
import subprocess
import time
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from asking import ChatReader, delta, follow
from conftest import LOOPS
from gateway import Served
from held import eventually, held, resident
from observed import lines, scrape
from odd_servers import Authority, OddServer, Peer, Script, unaccepting
from provider import DONE, frame
from readers import Message, NativeReader, SimpleReader
from wire import Connection, Response

FORMS = ["chat", "whole", "native", "lines", "simple"]
"""Chat streamed and whole, native as event stream and as JSON lines, simple."""
PATIENT = 9.0
"""Seconds for any answer: longer than every deadline of a case, reached only when it hangs."""
CANARY = "sk-canary-1f0c6f5d9b"

ROLE = delta(role="assistant", content="")
SAID = delta(content="Hello")
FINISH = delta(finish="stop")
WHOLE = ROLE + SAID + FINISH + DONE
SHORT = {"connect": "600ms", "head": "600ms", "content": "600ms", "silence": "600ms"}


def head(*fields: str, status: str = "200 OK", kind: str = "text/event-stream") -> bytes:
    kinds = [f"content-type: {kind}"] if kind else []
    return "\r\n".join([f"HTTP/1.1 {status}", *kinds, *fields, "", ""]).encode()


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


CHUNKED = head("transfer-encoding: chunked")
UNTIL_END = head("connection: close")
LAST = b"0\r\n\r\n"
GOOD = CHUNKED + chunk(WHOLE) + LAST


def sized(data: bytes, kind: str = "text/event-stream", status: str = "200 OK", *fields: str) -> bytes:
    return head(f"content-length: {len(data)}", *fields, status=status, kind=kind) + data


def says(*parts: bytes, then: Script | None = None) -> Script:
    """Takes each request and says `parts`; with `then` only the first one, and does that."""

    def script(peer: Peer) -> None:
        while True:
            peer.request()
            for part in parts:
                peer.send(part)
            if then is not None:
                return then(peer)

    return script


def closes(peer: Peer) -> None:
    """Leaves; over TLS with goodbye."""
    peer.goodbye()


def endless(*parts: bytes, repeated: bytes, pause: float = 0.0) -> Script:
    return says(*parts, then=lambda peer: peer.repeat(repeated, pause))


def serves(peer: Peer) -> None:
    """A good provider, on one connection for many requests."""
    while True:
        peer.request()
        peer.send(GOOD)


@dataclass(frozen=True)
class Case:
    """A server, and what it makes of an answer. Without `code` the answer is whole."""

    script: Script | None
    code: str | None = None
    status: int = 502
    """Of a Chat answer where nothing was shown before."""
    retryable: bool = True
    says: str = ""
    """Stands in the message."""
    text: str = ""
    """What is shown before the error."""
    tls: str | None = None
    """The certificate's name, or another context of `Authority`."""
    scheme: str | None = None
    """How the gateway speaks where that is not how the server does."""
    host: str = "127.0.0.1"
    deadlines: dict[str, str] = field(default_factory=dict)


def whole(script: Script, **more: Any) -> Case:
    return Case(script, text="Hello", **more)


def unreachable(script: Script | None, **more: Any) -> Case:
    return Case(script, "provider_unreachable", **more)


def malformed(script: Script, **more: Any) -> Case:
    return Case(script, "provider_malformed", **more)


def truncated(script: Script, **more: Any) -> Case:
    return Case(script, "provider_truncated", **more)


def late(script: Script, **more: Any) -> Case:
    return Case(script, "provider_timeout", 504, deadlines=SHORT, **more)


def distrusted(tls: str, **more: Any) -> Case:
    return unreachable(serves, tls=tls, **more)


def takes_part(peer: Peer) -> None:
    peer.head()


def redirect(status: int) -> Case:
    text = head("location: https://127.0.0.1:1/elsewhere", "content-length: 0", status=f"{status} Elsewhere", kind="")
    return Case(says(text), "provider_error", retryable=False, says=f"status {status}, a redirect")


HALF = CHUNKED + chunk(ROLE + SAID)

CASES: dict[str, Case] = {
    # The connection.
    "nobody-listens": unreachable(None, says="refused"),
    "closes-at-once": unreachable(lambda peer: None),
    "resets-at-once": unreachable(Peer.reset),
    "closes-amid-the-request": unreachable(takes_part),
    "closes-after-the-request": unreachable(says(then=lambda peer: None)),
    "resets-after-the-request": unreachable(says(then=Peer.reset)),
    "says-goodbye-and-reads-on": unreachable(lambda peer: (peer.socket.shutdown(1), peer.listen())),  # type: ignore
    "reads-nothing": late(Peer.stay),
    # The head.
    "no-head": late(says()),
    "a-head-byte-by-byte": late(says(b"HTTP/1.1 200 OK\r\nx: ", then=lambda peer: peer.repeat(b"x", 0.05))),
    "a-head-without-end": malformed(endless(b"HTTP/1.1 200 OK\r\n", repeated=b"x: " + b"y" * 900 + b"\r\n")),
    "half-a-head": unreachable(says(b"HTTP/1.1 200 OK\r\ncontent-le", then=closes)),
    "interim-responses": whole(
        says(b"HTTP/1.1 100 Continue\r\n\r\n" + b"HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n" * 9, GOOD)
    ),
    "interim-responses-without-end": malformed(endless(repeated=b"HTTP/1.1 102 Processing\r\n\r\n")),
    "interim-responses-slowly": late(endless(repeated=b"HTTP/1.1 102 Processing\r\n\r\n", pause=0.1)),
    "another-protocol": malformed(says(b"HTTP/1.1 101 Switching Protocols\r\nupgrade: h2c\r\n\r\n")),
    "http-2": malformed(says(b"\0\0\x12\4\0\0\0\0\0" + b"\0" * 18)),
    "no-head-but-a-body": malformed(says(WHOLE)),
    "no-status": malformed(says(b"HTTP/1.1 OK\r\n\r\n")),
    "two-lengths": malformed(says(head("content-length: 4", "content-length: 9") + WHOLE)),
    "length-and-coding": malformed(says(head("content-length: 4", "transfer-encoding: chunked") + WHOLE)),
    "unknown-coding": malformed(says(head("transfer-encoding: gzip, chunked") + WHOLE)),
    "negative-length": malformed(says(head("content-length: -4") + WHOLE)),
    "folded-field": malformed(says(b"HTTP/1.1 200 OK\r\nx: a\r\n b\r\n\r\n")),
    "space-before-colon": malformed(says(b"HTTP/1.1 200 OK\r\nx : a\r\n\r\n")),
    "bare-line-feeds": malformed(says(b"HTTP/1.1 200 OK\ncontent-type: text/event-stream\n\n" + WHOLE)),
    "nul-in-the-head": malformed(says(b"HTTP/1.1 200 OK\r\nx: \0\r\n\r\n")),
    # The status.
    **{f"redirect-{status}": redirect(status) for status in (301, 302, 303, 307, 308)},
    "not-modified": malformed(says(head(status="304 Not Modified"))),
    "no-content": malformed(says(head(status="204 No Content")), says="status 204"),
    "created": malformed(says(sized(WHOLE, status="201 Created")), says="status 201"),
    "partial": malformed(says(sized(WHOLE, status="206 Partial Content")), says="status 206"),
    # What is no stream.
    "empty": truncated(says(sized(b""))),
    "empty-chunks": truncated(says(CHUNKED + LAST)),
    "empty-until-the-end": truncated(says(UNTIL_END, then=closes)),
    "only-the-end-mark": truncated(says(CHUNKED + chunk(DONE) + LAST)),
    "a-page": malformed(says(sized(b"<html>Hello</html>", "text/html")), says="text/html"),
    "a-page-as-a-stream": truncated(says(sized(b"<html>Hello</html>\n"))),
    "a-stream-as-a-page": malformed(says(sized(WHOLE, "text/html")), says="text/html"),
    "a-stream-as-json": malformed(says(sized(WHOLE, "application/json"))),
    "a-stream-as-text": whole(says(sized(WHOLE, "text/plain"))),
    "a-stream-without-type": whole(says(sized(WHOLE, ""))),
    "no-json": malformed(says(sized(b"nothing", "application/json"))),
    "half-json": malformed(says(sized(b'{"choices":[{"index":0,', "application/json"))),
    "empty-json": truncated(says(sized(b"{}", "application/json"))),
    "json-error": Case(
        says(sized(b'{"error":{"message":"odd","type":"server_error","code":"odd_code"}}', "application/json")),
        "odd_code",
        says="odd",
    ),
    "json-without-finish": truncated(
        says(sized(b'{"choices":[{"index":0,"message":{"role":"assistant","content":"Hello"}}]}', "application/json")),
        text="Hello",
    ),
    "compressed": malformed(
        says(sized(gzip.compress(WHOLE), "text/event-stream", "200 OK", "content-encoding: gzip")), says="gzip"
    ),
    # Bodies that never end.
    "comments-without-end": late(endless(CHUNKED, repeated=chunk(b": still here\n\n"), pause=0.02)),
    "blank-lines-without-end": late(endless(CHUNKED, repeated=chunk(b"\n"), pause=0.02)),
    "comments-after-content": Case(
        endless(HALF, repeated=chunk(b": still here\n\n"), pause=0.02),
        "provider_timeout",
        504,
        text="Hello",
        deadlines={"total": "900ms"},
    ),
    "silence-after-content": late(says(HALF), text="Hello"),
    "frames-behind-the-finish": whole(endless(HALF + chunk(FINISH), repeated=chunk(b": x\n\n"), pause=0.02)),
    # Framing.
    "length-too-long": truncated(says(head("content-length: 9999") + ROLE + SAID, then=closes), text="Hello"),
    "length-too-short": truncated(says(head(f"content-length: {len(ROLE + SAID)}") + WHOLE), text="Hello"),
    "cut-in-a-frame": truncated(says(sized(ROLE + SAID + FINISH[:-20])), text="Hello"),
    "chunk-size": malformed(says(HALF + b"zz\r\n"), text="Hello"),
    "chunk-size-negative": malformed(says(HALF + b"-5\r\n"), text="Hello"),
    "chunk-size-huge": malformed(says(HALF + b"ffffffffffffffffff\r\n"), text="Hello"),
    "chunk-without-end": malformed(says(HALF + b"2\r\nabcd\r\n"), text="Hello"),
    "chunk-line-without-end": malformed(endless(HALF, repeated=b"5;" + b"x" * 999), text="Hello"),
    "trailers": malformed(says(HALF + b"0\r\nno field\r\n\r\n"), text="Hello"),
    "closes-amid-a-chunk": truncated(says(HALF + b"99\r\nda", then=closes), text="Hello"),
    "resets-amid-a-chunk": truncated(says(HALF + b"99\r\nda", then=lambda p: (p.server.pause(0.1), p.reset())), text="Hello"),  # type: ignore
    "ends-without-finish": truncated(says(HALF + LAST), text="Hello"),
    "closes-without-finish": truncated(says(UNTIL_END + ROLE + SAID, then=closes), text="Hello"),
    "closes-with-finish": whole(says(UNTIL_END + ROLE + SAID + FINISH, then=closes)),
    "resets-with-finish": whole(says(HALF + chunk(FINISH), then=lambda p: (p.server.pause(0.1), p.reset()))),  # type: ignore
    "two-responses": whole(says(GOOD + GOOD)),
    "bytes-behind-the-end": whole(says(GOOD + b"and more")),
    # Errors in the stream.
    "error-before-content": Case(
        says(CHUNKED + chunk(ROLE + frame({"error": {"message": "odd", "code": "odd_code"}}))), "odd_code", says="odd"
    ),
    "error-after-content": Case(
        says(HALF + chunk(frame({"error": {"message": "odd", "code": "odd_code"}}))), "odd_code", text="Hello"
    ),
    # TLS.
    "tls": whole(serves, tls="good"),
    "tls-by-name": whole(serves, tls="good", host="localhost"),
    "tls-wrong-name": distrusted("wrong", says="certificate"),
    "tls-expired": distrusted("old", says="expired"),
    "tls-unknown-authority": distrusted("strange", says="certificate"),
    "tls-self-signed": distrusted("alone", says="self"),
    "tls-outdated": distrusted("outdated"),
    "tls-wants-a-certificate": distrusted("demanding"),
    "tls-expected-but-plain": unreachable(lambda p: (p._more(), p.send(GOOD), p.listen()), scheme="https"),  # type: ignore
    "tls-expected-but-greeted": unreachable(lambda p: (p.send(b"SSH-2.0-x\r\n"), p.listen()), scheme="https"),  # type: ignore
    "plain-expected-but-tls": malformed(says(b"\x15\x03\x01\x00\x02\x02\x46", then=closes)),
    "tls-handshake-hangs": late(Peer.stay, scheme="https"),
    "tls-handshake-closed": unreachable(lambda peer: (peer._more(), None), scheme="https"),  # type: ignore
    "tls-handshake-reset": unreachable(lambda peer: (peer._more(), peer.reset()), scheme="https"),  # type: ignore
    "tls-cut-before-the-head": unreachable(says(then=Peer.cut), tls="good"),
    "tls-cut-amid-chunks": truncated(says(HALF, then=Peer.cut), tls="good", text="Hello"),
    "tls-cut-until-the-end": truncated(says(UNTIL_END + ROLE + SAID, then=Peer.cut), tls="good", text="Hello"),
    "tls-cut-with-finish": whole(says(UNTIL_END + ROLE + SAID + FINISH, then=Peer.cut), tls="good"),
    "tls-goodbye-without-finish": truncated(says(UNTIL_END + ROLE + SAID, then=closes), tls="good", text="Hello"),
    "tls-goodbye-with-finish": whole(says(UNTIL_END + ROLE + SAID + FINISH, then=closes), tls="good"),
    "tls-reset-amid-chunks": truncated(
        says(HALF, then=lambda p: (p.server.pause(0.1), p.reset())), tls="good", text="Hello"  # type: ignore
    ),
    # Names.
    "no-such-name": unreachable(None, host="no-such-host.invalid"),
}


# Asking.


@dataclass
class Told:
    """What one form made of it."""

    form: str
    status: int
    message: Message
    retryable: bool | None = None


def ask(port: int, form: str, model: str, **more: Any) -> Told:
    body: dict[str, Any] = {"model": model, "messages": [{"role": "user", "content": "Hello?"}], **more}
    with Connection(port, PATIENT) as connection:
        if form == "simple":
            connection.send("GET", f"/api/chat?prompt=x&model={model}")
        elif form in ("chat", "whole"):
            connection.send("POST", "/v1/chat/completions", body={**body, "stream": form == "chat"})
        else:
            kind = "text/event-stream" if form == "native" else "application/x-ndjson"
            connection.send("POST", "/v1/generations", {"accept": kind}, body)
        return told(form, Response(connection))


def told(form: str, response: Response) -> Told:
    if response.status != 200:
        assert form in ("chat", "whole"), "the others begin before the provider is asked"
        return Told(form, response.status, Message(outcome="failed", error=response.json()["error"]))
    if form == "whole":
        choice = response.json()["choices"][0]
        text, reason = choice["message"]["content"] or "", choice["finish_reason"]
        return Told(form, 200, Message(text=text, outcome="finished", finish_reason=reason))
    reader = ChatReader() if form == "chat" else SimpleReader() if form == "simple" else NativeReader()
    if isinstance(reader, NativeReader) and form == "lines":
        for value in response.lines():
            reader.line(value)
        message = reader.message
        assert response.ended == "clean"
    else:
        message = follow(response, reader)
    if form == "chat" and message.outcome != "finished":
        assert response.ended == "cut", "a broken answer has no clean end"
    retryable = (message.error or {}).get("retryable") if form in ("native", "lines") else None
    return Told(form, 200, message, retryable)


def judge(case: Case, told: Told) -> None:
    message, context = told.message, (told.form, told.status, told.message)
    if case.code is None:
        assert message.outcome == "finished" and message.text == case.text, context
        return
    assert message.outcome == "failed" and message.error is not None, context
    assert message.error["code"] == case.code, context
    assert case.says in message.error["message"] and CANARY not in message.error["message"], context
    assert told.retryable in (None, case.retryable), context
    if told.form in ("chat", "whole"):
        was_shown = told.form == "chat" and case.text
        assert told.status == (200 if was_shown else case.status), context
    if told.form != "whole":
        assert message.text == case.text, context


# Serving.


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@contextmanager
def serving(case: Case, authority: Authority) -> Iterator[OddServer | None]:
    if case.script is None:
        yield None
        return
    context = None
    if case.tls in ("outdated", "demanding"):
        context = getattr(authority, case.tls)()
    elif case.tls is not None:
        context = authority.context(case.tls)
    with OddServer(case.script, context) as server:
        yield server


def settings(cases: dict[str, Case], servers: dict[str, OddServer | None], **more: Any) -> dict[str, Any]:
    def provider(name: str, case: Case) -> dict[str, Any]:
        server = servers[name]
        scheme = case.scheme or ("https" if case.tls else "http")
        url = f"{scheme}://{case.host}:{server.port if server else 1}/v1"
        return {"kind": "openai", "base_url": url, "api_key": CANARY, "deadlines": case.deadlines}

    providers = {name: provider(name, case) for name, case in cases.items()}
    return {"listen": "127.0.0.1:0", "loops": LOOPS[-1], "providers": providers, **more}


@pytest.fixture(scope="module")
def dying(authority: Authority) -> Iterator[tuple[Served, dict[str, OddServer | None]]]:
    """One gateway between all of them, so that each case follows the ones before."""
    with ExitStack() as stack:
        servers = {name: stack.enter_context(serving(case, authority)) for name, case in CASES.items()}
        log = {"level": "debug", "format": "json"}
        gateway = stack.enter_context(Served(settings(CASES, servers, log=log), SSL_CERT_FILE=authority.file))
        yield gateway, servers


@pytest.mark.parametrize("name", CASES)
def test_dying(dying: tuple[Served, dict[str, OddServer | None]], name: str) -> None:
    """All forms at once: each is told, the provider is asked once for each, and nothing stays open."""
    gateway, servers = dying
    case, server = CASES[name], servers[name]
    with ThreadPoolExecutor(len(FORMS)) as pool:
        for answer in list(pool.map(lambda form: ask(gateway.port, form, f"{name}/m"), FORMS)):
            judge(case, answer)
    if server is not None and server.context is None:
        assert len(server.heads) <= len(FORMS), "a request was sent twice"
    assert eventually(lambda: lets_go(gateway)), (held(gateway), scrape(gateway).text)


def lets_go(gateway: Served) -> bool:
    """Whether nothing runs, and all connections to providers wait for a next request."""
    metrics = scrape(gateway)
    idle = metrics.value("freshet_provider_connections_idle")
    return metrics.value("freshet_generations_running") == 0 and held(gateway).providers == idle


def test_nothing_is_held(dying: tuple[Served, dict[str, OddServer | None]]) -> None:
    """After all of them: no client, no generation, a log without a key, and a gateway that serves."""
    gateway, _ = dying
    judge(CASES["tls"], ask(gateway.port, "chat", "tls/m"))
    assert eventually(lambda: held(gateway).clients == 0), held(gateway)
    assert CANARY.encode() not in gateway.output + gateway.errors
    attempts = lines(gateway, "attempt")
    assert {line["outcome"] for line in attempts} == {"finished", "failed"}


# Connections that were kept.


def warm(gateway: Served, count: int = 1) -> None:
    """Leaves kept connections behind."""
    with ThreadPoolExecutor(count) as pool:
        for answer in pool.map(lambda _: ask(gateway.port, "chat", "p/m"), range(count)):
            assert answer.message.text == "Hello"


@contextmanager
def one_provider(script: Script, context: Any = None, **more: Any) -> Iterator[tuple[Served, OddServer]]:
    case = Case(script, tls="good" if context else None)
    with OddServer(script, context) as server:
        # One loop, or a kept connection may be another's.
        configuration = {**settings({"p": case}, {"p": server}), "loops": 1}
        with Served(configuration, **more) as gateway:
            yield gateway, server


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
@pytest.mark.parametrize("end", ["closed", "reset"])
def test_a_connection_that_ended_while_it_was_kept(authority: Authority, end: str, tls: bool, form: str) -> None:
    """It is replaced before anything is sent: nobody notices."""

    def script(peer: Peer) -> None:
        peer.request()
        peer.send(GOOD)
        if peer.number == 0:
            peer.server.pause(0.05)
            peer.reset() if end == "reset" else peer.goodbye()
        else:
            serves(peer)

    context = authority.context("good") if tls else None
    with one_provider(script, context, SSL_CERT_FILE=authority.file) as (gateway, server):
        warm(gateway)
        time.sleep(0.15)
        answer = ask(gateway.port, form, "p/m")
        assert answer.message.text == "Hello" and len(server.heads) == 2 and server.connections == 2


@pytest.mark.parametrize("form", FORMS)
def test_a_kept_connection_that_resets_the_request(form: str) -> None:
    """The server had gone when the request came: it is sent once more, and no more than that."""

    def script(peer: Peer) -> None:
        peer.request()
        if peer.number < 2:
            peer.send(GOOD)
            peer.head()
        peer.reset()

    with one_provider(script) as (gateway, server):
        warm(gateway, 2)
        kept = server.connections
        answer = ask(gateway.port, form, "p/m")
        assert answer.message.error and answer.message.error["code"] == "provider_unreachable", answer
        assert server.connections == kept + 1 and len(server.heads) == kept + 2


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 2"], ids=["nothing", "half-a-head"])
def test_a_kept_connection_that_takes_the_request_and_closes(form: str, said: bytes) -> None:
    """It may have cost money: it is not sent again."""

    def script(peer: Peer) -> None:
        peer.request()
        peer.send(GOOD)
        peer.request()
        peer.send(said)

    with one_provider(script) as (gateway, server):
        warm(gateway)
        answer = ask(gateway.port, form, "p/m")
        assert answer.message.error and answer.message.error["code"] == "provider_unreachable", answer
        assert server.connections == 1 and len(server.heads) == 2


def test_a_tls_session_is_taken_up(authority: Authority) -> None:
    def script(peer: Peer) -> None:
        peer.request()
        peer.send(UNTIL_END + WHOLE)
        peer.goodbye()

    with one_provider(script, authority.context("good"), SSL_CERT_FILE=authority.file) as (gateway, server):
        for _ in range(4):
            warm(gateway)
        assert server.connections == 4 and server.resumed >= 2


# Names with several addresses.


@contextmanager
def named(addresses: list[str], port: int, folder: Path) -> Iterator[Served]:
    """A gateway for which `both.test` has these addresses."""
    hosts = folder / "hosts"
    hosts.write_text("127.0.0.1 localhost\n" + "".join(f"{address} both.test\n" for address in addresses))
    own = f'mount --bind {hosts} /etc/hosts && exec "$@"'
    under = ["unshare", "--mount", "--propagation", "private", "sh", "-c", own, "sh"]
    if subprocess.run([*under, "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("needs root, for a hosts file of its own")
    deadlines = {"connect": "2s"}
    provider = {"kind": "openai", "base_url": f"http://both.test:{port}/v1", "api_key": "k", "deadlines": deadlines}
    with Served({"listen": "127.0.0.1:0", "loops": LOOPS[-1], "providers": {"p": provider}}, under=under) as gateway:
        yield gateway


@pytest.mark.parametrize("alive", ["127.0.0.1", "::1"])
def test_one_family_refuses(alive: str, tmp_path: Path) -> None:
    with OddServer(serves, address=alive) as server, named(["::1", "127.0.0.1"], server.port, tmp_path) as gateway:
        for form in FORMS:
            assert ask(gateway.port, form, "p/m").message.text == "Hello"


@pytest.mark.parametrize("order", [1, -1])
def test_one_address_is_silent(order: int, tmp_path: Path) -> None:
    """It uses up its share of the time and no more; and those that follow do not wait for it again."""
    addresses = ["127.0.0.2", "127.0.0.1"][::order]
    with OddServer(serves) as server, unaccepting("127.0.0.2", server.port):
        with named(addresses, server.port, tmp_path) as gateway:
            for form in FORMS:
                assert ask(gateway.port, form, "p/m").message.text == "Hello"


def test_all_addresses_refuse(tmp_path: Path) -> None:
    with OddServer(serves) as server:
        port = server.port
    with named(["::1", "127.0.0.1"], port, tmp_path) as gateway:
        for form in FORMS:
            answer = ask(gateway.port, form, "p/m")
            assert answer.message.error and answer.message.error["code"] == "provider_unreachable"


# Errors.

ODD = {"error": {"message": "odd " + CANARY, "type": "odd_type", "code": "odd_code"}}
CODINGS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "GZIP": gzip.compress,
    "deflate": zlib.compress,
    "deflate-bare": lambda data: zlib.compress(data)[2:-4],
    "identity": lambda data: data,
}


@pytest.mark.parametrize("coding", CODINGS)
def test_a_compressed_error(coding: str) -> None:
    """Nobody asked for it; it is read all the same, and passed on in plain, without the key."""
    body = CODINGS[coding](json.dumps(ODD).encode())
    name = coding.removesuffix("-bare")
    script = says(sized(body, "application/json", "429 Too Many Requests", f"content-encoding: {name}"))
    with one_provider(script) as (gateway, _):
        for form in FORMS:
            answer = ask(gateway.port, form, "p/m")
            assert answer.message.error and answer.message.error["code"] == "odd_code", answer
            assert "odd ***" in answer.message.error["message"]
            assert answer.status == (429 if form in ("chat", "whole") else 200)


@pytest.mark.parametrize(
    ("coding", "data", "unreadable"),
    [
        ("br", b"\x0b\x02\x80hello", True),
        ("gzip, gzip", gzip.compress(gzip.compress(b"{}")), True),
        ("gzip", b"not gzip at all", True),
        ("gzip", gzip.compress(json.dumps(ODD).encode())[:20], False),
        ("gzip", gzip.compress(b" " * 200_000_000), False),
        ("identity", None, False),
    ],
    ids=["unknown", "two", "broken", "cut", "bomb", "endless"],
)
def test_an_error_that_cannot_be_read(coding: str, data: bytes | None, unreadable: bool) -> None:
    """Its status is told; a few bytes do not become many, and an endless body is left."""
    fields = [f"content-encoding: {coding}"] + ([f"content-length: {len(data)}"] if data is not None else [])
    start = head(*fields, status="500 Internal Server Error", kind="application/json")
    script = says(start + data) if data is not None else endless(start, repeated=b" " * 1000, pause=0.001)
    with one_provider(script) as (gateway, _):
        before = resident(gateway)
        for form in ("native", "lines", "simple"):
            assert ask(gateway.port, form, "p/m").message.error is not None
        for stream in (True, False):
            with Connection(gateway.port, PATIENT) as connection:
                body = {"model": "p/m", "messages": [{"role": "user", "content": "Hello?"}], "stream": stream}
                response = connection.request("POST", "/v1/chat/completions", body=body)
                assert response.status == (502 if unreadable else 500)
                assert len(response.body()) <= 256 << 10 and response.ended == "clean"
        assert resident(gateway) - before < 20_000
        assert eventually(lambda: lets_go(gateway))


@pytest.mark.parametrize("form", FORMS)
def test_an_error_behind_the_finish(form: str) -> None:
    """The answer is whole and stays so; whoever reads events is told what the provider said."""
    error = frame({"error": {"message": "too late " + CANARY, "code": "odd_code"}})
    with one_provider(says(CHUNKED + chunk(ROLE + SAID + FINISH + error) + LAST)) as (gateway, _):
        assert ask(gateway.port, form, "p/m").message.text == "Hello"
        with Connection(gateway.port, PATIENT) as connection:
            body = {"model": "p/m", "messages": [{"role": "user", "content": "Hello?"}]}
            connection.send("POST", "/v1/generations", {"accept": "application/x-ndjson"}, body)
            notices = [line for line in Response(connection).lines() if line["type"] == "notice"]
        assert [notice["code"] for notice in notices] == ["odd_code"]
        assert notices[0]["message"] == "the provider reported an error behind the finish: too late ***"


def test_no_coding_is_asked_for() -> None:
    with one_provider(serves) as (gateway, server):
        for form in FORMS:
            ask(gateway.port, form, "p/m")
        assert all("\r\naccept-encoding: identity" in request for request in server.heads), server.heads


@pytest.mark.parametrize("status", ["200 OK", "302 Found", "429 Too Many Requests"])
def test_fields_that_show_the_key(status: str) -> None:
    """Whatever is passed on of a response's head, the key is not."""
    fields = [f"x-request-id: {CANARY}", f"openai-version: a{CANARY}b", "location: /"]
    kind = "text/event-stream" if status.startswith("2") else f"text/{CANARY}"
    with one_provider(says(sized(WHOLE, kind, status, *fields))) as (gateway, _):
        for path, stream in (("/v1/chat/completions", True), ("/v1/chat/completions", False), ("/v1/generations", True)):
            with Connection(gateway.port, PATIENT) as connection:
                body = {"model": "p/m", "messages": [{"role": "user", "content": "Hello?"}]}
                more = {"stream": stream} if "chat" in path else {}
                response = connection.request("POST", path, body={**body, **more})
                assert CANARY.encode() not in response.body() and CANARY not in str(response.fields)


def test_an_answer_before_the_request_was_read() -> None:
    """A provider that refuses a long request by its head."""

    def script(peer: Peer) -> None:
        peer.head()
        peer.send(sized(json.dumps(ODD).encode(), "application/json", "413 Content Too Large", "connection: close"))
        peer.server.pause(0.3)

    with one_provider(script) as (gateway, server):
        for form in ("chat", "whole", "native", "lines"):
            long = [{"role": "user", "content": "x" * 8_000_000}]
            answer = ask(gateway.port, form, "p/m", messages=long)
            assert answer.message.error and answer.message.error["code"] == "odd_code", answer
        assert len(server.heads) == 4
