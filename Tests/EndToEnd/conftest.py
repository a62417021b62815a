"""What every suite shares: the stand-in, the columns a case runs in, and the table of both at the end.

A test that takes `column` runs three times: `direct` (the reader straight against the stand-in: the control column),
and through Freshet with one loop and with two. FRESHET_LOOPS=1 or 2 leaves only that one.
"""

from __future__ import annotations

import os
import signal
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from gateway import Served, configuration
from provider import Provider

SOAK = os.environ.get("FRESHET_LONG") == "1"
SANITIZED = os.environ.get("FRESHET_SANITIZED") == "1"
"""Whether a sanitizer watches the program."""
LOOPS = [int(loops) for loops in os.environ.get("FRESHET_LOOPS", "1,2").split(",")]

# In the background of a script SIGINT is ignored, and programs that are started would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.get_closest_marker("soak") and not SOAK:
            item.add_marker(pytest.mark.skip(reason="long: FRESHET_LONG=1 runs it"))


@pytest.fixture
def provider() -> Iterator[Provider]:
    with Provider() as standin:
        yield standin


@dataclass
class Column:
    """Where a case's reader connects to. `loops` is 0 for the provider itself."""

    name: str
    port: int
    loops: int
    provider: Provider

    @property
    def direct(self) -> bool:
        return self.loops == 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"


COLUMNS = ["direct", *(f"loops{loops}" for loops in LOOPS)]


@pytest.fixture(params=COLUMNS)
def column(request: pytest.FixtureRequest, provider: Provider) -> Iterator[Column]:
    if request.param == "direct":
        yield Column("direct", provider.port, 0, provider)
        return
    loops = int(request.param.removeprefix("loops"))
    with Served(configuration(provider.url, loops)) as gateway:
        yield Column(request.param, gateway.port, loops, provider)


@pytest.fixture(params=LOOPS, ids=lambda loops: f"loops{loops}")
def gateway(request: pytest.FixtureRequest, provider: Provider) -> Iterator[Served]:
    with Served(configuration(provider.url, request.param)) as served:
        yield served


# What is printed after the run. Tests may run in several processes; a report carries theirs to the one that prints.

NOTES: list[str] = []
"""What passing tests have to say at the end of the run, a line each."""

RESULTS: dict[str, dict[str, str]] = defaultdict(dict)
SAID: list[str] = []


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: Any) -> Iterator[None]:
    outcome = yield
    report = outcome.get_result()
    report.user_properties += [("note", note) for note in NOTES]
    NOTES.clear()
    params = getattr(getattr(item, "callspec", None), "params", {})
    if "column" not in params or (report.when != "call" and report.outcome == "passed"):
        return
    others = [str(part) for part in item.callspec.id.split("-") if part not in COLUMNS]  # type: ignore[attr-defined]
    case = item.name.partition("[")[0].removeprefix("test_") + (f"[{'-'.join(others)}]" if others else "")
    report.user_properties += [("case", f"{item.path.stem.removeprefix('test_')}: {case}"), ("column", params["column"])]


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    told = dict(report.user_properties)
    SAID.extend(str(value) for name, value in report.user_properties if name == "note")
    if "column" in told:
        RESULTS[str(told["case"])][str(told["column"])] = report.outcome


def pytest_terminal_summary(terminalreporter: Any) -> None:
    if SAID:
        terminalreporter.section("counts and figures")
        for note in SAID:
            terminalreporter.write_line(note)
    if not RESULTS:
        return
    marks = {"passed": "ok", "failed": "FAILED", "skipped": "-"}
    shown = [name for name in COLUMNS if any(name in row for row in RESULTS.values())]
    terminalreporter.section("the same reader against the provider (direct) and through Freshet")
    terminalreporter.write_line(f"{'':72}" + "".join(f"{name:>9}" for name in shown))
    for case, row in sorted(RESULTS.items()):
        terminalreporter.write_line(
            f"{case[:71]:72}" + "".join(f"{marks.get(row.get(name, ''), ''):>9}" for name in shown)
        )
    for name in shown:
        good = sum(row.get(name) == "passed" for row in RESULTS.values())
        terminalreporter.write_line(f"{name}: {good} of {len(RESULTS)} cases")
