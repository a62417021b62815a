"""The page at `GET /` in Debian's Chromium: the browser's own EventSource, and a network that fails.

Each time the provider is asked once, and after a cut the page shows the whole text once.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from browser import MARKS, PATIENCE, chromium, page, playwright, tools  # noqa: F401
from conftest import LOOPS
from cutter import Cutter
from gateway import Served, configuration
from provider import FIN, Gate, Provider, chat

pytestmark = MARKS

TOKENS = ["Once ", "upon ", "a ", "time", ", ", "日本 ", "🙂", "."]
TEXT = "".join(TOKENS)


@pytest.fixture
def served(provider: Provider) -> Iterator[Served]:
    with Served(configuration(provider.url, LOOPS[-1])) as gateway:
        yield gateway


@pytest.fixture
def network(served: Served) -> Iterator[Cutter]:
    with Cutter(served.port) as cutter:
        yield cutter


def open_page(page: Any, port: int) -> None:
    """Opens the page with a prompt; a page that asks for one is given it."""
    page.goto(f"http://127.0.0.1:{port}/?prompt=Tell%20me")
    field = page.locator("input:not([type=hidden]), textarea")
    if field.count() and page.locator("#state").inner_text() == "":
        field.first.fill("Tell me")
        field.first.press("Enter")


def shows(page: Any, text: str) -> None:
    """Waits until the answer is `text`, whole and once; blanks at the ends do not count."""
    playwright.expect(page.locator("#answer")).to_have_text(text, timeout=PATIENCE)


def state(page: Any, name: str) -> None:
    playwright.expect(page.locator("#state")).to_have_text(name, timeout=PATIENCE)


def test_end(served: Served, provider: Provider, page: Any) -> None:
    """It grows token by token, ends, and does not come back."""
    gate = Gate()
    provider.answer(chat(TOKENS, gate=gate))
    open_page(page, served.port)
    for number in range(len(TOKENS)):
        gate.release()
        shows(page, "".join(TOKENS[: number + 1]))
    state(page, "streaming")
    gate.open()
    state(page, "done")
    page.wait_for_timeout(1500)  # longer than the browser waits before it connects again
    shows(page, TEXT)
    assert provider.count == 1


def test_error(served: Served, provider: Provider, page: Any) -> None:
    provider.answer(chat(TOKENS, ends=[0.2, FIN]))
    open_page(page, served.port)
    state(page, "failed")
    assert TEXT in page.locator("body").inner_text(), "the text that was shown stays"
    page.wait_for_timeout(1500)
    assert provider.count == 1


@pytest.mark.parametrize("tokens", [0, 4, len(TOKENS)], ids=["before-the-first", "in-the-middle", "before-done"])
def test_cut(served: Served, network: Cutter, provider: Provider, page: Any, tokens: int) -> None:
    """Before the first token, in the middle, and between the last token and `done`."""
    gate = Gate()
    provider.answer(chat(TOKENS, gate=gate))
    open_page(page, network.port)
    provider.wait_count(1)
    if tokens:
        gate.release(tokens)
        shows(page, "".join(TOKENS[:tokens]))
    else:
        state(page, "streaming")
    before = network.accepted
    network.cut()
    gate.open()
    state(page, "done")
    shows(page, TEXT)
    assert network.accepted > before, "it did connect again"
    assert provider.count == 1


def test_cut_again_and_again(served: Served, network: Cutter, provider: Provider, page: Any) -> None:
    """Every two tokens."""
    gate = Gate()
    provider.answer(chat(TOKENS, gate=gate))
    open_page(page, network.port)
    provider.wait_count(1)
    for number in range(2, len(TOKENS), 2):
        gate.release(2)
        shows(page, "".join(TOKENS[:number]))
        network.cut()
    gate.open()
    state(page, "done")
    shows(page, TEXT)
    assert provider.count == 1


def test_page_of_another_site(served: Served, network: Cutter, provider: Provider, page: Any) -> None:
    """A page from elsewhere can neither read nor spend."""
    page.goto(f"http://127.0.0.1:{network.port}/healthz")
    script = """port => new Promise(resolve => {
        const source = new EventSource(`http://127.0.0.1:${port}/api/chat?prompt=spend`);
        source.onopen = () => { source.close(); resolve('opened'); };
        source.onerror = () => { source.close(); resolve('refused'); };
    })"""
    assert page.evaluate(script, served.port) == "refused"
    ask = """port => fetch(`http://127.0.0.1:${port}/v1/chat/completions`, {method: 'POST', mode: 'no-cors',
        body: '{"model":"m","messages":[{"role":"user","content":"spend"}]}'}).then(() => 'sent', () => 'refused')"""
    page.evaluate(ask, served.port)
    image = """port => new Promise(resolve => { const image = new Image(); image.onerror = resolve;
        image.src = `http://127.0.0.1:${port}/api/chat?prompt=spend`; })"""
    page.evaluate(image, served.port)
    assert provider.count == 0
