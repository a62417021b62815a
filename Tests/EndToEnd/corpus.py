"""The recorded streams: FRESHET_CORPUS, else ../shared/fixtures beside the project."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway import PROJECT
from provider import DONE, frame

ROOT = Path(os.environ.get("FRESHET_CORPUS") or PROJECT.parent / "shared" / "fixtures")
THERE = (ROOT / "streams" / "INDEX.json").is_file()


@dataclass(frozen=True)
class Recording:
    """One recorded stream of a dialect."""

    name: str
    """Its file below the dialect's folder, folders with a colon."""
    body: bytes
    """As an HTTP body; chunk lines have been framed as SSE, with [DONE]."""
    final: dict[str, Any] | None
    """What the vendor's SDK accumulates; trusted in the members that SOURCES.md names."""

    @property
    def chunks(self) -> list[dict[str, Any]]:
        lines = (line.removeprefix("data:").strip() for line in self.body.decode().splitlines())
        return [json.loads(line) for line in lines if line.startswith("{")]

    @property
    def has_usage(self) -> bool:
        return any(chunk.get("usage") for chunk in self.chunks)

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
    path = ROOT / "streams" / entry["file"]
    body = path.read_bytes()
    if entry["form"] == "chunk-lines":
        body = b"".join(frame(line) for line in body.decode().splitlines() if line.strip()) + DONE
    final = entry.get("final")
    name = entry["file"].partition("/")[2].replace("/", ":")
    return Recording(name, body, json.loads((path.parent / final).read_text()) if final else None)


def error_bodies() -> list[tuple[str, int, bytes]]:
    """Recorded bodies of HTTP errors: service/name, status, body."""
    files = sorted((ROOT / "errors").glob("*/*")) if THERE else []
    return [(f"{file.parent.name}/{file.name}", int(file.name.split("-")[0]), file.read_bytes()) for file in files]
