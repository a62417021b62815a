"""A real browser's `EventSource` on `GET /api/chat` while what is between it and the gateway fails, or the gateway dies.

The page does nothing about it. Its text is the answer's fold, nothing twice and nothing missing, and the provider was
asked once.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from browser import ARGUMENTS, CHROMIUM, MARKS, Following, chromium, page, tools, watched  # noqa: F401
from conftest import LOOPS
from cutter import Cutter
from gateway import Restartable, Served, configuration
from held import eventually
from lost_link import Link, Unavailable
from nginx import NGINX, Nginx
from provider import Gate, Provider, chat
from test_generations import ask

pytestmark = MARKS

TOKENS = ["Once ", "upon ", "a ", "time", ", ", "日本 ", "🙂 ", "👩‍👩‍👧", " x", "."]
TEXT = "".join(TOKENS)
AWAY = [pytest.param(3, id="short"), pytest.param(20, id="as it is", marks=pytest.mark.soak)]
"""Seconds for which nothing arrives."""
LOG = "&log=on"
LOGGED = [pytest.param(LOG, id="logged"), pytest.param("", id="plain", marks=pytest.mark.soak)]


@pytest.fixture
def gateway(provider: Provider) -> Iterator[Restartable]:
    with Restartable(configuration(provider.url, LOOPS[-1])) as running:
        yield running


@pytest.fixture
def gate(provider: Provider) -> Gate:
    """Holds each token of every answer, and then its end."""
    gate = Gate()
    provider.answer(chat(TOKENS, gate=gate))
    return gate


def local(port: int) -> str:
    return f"http://127.0.0.1:{port}"


def fold(gateway: Served) -> Any:
    """The only generation there is, as the gateway keeps it."""
    _, listed = ask(gateway, "GET", "/v1/generations")
    assert len(listed["data"]) == 1, listed
    response, document = ask(gateway, "GET", f"/v1/generations/{listed['data'][0]['id']}")
    assert response.status == 200, document
    return document


def content(gateway: Served) -> str:
    return str(fold(gateway)["message"]["content"])


@pytest.mark.skipif(NGINX is None, reason="nginx is not installed")
@pytest.mark.parametrize(
    ("query", "away"), [("", 0), (LOG, 0), pytest.param(LOG, 20, id="as it is", marks=pytest.mark.soak)]
)
def test_nginx_is_restarted(
    page: Any, gateway: Restartable, provider: Provider, gate: Gate, query: str, away: int
) -> None:
    """In the middle of the answer, and again behind its last word."""
    with Nginx(gateway.port) as nginx:
        following = Following(page, local(nginx.port), query)
        for before, number in ((0, 3), (3, len(TOKENS))):
            gate.release(number - before)
            following.until("".join(TOKENS[:number]))
            nginx.stop()
            time.sleep(away)
            nginx.start()
            following.opens(2 if before == 0 else 3)
        gate.open()
        seen = following.end()
    assert seen["text"] == content(gateway.served) == TEXT
    assert seen["end"] == "done" and seen["opened"] == 3
    assert provider.count == 1


@pytest.mark.parametrize("away", AWAY)
@pytest.mark.parametrize("query", LOGGED)
def test_a_relay_falls_silent_and_resets_the_browser(
    page: Any, gateway: Restartable, provider: Provider, gate: Gate, query: str, away: int
) -> None:
    """The gateway is not told that its reader is gone: for it there are two."""
    with Cutter(gateway.port) as network:
        following = Following(page, local(network.port), query)
        gate.release(3)
        following.until("".join(TOKENS[:3]))
        network.hold()
        gate.release(4)
        assert eventually(lambda: content(gateway.served) == "".join(TOKENS[:7]))
        time.sleep(away)
        assert following.seen["lost"] == 0 and following.seen["text"] == "".join(TOKENS[:3])
        network.cut_near()
        network.go_on()
        following.until("".join(TOKENS[:7]))
        gate.open()
        seen = following.end()
    assert seen["text"] == content(gateway.served) == TEXT
    assert (seen["end"], seen["opened"], seen["lost"]) == ("done", 2, 1)
    assert provider.count == 1


@pytest.mark.parametrize("away", AWAY)
def test_the_gateway_is_killed_and_started_again(
    page: Any, gateway: Restartable, provider: Provider, gate: Gate, away: int
) -> None:
    """Its last words were written, but had not arrived. What it could not go on with ends as an error behind them."""
    with Cutter(gateway.port) as network:
        following = Following(page, local(network.port), LOG)
        gate.release(3)
        following.until("".join(TOKENS[:3]))
        network.hold()
        gate.release(4)
        assert eventually(lambda: content(gateway.served) == "".join(TOKENS[:7]))
        gateway.kill()
        network.cut()
        network.go_on()
        time.sleep(away)
        gateway.start()
        seen = following.end()
    assert seen["text"] == content(gateway.served) == "".join(TOKENS[:7])
    assert seen["end"] == "error" and fold(gateway.served)["state"] == "interrupted"
    assert seen["opened"] == 2 and seen["lost"] >= 1
    assert provider.count == 1


def test_killed_behind_the_end(page: Any, gateway: Restartable, provider: Provider, gate: Gate) -> None:
    """The answer was whole, and the browser does not know it."""
    with Cutter(gateway.port) as network:
        following = Following(page, local(network.port), LOG)
        gate.release(3)
        following.until("".join(TOKENS[:3]))
        network.hold()
        gate.open()
        assert eventually(lambda: fold(gateway.served)["state"] == "finished")
        gateway.kill()
        network.cut()
        network.go_on()
        gateway.start()
        seen = following.end()
    assert seen["text"] == content(gateway.served) == TEXT and seen["end"] == "done"
    assert provider.count == 1


# A machine of its own.


@pytest.fixture
def link() -> Iterator[Link]:
    try:
        made = Link()
    except Unavailable as reason:
        pytest.skip(f"no network namespaces here: {reason}")
    with made:
        yield made


@pytest.fixture
def away_page(link: Link, tools: Any, tmp_path: Path) -> Iterator[Any]:
    """A page of a Chromium on the other machine."""
    program = tmp_path / "chromium"
    program.write_text(f'#!/bin/sh\nexec ip netns exec {link.space} {CHROMIUM} "$@"\n')
    program.chmod(0o755)
    browser = tools.chromium.launch(executable_path=str(program), args=ARGUMENTS)
    page = watched(browser.new_context())
    yield page
    assert not page.problems
    browser.close()


@pytest.mark.parametrize("away", AWAY)
def test_a_link_is_down_for_a_while(
    link: Link, away_page: Any, provider: Provider, gate: Gate, away: int
) -> None:
    """What the gateway says meanwhile is sent again when the link is there again: the same connection goes on."""
    listen = configuration(provider.url, LOOPS[-1], listen=f"{link.here}:0")
    with Served(listen, "--open") as gateway:
        following = Following(away_page, f"http://{link.here}:{gateway.port}", LOG)
        gate.release(3)
        following.until("".join(TOKENS[:3]))
        link.down()
        gate.release(4)
        time.sleep(away)
        assert following.seen["text"] == "".join(TOKENS[:3])
        link.up()
        following.until("".join(TOKENS[:7]))
        gate.open()
        seen = following.end()
        assert seen["text"] == following.fold()["message"]["content"] == TEXT
    assert (seen["end"], seen["opened"], seen["lost"]) == ("done", 1, 0), seen
    assert provider.count == 1
