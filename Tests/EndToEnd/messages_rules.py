"""What Anthropic asks of a Messages request, beyond its types: https://platform.claude.com/docs/en/api/messages."""

from __future__ import annotations

import re
from functools import cache
from typing import Any, get_args

import anthropic.types
import typing_extensions
from anthropic.types.message_create_params import MessageCreateParamsBase

from chat_rules import base64_data
from vendor_types import conform, need

NAME = re.compile(r"[a-zA-Z0-9_-]{1,128}")
ID = re.compile(r"[a-zA-Z0-9_-]+")
IMAGES = {"image/jpeg", "image/png", "image/gif", "image/webp"}


@cache
def members() -> dict[str, set[str]]:
    """The members of each kind of block in a request. The SDK's own types let an answer's blocks stand for them, which
    would take any member."""
    found: dict[str, set[str]] = {}
    for name, kind in vars(anthropic.types).items():
        if name.endswith("BlockParam") and typing_extensions.is_typeddict(kind):
            hints = typing_extensions.get_type_hints(kind)
            found[get_args(hints["type"])[0]] = set(hints)
    return found


class MessagesRules:
    """Of one conversation's requests: it remembers what it signed."""

    def __init__(self) -> None:
        self.signed: dict[str, str] = {}
        """The thinking by its signature; redacted thinking stands for itself."""

    def gave(self, reply: Any) -> None:
        if reply.signature:
            self.signed[reply.signature] = "" if reply.is_redacted else reply.thinking

    def check(self, body: dict[str, Any], headers: dict[str, str]) -> None:
        need(headers.get("x-api-key") or headers.get("authorization"), "a key")
        need(headers.get("anthropic-version"), "anthropic-version: is required")
        conform("anthropic.types", MessageCreateParamsBase, {key: body[key] for key in body if key != "stream"})
        need(body["max_tokens"] >= 1, "max_tokens: at least 1")
        need(0 <= body.get("temperature", 1) <= 1, "temperature: 0 to 1", body.get("temperature"))
        need(all(stop.strip() for stop in body.get("stop_sequences") or ()), "stop_sequences: not blank")
        names = [tool["name"] for tool in body.get("tools") or ()]
        need(all(NAME.fullmatch(name) for name in names) and len(set(names)) == len(names), "tools: names", names)
        need(all(tool["input_schema"].get("type") == "object" for tool in body.get("tools") or ()), "tools: schemas")
        choice = body.get("tool_choice") or {"type": "auto"}
        need(choice["type"] != "tool" or choice["name"] in names, "tool_choice: no such tool", choice)
        need("tool_choice" not in body or names, "tool_choice needs tools")
        thinks = (body.get("thinking") or {}).get("type") == "enabled"
        if thinks:
            budget = body["thinking"]["budget_tokens"]
            need(1024 <= budget < body["max_tokens"], "thinking.budget_tokens: below max_tokens", budget, body["max_tokens"])
            need(body.get("temperature", 1) == 1, "temperature: 1 when thinking")
            need(choice["type"] in ("auto", "none"), "tool_choice: not forced when thinking", choice)
        self._messages(body["messages"], thinks)

    def _messages(self, messages: list[dict[str, Any]], thinks: bool) -> None:
        need(messages and messages[0]["role"] == "user", "messages: the first is the user's")
        turns: list[tuple[str, list[dict[str, Any]]]] = []
        for message in messages:
            content = message["content"]
            blocks = [{"type": "text", "text": content}] if isinstance(content, str) else list(content)
            need(blocks, "messages: content must not be empty", message)
            if turns and turns[-1][0] == message["role"]:
                turns[-1][1].extend(blocks)
            else:
                turns.append((message["role"], blocks))
        owed: list[str] = []
        seen: set[str] = set()
        for place, (role, blocks) in enumerate(turns):
            for block in blocks:
                self._block(place, role, block)
            if role == "user":
                self._results(place, blocks, owed)
                owed = []
                continue
            need(not owed, f"messages.{place}: tool_use without tool_result", owed)
            owed = [block["id"] for block in blocks if block["type"] == "tool_use"]
            need(not seen & set(owed) and len(set(owed)) == len(owed), f"messages.{place}: an id twice", owed)
            seen |= set(owed)
            is_current = place == len(turns) - 2 and bool(owed)
            first = blocks[0]["type"]
            need(
                not (thinks and is_current) or first in ("thinking", "redacted_thinking"),
                f"messages.{place}: expected `thinking` or `redacted_thinking`, but found `{first}`",
            )
        need(not owed, "tool_use without tool_result", owed)
        need(turns[-1][0] == "user", "this model does not support assistant message prefill")

    def _results(self, place: int, blocks: list[dict[str, Any]], owed: list[str]) -> None:
        results = [block["tool_use_id"] for block in blocks if block["type"] == "tool_result"]
        need(sorted(results) == sorted(owed), f"messages.{place}: each tool_use has its tool_result", results, owed)
        first = [block["type"] == "tool_result" for block in blocks[: len(results)]]
        need(all(first), f"messages.{place}: tool_result blocks come first", blocks)

    def _block(self, place: int, role: str, block: dict[str, Any]) -> None:
        kind = block["type"]
        need(set(block) <= members()[kind], f"messages.{place}: extra inputs are not permitted", block)
        must_be_assistants = kind in ("thinking", "redacted_thinking", "tool_use")
        need(not must_be_assistants or role == "assistant", f"messages.{place}: not the user's", kind)
        need(kind != "tool_result" or role == "user", f"messages.{place}: not the assistant's", kind)
        if kind == "text":  # the model's own may be blank
            need(block["text"] if role == "assistant" else block["text"].strip(), f"messages.{place}: blank text", block)
        if kind == "tool_use":
            need(ID.fullmatch(block["id"]) and NAME.fullmatch(block["name"]), f"messages.{place}: id and name", block)
            need(isinstance(block["input"], dict), f"messages.{place}: input is an object", block)
        elif kind == "thinking":
            known = self.signed.get(block["signature"])
            need(known is not None, f"messages.{place}: invalid `signature` in `thinking` block", block, list(self.signed))
            need(known == block["thinking"], f"messages.{place}: thinking was altered", block, known)
        elif kind == "redacted_thinking":
            need(self.signed.get(block["data"]) == "", f"messages.{place}: invalid `data`", block)
        elif kind == "image" and block["source"]["type"] == "base64":
            need(block["source"]["media_type"] in IMAGES, f"messages.{place}: media_type", block["source"]["media_type"])
            base64_data(block["source"]["data"], f"messages.{place}")
