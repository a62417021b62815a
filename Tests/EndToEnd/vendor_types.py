"""A vendor's own request types as pydantic reads them, strict: a member that the vendor does not know is a violation."""

from __future__ import annotations

import sys
from functools import cache
from typing import Any

import typing_extensions
from pydantic import ConfigDict, TypeAdapter, ValidationError


EXACT = ConfigDict(extra="forbid", arbitrary_types_allowed=True)


class Violation(Exception):
    """What a vendor would answer with 400."""


def need(holds: object, rule: str, *facts: object) -> None:
    if not holds:
        raise Violation(f"{rule}: {', '.join(map(repr, facts))}" if facts else rule)


def _exact(package: str) -> None:
    """Every dictionary type of the package refuses members that it does not name."""
    for name, module in list(sys.modules.items()):
        if name.startswith(package):
            for value in list(vars(module).values()):
                if typing_extensions.is_typeddict(value):
                    value.__pydantic_config__ = EXACT  # type: ignore[attr-defined]


@cache
def _adapter(package: str, kind: Any) -> TypeAdapter[Any]:
    _exact(package)
    return TypeAdapter(kind)


def conform(package: str, kind: Any, value: Any) -> None:
    """Whether `value` is what the vendor's type says, to the last member.

    Pydantic reads an `Iterable` only when it is walked.
    """
    try:
        _walk(_adapter(package, kind).validate_python(value))
    except ValidationError as problem:
        first = sorted(problem.errors(include_url=False), key=lambda one: -len(one["loc"]))[0]
        raise Violation(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from None


def _walk(value: Any) -> None:
    if isinstance(value, dict):
        for inner in value.values():
            _walk(inner)
    elif not isinstance(value, str | bytes) and hasattr(value, "__iter__"):
        for inner in value:
            _walk(inner)

