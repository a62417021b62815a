"""The log and the metrics: that they say what happened, add up, stay bounded, and hold nobody up."""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from asking import ASK, FINISH, KINDS, SOON, STREAMED, ask, ask_chat, delta, follow, reader_of, send, settings
from conftest import LOOPS, NOTES
from gateway import LISTENING, ConfigurationFile, Program, Served, binary, configuration, ended, environment
from held import eventually
from observed import Metrics, lines, scrape, wait_lines, wait_metrics
from provider import FIN, STALL, Answer, Provider, chat, error, frame
from readers import GENERATION
from wire import Connection, Response

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
DIALECTS = {"chat": "openai-chat", "native": "native", "simple": "simple"}
PATHS = {"chat": "/v1/chat/completions", "native": "/v1/generations", "simple": "/api/chat"}


@pytest.fixture(params=LOOPS, ids=lambda loops: f"loops{loops}")
def debugged(request: pytest.FixtureRequest, provider: Provider) -> Iterator[Served]:
    """A gateway that logs everything."""
    more = {"log": {"level": "debug"}, "limits": {"body": "64KiB", "bodies": "1MiB"}}
    with Served(settings(provider, request.param, **more)) as served:
        yield served


# The log.


@pytest.mark.parametrize("kind", KINDS)
def test_a_finished_answer(debugged: Served, provider: Provider, kind: str) -> None:
    assert ask(debugged.port, kind).text == "Hello."
    (line,) = wait_lines(debugged, 1)
    assert TIME.fullmatch(line["time"]) and GENERATION.fullmatch(line["generation"])
    said = {name: line[name] for name in ("level", "path", "status", "dialect", "model", "route", "owner", "outcome")}
    assert said == {
        "level": "info",
        "path": PATHS[kind],
        "status": 200,
        "dialect": DIALECTS[kind],
        "model": "m",
        "route": "upstream/m",
        "owner": "local",
        "outcome": "finished",
    }
    assert "error" not in line and "limit" not in line
    assert 0 < line["first_content_ms"] <= line["duration_ms"]
    assert line["events"] >= 5 and line["bytes"] > 200
    (attempt,) = wait_lines(debugged, 1, "attempt")
    assert attempt["generation"] == line["generation"] and attempt["route"] == "upstream/m"
    assert attempt["url"] == f"http://127.0.0.1:{provider.port}/v1/chat/completions"
    assert (attempt["status"], attempt["outcome"], attempt["reused"]) == (200, "finished", False)
    phases = [attempt[f"{phase}_ms"] for phase in ("connected", "head", "first_content", "ended")]
    assert phases == sorted(phases)
    ask(debugged.port, kind)
    ask(debugged.port, kind)
    ask(debugged.port, kind)
    assert any(attempt["reused"] for attempt in wait_lines(debugged, 4, "attempt"))


def test_answers_that_fail(debugged: Served, provider: Provider) -> None:
    told = frame({"error": {"message": "no", "type": "server_error", "code": "own_word"}})
    provider.answer_next(
        error(429), chat(["a"], ends=[FIN]), Answer([delta(content="a"), told]), Answer([told])
    )
    for stream in (True, True, True, False):
        ask_chat(debugged.port, stream=stream)
    found = [(line["status"], line["outcome"], line["error"], line["level"]) for line in wait_lines(debugged, 4)]
    assert found == [
        (429, "failed", "stand_in", "warn"),
        (200, "failed", "provider_truncated", "warn"),
        (200, "failed", "own_word", "warn"),
        (502, "failed", "own_word", "warn"),
    ]
    attempts = [(line["status"], line["outcome"], line["error"]) for line in wait_lines(debugged, 4, "attempt")]
    assert attempts == [(status, "failed", code) for status, code in zip((429, 200, 200, 200), [f[2] for f in found])]


def test_clients_that_leave(debugged: Served, provider: Provider) -> None:
    provider.answer(chat(["a"], ends=[STALL]))
    for number, kind in enumerate(KINDS):
        with Connection(debugged.port) as connection:
            send(connection, kind)
            next(Response(connection).pieces())
            provider.wait_count(number + 1)
    found = wait_lines(debugged, 3)
    assert [(line["status"], line["outcome"]) for line in found] == [(200, "client_gone")] * 3
    provider.answer(chat([], ends=[STALL], head=[STALL]))
    with Connection(debugged.port) as connection:
        send(connection, "chat")
        provider.wait_count(4)
    line = wait_lines(debugged, 4)[3]
    assert (line["status"], line["outcome"], line["bytes"]) == (0, "client_gone", 0)
    assert "first_content_ms" not in line
    assert wait_lines(debugged, 2, "attempt")[0]["outcome"] == "cancelled"


def test_requests_that_are_refused(debugged: Served) -> None:
    def raw(text: str) -> None:
        with Connection(debugged.port) as connection:
            connection.socket.sendall(text.encode())
            Response(connection).body()

    host = "Host: 127.0.0.1\r\n"
    raw(f"GET /nothing?secret HTTP/1.1\r\n{host}\r\n")
    raw(f"DELETE /v1/models HTTP/1.1\r\n{host}\r\n")
    raw("GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n")
    raw("nonsense\r\n\r\n")
    raw(f"GET /{'x' * 20000} HTTP/1.1\r\n{host}\r\n")
    raw(f"POST /v1/chat/completions HTTP/1.1\r\n{host}Content-Length: 70000\r\n\r\n")
    raw(f"POST /v1/chat/completions HTTP/1.1\r\n{host}Content-Length: 2\r\n\r\n[]")
    found = [
        (line.get("method"), line.get("path"), line["status"], line.get("error"), line.get("limit"))
        for line in wait_lines(debugged, 7)
    ]
    assert found == [
        ("GET", "/nothing", 404, "not_found", None),
        ("DELETE", "/v1/models", 405, "method_not_allowed", None),
        ("GET", "/", 403, "forbidden", None),
        (None, None, 400, None, None),
        (None, None, 414, None, "target"),
        ("POST", "/v1/chat/completions", 413, None, "body"),
        ("POST", "/v1/chat/completions", 400, "invalid_request", None),
    ]
    assert {line["outcome"] for line in lines(debugged)} == {"refused"}
    metrics = scrape(debugged)
    assert metrics.value("freshet_requests_refused_total", limit="target") == 1
    assert metrics.value("freshet_requests_refused_total", limit="body") == 1
    assert metrics.value("freshet_requests_total", endpoint="other", status="404") == 1
    assert metrics.value("freshet_requests_total", endpoint="/v1/models", status="405") == 1


def test_a_reader_that_comes_back(debugged: Served, provider: Provider) -> None:
    ask(debugged.port, "simple")
    generation = wait_lines(debugged, 1)[0]["generation"]
    with Connection(debugged.port) as connection:
        connection.request("GET", "/api/chat?prompt=x", {"last-event-id": f"{generation}:2"}).body()
    line = wait_lines(debugged, 2)[1]
    assert (line["generation"], line["outcome"]) == (generation, "finished")
    assert "first_content_ms" not in line, "the content was there before the request"
    assert 0 < line["events"] < lines(debugged)[0]["events"]


def test_levels(provider: Provider) -> None:
    def printed(level: str) -> list[dict[str, Any]]:
        provider.answer_next(chat(["a"]), error(500))
        with Served(settings(provider, log={"level": level})) as gateway:
            ask_chat(gateway.port)
            ask_chat(gateway.port)
            with Connection(gateway.port) as connection:
                connection.request("GET", "/healthz").body()
        # Once it has ended, everything was printed.
        return [] if level == "off" else lines(gateway) + lines(gateway, "attempt")

    assert Counter(line["level"] for line in printed("debug")) == {"debug": 3, "info": 1, "warn": 1}
    assert Counter(line["level"] for line in printed("info")) == {"info": 1, "warn": 1}
    assert Counter(line["level"] for line in printed("warn")) == {"warn": 1}
    assert printed("off") == []


def test_a_person_watches(provider: Provider) -> None:
    """On a terminal lines are short, and names that clients choose cannot drive it."""
    settled = settings(provider)
    with ConfigurationFile(settled) as path, Program("serve", "--config", path, terminal=True) as program:
        shown = b""
        while not (found := LISTENING.search(shown.decode(errors="replace"))):
            shown += program.read()
        ask_chat(int(found[1]), model="\x1b[31mred\x9b\n")
        while b"bytes" not in shown:
            shown += program.read()
    assert b"POST /v1/chat/completions 200 finished upstream/?[31mred??" in shown
    assert b"\x1b" not in shown and b"{" not in shown


@dataclass
class Watched:
    """A gateway whose output the test reads itself."""

    port: int


@contextmanager
def watched(content: dict[str, Any]) -> Iterator[tuple[subprocess.Popen[bytes], Any]]:
    with ConfigurationFile(content) as path:
        command = [binary(), "serve", "--config", path]
        with ended(subprocess.Popen(command, stdout=subprocess.PIPE, env=environment(), bufsize=0)) as process:
            assert process.stdout is not None
            found = LISTENING.search(process.stdout.readline().decode())
            assert found
            yield process, Watched(int(found[1]))


def test_blocked_output_stops_no_stream(provider: Provider) -> None:
    """Nobody reads the log: it is dropped and counted, and said when somebody reads again."""
    settled = settings(provider, log={"level": "debug"}, limits={"log_ring": "4KiB"})
    with watched(settled) as (process, gateway):  # its first line was read, and from now on nothing is
        assert process.stdout is not None
        asked = 0
        while scrape(gateway).value("freshet_log_lines_dropped_total") < 20:
            with Connection(gateway.port) as connection:
                for _ in range(50):
                    assert connection.request("GET", "/healthz").body() == b"ok\n"
            asked += 1
            assert asked < 100
        assert ask(gateway.port, "chat").text == "Hello."
        metrics = scrape(gateway)
        dropped = metrics.value("freshet_log_lines_dropped_total")
        read = b""
        while b"log_lines_dropped" not in read:
            read += os.read(process.stdout.fileno(), 65536)
        time.sleep(0.1)
        assert ask(gateway.port, "chat").text == "Hello."
        while b"/v1/chat/completions" not in read:
            read += os.read(process.stdout.fileno(), 65536)
        process.terminate()
        while more := os.read(process.stdout.fileno(), 65536):
            read += more
        assert process.wait(10) == 0
    told = [json.loads(line) for line in read.splitlines()]
    notices = [line["lines"] for line in told if line["event"] == "log_lines_dropped"]
    assert sum(notices) >= dropped >= 20
    # What was printed and what was dropped is what there was: the last scrape's line and all that followed.
    printed = len(told) - len(notices)
    assert printed + sum(notices) >= metrics.value("freshet_log_lines_total")
    NOTES.append(f"a blocked log: {printed} lines printed, {sum(notices)} dropped and told")


def test_a_reader_of_the_log_that_leaves(provider: Provider) -> None:
    with watched(settings(provider)) as (process, gateway):
        assert process.stdout is not None
        process.stdout.close()
        for _ in range(3):
            assert ask(gateway.port, "chat").text == "Hello."
            time.sleep(0.05)
        process.terminate()
        assert process.wait(10) == 0


# Metrics.

GAUGES = {
    "freshet_connections": 1,  # the scrape's own
    "freshet_request_body_bytes": 0,
    "freshet_generations_running": 0,
    "freshet_readers": 0,
    "freshet_draining": 0,
}


def test_numbers_add_up(debugged: Served, provider: Provider) -> None:
    provider.answer(chat(["a", "b"], usage=(10, 3)))
    for kind in KINDS:
        for _ in range(4):
            ask(debugged.port, kind)
    for _ in range(2):
        ask_chat(debugged.port, stream=False)
    finished = 14
    provider.answer_next(*[error(500)] * 3, *[chat(["a"], ends=[FIN])] * 2)
    for _ in range(5):
        ask_chat(debugged.port, stream=True)
    provider.answer(chat(["a"], ends=[STALL]))
    for _ in range(3):
        with Connection(debugged.port) as connection:
            send(connection, "chat")
            next(Response(connection).pieces())
    metrics = wait_metrics(
        debugged,
        lambda m: m.value("freshet_clients_gone_total") == 3
        and m.value("freshet_connections") == 1
        and m.value("freshet_loop_lag_seconds_count") > 0,
    )
    for name, expected in GAUGES.items():
        assert metrics.value(name) == expected, name
    assert metrics.value("freshet_generations_kept") == 4, "those of /api/chat are kept for a minute"
    assert metrics.value("freshet_log_bytes") > 0
    outcomes = {sample.labels["outcome"]: sample.value for sample in metrics.all("freshet_generations_total")}
    assert outcomes == {"finished": finished, "failed": 5, "abandoned": 3}
    failures = {s.labels["error_type"]: s.value for s in metrics.all("freshet_generation_failures_total")}
    assert failures == {"provider_error": 3, "provider_truncated": 2}
    attempts = {s.labels["outcome"]: s.value for s in metrics.all("freshet_attempts_total", provider="upstream")}
    assert attempts == {"finished": finished, "provider_error": 3, "provider_truncated": 2, "cancelled": 3}
    chats = metrics.value("freshet_requests_total", endpoint="/v1/chat/completions")
    assert chats == 4 + 2 + 5 + 3
    assert metrics.value("freshet_requests_total", endpoint="/v1/chat/completions", status="500") == 3
    assert metrics.value("freshet_requests_total", endpoint="/api/chat", status="200") == 4
    tokens = {
        kind: (
            metrics.value("gen_ai_client_token_usage_sum", gen_ai_token_type=kind),
            metrics.value("gen_ai_client_token_usage_count", gen_ai_token_type=kind),
        )
        for kind in ("input", "output")
    }
    assert tokens == {"input": (10 * finished, finished), "output": (3 * finished, finished)}
    for name, count in [
        ("gen_ai_client_operation_duration_seconds", finished + 8),
        ("gen_ai_client_operation_time_to_first_chunk_seconds", finished + 5),
        ("gen_ai_server_request_duration_seconds", finished + 8),
        ("gen_ai_server_time_to_first_token_seconds", finished + 5),
        ("gen_ai_server_time_per_output_token_seconds", finished),
    ]:
        assert metrics.families[name].type == "histogram"
        assert metrics.value(f"{name}_count") == count, name
        assert metrics.value(f"{name}_sum") > 0
    assert metrics.value("gen_ai_client_operation_duration_seconds_count", error_type="provider_truncated") == 2
    assert metrics.value("gen_ai_client_operation_duration_seconds_count", error_type="cancelled") == 3
    assert metrics.labels("loop") == {str(loop) for loop in range(len(metrics.labels("loop")))}
    assert metrics.value("freshet_log_lines_total") > 0 == metrics.value("freshet_log_lines_dropped_total")
    assert metrics.value("process_resident_memory_bytes") > 1 << 20
    assert abs(metrics.value("process_start_time_seconds") - time.time()) < 600
    # And the log says the same.
    shown = Counter(line["outcome"] for line in lines(debugged) if "generation" in line)
    assert shown == {"finished": finished, "failed": 5, "client_gone": 3}


def test_form(debugged: Served) -> None:
    """Every family has help, a type and its own samples; histograms rise to their count."""
    ask(debugged.port, "chat")
    metrics = scrape(debugged)
    for family in metrics.families.values():
        assert family.documentation and family.type in ("counter", "gauge", "histogram"), family.name
    for name in (line.split()[2] for line in metrics.text.splitlines() if line.startswith("# TYPE")):
        assert metrics.text.count(f"# TYPE {name} ") == metrics.text.count(f"# HELP {name} ") == 1
    for family in (family for family in metrics.families.values() if family.type == "histogram"):
        series: dict[str, list[tuple[float, float]]] = {}
        for sample in family.samples:
            key = str(sorted((name, value) for name, value in sample.labels.items() if name != "le"))
            if sample.name.endswith("_bucket"):
                series.setdefault(key, []).append((float(sample.labels["le"]), sample.value))
            elif sample.name.endswith("_count"):
                assert series[key][-1] == (float("inf"), sample.value)
        for buckets in series.values():
            assert buckets == sorted(buckets) and [count for _, count in buckets] == sorted(c for _, c in buckets)


def test_while_answers_run(debugged: Served, provider: Provider) -> None:
    provider.answer(chat(["a"], ends=[STALL]))
    connections = [Connection(debugged.port) for _ in range(3)]
    for connection in connections:
        send(connection, "native")
        next(Response(connection).pieces())
    metrics = scrape(debugged)
    assert metrics.value("freshet_generations_running") == metrics.value("freshet_readers") == 3
    assert metrics.value("freshet_generations_kept") == 3 and metrics.value("freshet_connections") == 4
    for connection in connections:
        connection.close()
    wait_metrics(debugged, lambda m: m.value("freshet_generations_running") == m.value("freshet_readers") == 0)


def test_clients_cannot_invent_series(debugged: Served, provider: Provider) -> None:
    """Names of models, paths, statuses and error codes that others choose do not pile up."""
    count = 250

    def fail(number: int) -> Answer:
        return error(400 + number % 100, code=f"code-{number}")

    ask(debugged.port, "chat")
    before = len(scrape(debugged).samples)
    for number in range(count):
        provider.answer_next(fail(number))
        with Connection(debugged.port) as connection:
            connection.request("POST", "/v1/chat/completions", body={**STREAMED, "model": f"bad-{number}"}).body()
            connection.request("GET", f"/path-{number}").body()
            connection.request("METHOD", "/v1/models").body()
    metrics = scrape(debugged)
    assert metrics.labels("gen_ai_request_model") == {"m", "other"}
    assert metrics.labels("endpoint") <= {"/v1/chat/completions", "/metrics", "/v1/models", "other"}
    assert {"provider_error"} == metrics.labels("error_type")
    for number in range(count):
        ask_chat(debugged.port, model=f"good-{number}", stream=False)
    metrics = scrape(debugged)
    loops = len(metrics.labels("loop"))
    assert len(metrics.labels("gen_ai_request_model")) <= 2 + 100 * loops
    assert metrics.value("gen_ai_client_operation_duration_seconds_count", gen_ai_request_model="other") >= count
    assert metrics.value("gen_ai_client_operation_duration_seconds_count") == 2 * count + 1
    NOTES.append(f"series: {before} samples at first, {len(metrics.samples)} after {3 * count} invented names")


def test_escaped_labels(debugged: Served) -> None:
    name = 'a"b\\c\nd{e}=,é'
    ask_chat(debugged.port, model=name)
    assert name in scrape(debugged).labels("gen_ai_request_model")


def test_who_may_read(provider: Provider) -> None:
    keys = {"keys": {"alice": {"key": "sk-alice-0123"}}}
    owned = {"providers": {"upstream": {"kind": "openai", "base_url": provider.url}}}
    with Served(configuration(provider.url, **owned, **keys)) as gateway, Connection(gateway.port) as connection:
        assert connection.request("GET", "/metrics").json()["error"]["code"] == "unauthorized"
        assert scrape(gateway, authorization="Bearer sk-alice-0123")
    with Served(configuration(provider.url, **owned, **keys, metrics="open")) as gateway:
        assert scrape(gateway)
        with Connection(gateway.port) as connection:
            assert connection.request("POST", "/v1/chat/completions", body=ASK).status == 401
    with Served(configuration(provider.url)) as gateway, Connection(gateway.port) as connection:
        assert connection.request("GET", "/metrics", {"host": "evil.example"}).json()["error"]["code"] == "forbidden"
        assert connection.request("HEAD", "/metrics").status == 200
