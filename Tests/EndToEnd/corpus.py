"""The recorded streams: FRESHET_CORPUS, else ../shared/fixtures beside the project."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway import PROJECT
from provider import DONE, frame
from vendors import KINDS

ROOT = Path(os.environ.get("FRESHET_CORPUS") or PROJECT.parent / "shared" / "fixtures")
THERE = (ROOT / "streams" / "INDEX.json").is_file()


@dataclass(frozen=True)
class Recording:
    """One recorded stream of a dialect."""

    name: str
    """Its file below the dialect's folder, folders with a colon."""
    dialect: str
    """`openai-chat`, `anthropic` or `gemini`; the index's word for streams that are none of these."""
    body: bytes
    """As an HTTP body; chunk lines have been framed as their dialect does it."""
    final: dict[str, Any] | None
    """What the vendor's SDK accumulates; trusted in the members that SOURCES.md names."""
    is_array: bool = False
    """Whether the body is one JSON array, as Gemini answers without `alt=sse`."""

    @property
    def kind(self) -> str:
        """The kind of provider that says it."""
        return KINDS.get(self.dialect, "openai")

    @property
    def events(self) -> bytes:
        """The body as an event stream, SDKs ask for nothing else; its last event ends with the blank line that some
        recorders left out."""
        if self.is_array:
            return b"".join(framed(self.dialect, chunk) for chunk in json.loads(self.body))
        return self.body if self.body.endswith((b"\n\n", b"\r\n\r\n")) else self.body.rstrip(b"\r\n") + b"\n\n"

    @property
    def chunks(self) -> list[dict[str, Any]]:
        lines = (line.removeprefix("data:").strip() for line in self.body.decode().splitlines())
        return [json.loads(line) for line in lines if line.startswith("{")]

    @property
    def has_usage(self) -> bool:
        return any(chunk.get("usage") for chunk in self.chunks)

    @property
    def is_single(self) -> bool:
        """Whether it is one answer: only Chat has several side by side."""
        return self.dialect != "openai-chat" or self.choices == 1

    @property
    def choices(self) -> int:
        return 1 + max((choice["index"] for chunk in self.chunks for choice in chunk["choices"]), default=0)


def recordings(dialect: str) -> list[Recording]:
    """All streams of `dialect` that the index lists; empty when the corpus is not there."""
    if not THERE:
        return []
    index = json.loads((ROOT / "streams" / "INDEX.json").read_text())
    return [_recording(entry) for entry in index["streams"] if entry["dialect"] == dialect]


def _recording(entry: dict[str, Any]) -> Recording:
    path, dialect = ROOT / "streams" / entry["file"], entry["dialect"]
    body = path.read_bytes()
    if entry["form"] == "chunk-lines":
        lines = [line for line in body.decode().splitlines() if line.strip()]
        ends = b"" if dialect in ("anthropic", "gemini") else DONE
        body = b"".join(framed(dialect, json.loads(line), line) for line in lines) + ends
    final = entry.get("final")
    name = entry["file"].partition("/")[2].replace("/", ":")
    whole = json.loads((path.parent / final).read_text()) if final else None
    return Recording(name, dialect, body, whole, entry["form"] == "json-array")


def framed(dialect: str, value: dict[str, Any], text: str | None = None) -> bytes:
    """One event as a provider of the dialect writes it; `text` is its JSON where that is given."""
    event = frame(value if text is None else text)
    if dialect == "anthropic":
        return f"event: {value['type']}\n".encode() + event
    return event.replace(b"\n\n", b"\r\n\r\n") if dialect == "gemini" else event


def error_bodies() -> list[tuple[str, int, bytes]]:
    """Recorded bodies of HTTP errors: service/name, status, body."""
    files = sorted((ROOT / "errors").glob("*/*")) if THERE else []
    return [(f"{file.parent.name}/{file.name}", int(file.name.split("-")[0]), file.read_bytes()) for file in files]
