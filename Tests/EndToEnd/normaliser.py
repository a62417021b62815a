"""What two lists of Chat chunks may differ in and still be the same answer.

`normalised` is applied to both sides before they are compared. It changes exactly this:

1. the member `obfuscation` is removed: random padding;
2. a role, tool call id, type or function name that repeats the one already given for its choice (and tool call index)
   is blanked: some providers repeat them, the grammar gives each once;
3. a chunk in which then nothing is left that says anything is dropped.
"""

from __future__ import annotations

import copy
from typing import Any

ENVELOPE = {"id", "object", "created", "model", "system_fingerprint", "service_tier"}
"""Members that every chunk repeats: alone they say nothing."""


def normalised(chunks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    given: dict[tuple[Any, ...], Any] = {}
    result = []
    for chunk in copy.deepcopy(chunks):
        chunk.pop("obfuscation", None)
        for choice in chunk.get("choices") or []:
            _blank(choice, given)
        if _says_something(chunk):
            result.append(chunk)
    return result


def _blank(choice: dict[str, Any], given: dict[tuple[Any, ...], Any]) -> None:
    number = choice.get("index")
    delta = choice.get("delta") or {}
    _once(delta, "role", (number,), given)
    for call in delta.get("tool_calls") or []:
        place = (number, call.get("index"))
        _once(call, "id", place, given)
        _once(call, "type", place, given)
        _once(call.get("function") or {}, "name", place, given)


def _once(holder: dict[str, Any], member: str, place: tuple[Any, ...], given: dict[tuple[Any, ...], Any]) -> None:
    value = holder.get(member)
    if value is None:
        return
    key = (*place, member)
    if given.get(key) == value:
        holder[member] = None
    else:
        given[key] = value


def _says_something(chunk: dict[str, Any]) -> bool:
    return any(_value(value) for member, value in chunk.items() if member not in ENVELOPE)


def _value(value: Any) -> bool:
    """Whether anything but nulls, empty texts and indexes is in it."""
    if isinstance(value, dict):
        return any(_value(inner) for member, inner in value.items() if member != "index")
    if isinstance(value, list):
        return any(_value(inner) for inner in value)
    return value is not None and value != ""
