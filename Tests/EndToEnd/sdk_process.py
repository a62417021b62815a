"""A vendor's SDK in a process of its own: reads one request a line, writes what it made of the answer a line.

    python sdk_process.py openai-chat

A request names the server, the model and the case; `Sdk` starts such a process and asks it.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}
STRUCTURED: dict[str, dict[str, Any]] = {
    "openai-chat": {
        "response_format": {"type": "json_schema", "json_schema": {"name": "place", "schema": SCHEMA, "strict": True}}
    },
    "anthropic": {"output_config": {"format": {"type": "json_schema", "schema": SCHEMA}}},
    "gemini": {"response_mime_type": "application/json", "response_json_schema": SCHEMA},
}
ENOUGH = 12
"""Characters after which a reader leaves."""


class Sdk:
    """The process, from outside."""

    def __init__(self, dialect: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(Path(__file__)), dialect],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, bufsize=1,
        )  # fmt: skip

    def ask(self, **request: Any) -> dict[str, Any]:
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        return dict(json.loads(self.process.stdout.readline()))

    def end(self) -> None:
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.kill()
        self.process.wait(10)
        self.process.stdin.close()
        self.process.stdout.close()


def perform(dialect: str, request: dict[str, Any]) -> list[Any]:
    """What was heard in each turn."""
    from talkers import TALKERS

    case = request["case"]
    more = STRUCTURED[dialect] if case == "structured output" else {}
    talker = TALKERS[dialect](request["root"], request["model"], **more)
    heard: list[Any] = []
    try:
        if case == "abort":
            talker.leave("Hello?", ENOUGH)
            return [{**told(dialect, talker), "left": True}]
        heard.append(asdict(talker.say("Hello?", image=case == "image", stream=case != "non-streamed")))
        if case == "tool-result turn":
            calls = Calls(heard[0]["calls"])
            heard.append(asdict(talker.answer(calls, [{"celsius": 21}] * len(calls.calls))))  # type: ignore[arg-type]
        elif case == "thinking turn":
            heard.append(asdict(talker.say("And why?")))
    except Exception as problem:
        heard.append({**told(dialect, talker), "error": failure(problem)})
    return heard


def told(dialect: str, talker: Any) -> dict[str, Any]:
    """What had come."""
    from meanings import meaning

    return asdict(meaning(dialect, talker.seen)) if talker.seen else {"text": ""}


class Calls:
    """Calls as they were heard."""

    def __init__(self, calls: list[dict[str, Any]]) -> None:
        from meanings import ToolCall

        self.calls = [ToolCall(**call) for call in calls]


def failure(problem: Exception) -> dict[str, Any]:
    """What an SDK's user learns of it."""
    response = getattr(problem, "response", None)
    headers = dict(getattr(response, "headers", None) or {})
    status = getattr(problem, "status_code", None) or getattr(problem, "code", None)
    body = getattr(problem, "body", None) or getattr(problem, "details", None)
    said = {"class": type(problem).__name__, "status": status, "message": str(problem)[:500], "body": body}
    return {**said, "retry_after": headers.get("retry-after")}


def warm(dialect: str) -> None:
    """Imports the SDK before it is asked: the processes do so at the same time."""
    from talkers import TALKERS

    TALKERS[dialect]("http://127.0.0.1:9", "m")


def main() -> None:
    dialect = sys.argv[1]
    warm(dialect)
    for line in sys.stdin:
        heard = perform(dialect, json.loads(line))
        sys.stdout.write(json.dumps({"heard": heard}, default=str) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
