"""Stand-ins that take nothing which the vendor would refuse.

A `Strict` is what one vendor's API does with the requests of one conversation: it checks each by the vendor's types and
rules, answers 400 in the vendor's form where one is broken, and else says the next of its replies.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from chat_rules import ChatRules
from gemini_rules import GeminiRules
from messages_rules import MessagesRules
from provider import Answer, Exchange, json_answer
from speaking import Reply, said
from vendor_types import Violation, need

Rules = ChatRules | MessagesRules | GeminiRules


def rules(kind: str) -> Rules:
    return {"openai": ChatRules, "anthropic": MessagesRules, "gemini": GeminiRules}[kind]()


def kind_of(exchange: Exchange) -> str:
    """The dialect that a request's path belongs to."""
    path = exchange.target.partition("?")[0]
    return "openai" if path.endswith("/chat/completions") else "anthropic" if path.endswith("/messages") else "gemini"


class Strict:
    """One conversation, asked of a vendor's API; `replies` are said in order, the last again and again."""

    def __init__(self, kind: str, replies: Sequence[Reply | Callable[[Exchange], Answer]]) -> None:
        self.kind, self.replies = kind, list(replies)
        self.rules = rules(kind)
        self.accepted: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.violations: list[str] = []
        self.broken: list[str] = []

    def __call__(self, exchange: Exchange) -> Answer:
        try:
            self.check(exchange)
        except Violation as problem:
            self.violations.append(f"{problem} in {exchange.body.decode()[:3000]}")
            return refusal(self.kind, str(problem))
        except Exception as problem:  # a rule of ours that fell over is no reason to accept
            self.violations.append(f"{problem!r} in {exchange.body.decode()[:3000]}")
            self.broken.append(repr(problem))
            return refusal(self.kind, repr(problem))
        reply = self.replies[min(len(self.accepted), len(self.replies) - 1)]
        self.accepted.append(exchange.json)
        self.headers.append(exchange.headers)
        if not isinstance(reply, Reply):
            return reply(exchange)
        self.rules.gave(reply)
        return said(self.kind, reply, exchange.is_stream, exchange.model)

    def check(self, exchange: Exchange) -> None:
        need(kind_of(exchange) == self.kind, "asked at another vendor's path", exchange.target)
        body = json.loads(exchange.body)
        query = exchange.target.partition("?")[2]
        if isinstance(self.rules, GeminiRules):
            self.rules.check(body, exchange.headers, query)
            need(not exchange.is_stream or "alt=sse" in query, "only event streams are read here", query)
        else:
            self.rules.check(body, exchange.headers)


STATUSES = {
    400: ("invalid_request_error", "INVALID_ARGUMENT"),
    401: ("authentication_error", "UNAUTHENTICATED"),
    403: ("permission_error", "PERMISSION_DENIED"),
    404: ("not_found_error", "NOT_FOUND"),
    429: ("rate_limit_error", "RESOURCE_EXHAUSTED"),
    500: ("api_error", "INTERNAL"),
    503: ("overloaded_error", "UNAVAILABLE"),
    529: ("overloaded_error", "UNAVAILABLE"),
}


def error_body(kind: str, status: int, message: str) -> dict[str, Any]:
    """As the vendor writes it."""
    word, state = STATUSES[status]
    if kind == "anthropic":
        return {"type": "error", "error": {"type": word, "message": message}, "request_id": "req_standin"}
    if kind == "gemini":
        return {"error": {"code": status, "message": message, "status": state}}
    return {"error": {"message": message, "type": word, "param": None, "code": None}}


def refusal(kind: str, message: str, status: int = 400, headers: dict[str, str] | None = None) -> Answer:
    return json_answer(error_body(kind, status, message), status, headers)
