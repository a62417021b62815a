"""`Tests/Fixtures/protocol`: the vectors by the readers of these tests, the requests against the running gateway."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from conftest import NOTES
from gateway import PROJECT, Served
from held import eventually
from provider import STALL, Gate, Provider, chat
from readers import GENERATION, cursor
from resuming import NativeParts, checksum, whole
from wire import Connection, EventStream, Lines, Response

FOLDER = PROJECT / "Tests/Fixtures/protocol"
DIGITS = "0123456789abcdefghjkmnpqrstvwxyz"


def rows(file: str, kind: str) -> list[Any]:
    return list(json.loads((FOLDER / file).read_text())[kind])


def test_ids() -> None:
    for row in rows("ids.json", "valid"):
        number = 0
        for digit in row["id"].removeprefix("gen_"):
            number = number << 5 | DIGITS.index(digit)
        assert (number >> 80, f"{number & (1 << 80) - 1:020x}") == (row["milliseconds"], row["random"])
    ordered = rows("ids.json", "ordered")
    assert ordered == sorted(ordered)
    for text in rows("ids.json", "refused"):
        assert not GENERATION.fullmatch(text) or text[4] > "7", text


def test_cursors() -> None:
    for row in rows("cursors.json", "valid"):
        assert cursor(row["cursor"]) == (row["generation"], row["seq"], row.get("part", 0))
    for text in rows("cursors.json", "refused"):
        found = re.fullmatch(rf"({GENERATION.pattern}):([0-9]+)(?:\.([0-9]+))?", text, re.ASCII)
        assert not found or int(found[2]) >= 1 << 64 or int(found[3]) >= 1 << 16 or int(found[2]) == 0, text


def test_checksums() -> None:
    for row in rows("checksums.json", "blocks"):
        text = whole("".join(json.loads(line)["delta"] for line in row["lines"]))
        assert checksum(text) == row["checksum"], row
        assert row.get("utf8") in (None, text.encode("utf-8", "surrogatepass").hex())


def document(parts: NativeParts) -> dict[str, Any]:
    """What a native reader has, as the document that it should equal."""
    reader, message = parts.reader, parts.reader.message
    blocks = [{**block, "text": whole(block["text"])} for block in parts.blocks]
    for value in reader.events:
        if value.get("choice") and "block" in value:
            blocks[value["block"]]["choice"] = value["choice"]
    outputs = [value for value in reader.events if value["type"] == "tool-output"]
    said = [block["text"] for block in blocks if block["type"] == "text" and "choice" not in block]
    found: dict[str, Any] = {
        "state": message.outcome or "running",
        "seq": reader.seq,
        "message": {
            "role": "assistant",
            "content": "".join(said),
            "blocks": blocks,
            "tool_outputs": [{"call_id": value["call_id"], "result": value["result"]} for value in outputs],
        },
        "finish_reason": message.finish_reason,
        "usage": message.usage,
        "error": message.error,
    }
    if blocks:
        found["checksums"] = [checksum(block["text"]) for block in blocks]
    return {name: value for name, value in found.items() if value is not None}


def test_folds() -> None:
    programs = PROJECT / "Tests/Fixtures/dialects/programs"
    for row in rows("folds.json", "folds"):
        lines = (programs / f"{row['program']}.jsonl").read_text().rstrip("\n").split("\n")
        parts = NativeParts()
        for line in lines[: row.get("events", len(lines))]:
            parts.line(json.loads(line))
        assert document(parts) == row["document"], row["program"]
    told = {row["program"] for row in rows("folds.json", "folds")}
    assert told == {Path(file).stem for file in programs.iterdir()}


def test_merges() -> None:
    """Whoever had the events up to `after` one by one, and then those merged, has the same as who had all of them."""
    for row in rows("merges.json", "readers"):
        plain, merged = NativeParts(), NativeParts()
        for number, line in enumerate(row["events"], 1):
            plain.line(json.loads(line))
            if number <= row["after"]:
                merged.line(json.loads(line))
        for line in row["merged"]:
            merged.line(json.loads(line))
        assert document(merged) == document(plain), row["name"]


def test_frames() -> None:
    for row in rows("frames.json", "event_streams"):
        for size in range(1, 8):
            stream, blocks = EventStream(), []
            data = row["bytes"].encode()
            for at in range(0, len(data), size):
                blocks += stream.feed(data[at : at + size])
            found = [{"event": block.event, "id": block.id, "data": block.data} for block in blocks if block.data]
            assert found == [{"event": None, **frame} for frame in row["frames"]], row
            assert ([block.id for block in blocks if block.id] or [""])[-1] == row["id"], row
            retries = [int(block.retry) for block in blocks if block.retry]
            assert (retries[-1] if retries else None) == row.get("retry")
    for row in rows("frames.json", "json_lines"):
        lines = Lines()
        assert list(lines.feed(row["bytes"].encode())) == [json.loads(line) for line in row["lines"]], row


# Requests.


def sent(port: int, row: dict[str, Any]) -> tuple[Response, bytes]:
    with Connection(port) as connection:
        response = connection.request(row["method"], row["target"], row.get("fields"), row.get("body"))
        return response, response.body()


def filled(value: Any, names: dict[str, str]) -> Any:
    """A row with what stands for its braces."""
    text = json.dumps(value)
    for name, meant in names.items():
        text = text.replace(f"{{{name}}}", meant)
    return json.loads(text)


def check(row: dict[str, Any], response: Response, body: bytes, names: dict[str, str]) -> None:
    assert response.status == row["status"] and response.ended == "clean", body
    named = response.headers.get("x-freshet-generation")
    wanted = row.get("generation")
    if wanted == "*":
        assert named is not None and GENERATION.fullmatch(named)
    elif wanted and not wanted.startswith("gen_"):
        assert named is not None and named == names.setdefault(wanted, named)
    else:
        assert named == wanted
    for name, value in row.get("headers", {}).items():
        assert response.headers[name] == value.replace("*", str(named)), name
    if "error" in row:
        error = json.loads(body)["error"]
        assert response.headers["content-type"] == "application/json"
        assert {"code": error["code"], "param": error["param"]} == row["error"] and error["message"], error
        assert error["type"] == "invalid_request_error" and set(error) == {"message", "type", "param", "code"}
        assert error["param"] is None or f"`{error['param']}`" in error["message"], error
    if response.status == 204:
        assert body == b""
    if "json" in row:
        found = json.loads(body)
        for name, value in row["json"].items():
            assert found[name] == value, name


def made(gateway: Served, **more: Any) -> str:
    body = {"model": "m", "messages": [{"role": "user", "content": "Hello?"}], **more}
    response, answer = sent(
        gateway.port,
        {"method": "POST", "target": "/v1/generations", "fields": {"accept": "application/json"}, "body": body},
    )
    assert response.status == 201, answer
    return str(json.loads(answer)["id"])


def read(gateway: Served, identity: str) -> Any:
    return json.loads(sent(gateway.port, {"method": "GET", "target": f"/v1/generations/{identity}"})[1])


def test_requests(gateway: Served, provider: Provider) -> None:
    """Every status, field and body, in order; after each the gateway serves the next."""
    gate = Gate()
    provider.answer(chat(["Hel", "lo"]))
    ended, asked = made(gateway), made(gateway)
    for identity in (ended, asked):
        assert eventually(lambda identity=identity: read(gateway, identity)["state"] == "finished")  # type: ignore[misc]
    provider.answer_next(chat(["Hel", "lo"], gate=gate), chat([], ends=[STALL]), chat(["Hel"], ends=[STALL]))
    running = made(gateway)
    gate.release()
    assert eventually(lambda: read(gateway, running)["message"]["content"] == "Hel")
    child = made(gateway, parent=asked)
    provider.wait_count(4)
    with Connection(gateway.port) as reader:
        body = {"model": "m", "messages": [{"role": "user", "content": "Hello?"}]}
        plain = reader.request("POST", "/v1/generations", {"x-freshet-log": "off"}, body)
        provider.wait_count(5)
        names = {
            "ended": ended,
            "last": str(read(gateway, ended)["seq"]),
            "running": running,
            "asked": asked,
            "child": child,
            "plain": plain.headers["x-freshet-generation"],
            "first_made": ended,
            "unknown": ended[:-1] + ("0" if ended[-1] != "0" else "1"),
            "old": "gen_" + "0" * 26,
        }
        failures = []
        table = rows("requests.json", "requests")
        for row in table:
            row = filled(row, names)
            response, body_sent = sent(gateway.port, row)
            try:
                check(row, response, body_sent, names)
            except (AssertionError, KeyError, ValueError) as problem:
                failures.append(f"{row['what']}: {row['method']} {row['target']}: {problem!r}")
        assert not failures, "\n".join(failures)
    NOTES.append(f"protocol vectors: {len(table)} requests answered as Tests/Fixtures/protocol says")
