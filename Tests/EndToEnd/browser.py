"""Debian's Chromium, driven by Playwright, and a page that follows an answer with the browser's own `EventSource`.

What is here are fixtures: a test module that imports them has them.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import Any

import pytest

playwright = pytest.importorskip("playwright.sync_api")
CHROMIUM = shutil.which("chromium")
ARGUMENTS = ["--no-sandbox", "--disable-gpu"]
MARKS = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed"),
]
PATIENCE = 20_000
"""Milliseconds, as Playwright counts."""


@pytest.fixture(scope="module")
def tools() -> Iterator[Any]:
    with playwright.sync_playwright() as running:
        yield running


@pytest.fixture(scope="module")
def chromium(tools: Any) -> Iterator[Any]:
    browser = tools.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
    yield browser
    browser.close()


@pytest.fixture
def page(chromium: Any) -> Iterator[Any]:
    context = chromium.new_context()
    page = watched(context)
    yield page
    assert not page.problems
    context.close()


def watched(context: Any) -> Any:
    """A page whose mistakes are remembered."""
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    page.problems = []
    page.on("pageerror", lambda problem: page.problems.append(str(problem)))
    return page


FOLLOW = """path => {
    const seen = window.seen = {text: '', ids: [], opened: 0, lost: 0, end: ''};
    const source = new EventSource(path);
    source.onopen = () => { seen.opened += 1; };
    source.onerror = () => {
        seen.lost += 1;
        if (source.readyState === EventSource.CLOSED) seen.end = 'closed';
    };
    source.onmessage = event => {
        const value = JSON.parse(event.data);
        seen.ids.push(event.lastEventId);
        if (value.type === 'text') seen.text += value.content;
        else if (value.type === 'done' || value.type === 'error') { seen.end = value.type; source.close(); }
    };
}"""


class Following:
    """A page of the gateway's own origin that follows one answer; nothing in it asks again but the browser."""

    def __init__(self, page: Any, origin: str, query: str = "") -> None:
        self.page = page
        page.goto(f"{origin}/healthz")
        page.evaluate(FOLLOW, f"/api/chat?prompt=Tell%20me{query}")

    @property
    def seen(self) -> Any:
        return self.page.evaluate("window.seen")

    def until(self, text: str) -> None:
        """Waits until that is shown."""
        self._wait("seen.text.length >= wanted", len(text.encode("utf-16-le")) // 2)
        assert self.seen["text"] == text

    def opens(self, count: int) -> None:
        """Waits until the browser has made so many connections that the gateway answered."""
        self._wait("seen.opened >= wanted", count)

    def end(self) -> Any:
        """Waits for the end; no event may have come twice."""
        self._wait("seen.end !== ''", None)
        seen = self.seen
        places = [int(identity.partition(":")[2]) for identity in seen["ids"]]
        assert places == sorted(set(places)), places
        assert len({identity.partition(":")[0] for identity in seen["ids"]}) == 1, seen["ids"]
        return seen

    def fold(self) -> Any:
        """The answer as the gateway keeps it."""
        identity = self.seen["ids"][0].partition(":")[0]
        return self.page.evaluate("path => fetch(path).then(answer => answer.json())", f"/v1/generations/{identity}")

    def _wait(self, condition: str, wanted: Any) -> None:
        try:
            self.page.wait_for_function(f"wanted => {condition}", arg=wanted)
        except playwright.TimeoutError:
            raise AssertionError(f"not {condition} ({wanted}): {self.seen}") from None
