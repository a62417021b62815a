"""What OpenAI asks of a Chat request, beyond its types: https://platform.openai.com/docs/api-reference/chat/create."""

from __future__ import annotations

import base64
import binascii
import copy
import json
import re
from typing import Any

from openai.types.chat.completion_create_params import CompletionCreateParamsBase

from vendor_types import Violation, conform, need

NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
DATA_URL = re.compile(r"data:image/(png|jpeg|gif|webp);base64,(.*)", re.DOTALL)
STREAMING = {"stream", "stream_options"}
CARRIED = {"reasoning_content", "reasoning_details", "reasoning", "parsed", "function_call", "annotations", "audio"}
"""Members of an answer that clients hand back as they got them; a server leaves them out of account."""


class ChatRules:
    """Of one conversation's requests. Chat has no signatures, so it needs no memory."""

    def check(self, body: dict[str, Any], headers: dict[str, str]) -> None:
        need(headers.get("authorization", "").startswith("Bearer "), "a key", headers.get("authorization"))
        typed = {name: value for name, value in body.items() if name not in STREAMING}
        conform("openai.types", CompletionCreateParamsBase, _without_carried(typed))
        need(body["messages"], "messages: at least one")
        names = [tool["function"]["name"] for tool in body.get("tools") or ()]
        need(all(NAME.fullmatch(name) for name in names) and len(set(names)) == len(names), "tools: names", names)
        need(names or not ({"tool_choice", "parallel_tool_calls"} & set(body)), "tool_choice needs tools")
        choice = body.get("tool_choice")
        need(not isinstance(choice, dict) or choice["function"]["name"] in names, "tool_choice: no such tool", choice)
        need("max_tokens" not in body or "max_completion_tokens" not in body, "one limit of tokens")
        need(len(body.get("stop") or ()) <= 4 or isinstance(body["stop"], str), "stop: up to 4")
        if schema := (body.get("response_format") or {}).get("json_schema"):
            need(NAME.fullmatch(schema["name"]), "response_format: a name", schema["name"])
        self._messages(body["messages"])

    def gave(self, answer: Any) -> None:
        pass

    def _messages(self, messages: list[dict[str, Any]]) -> None:
        owed: list[str] = []
        seen: set[str] = set()
        for place, message in enumerate(messages):
            role = message["role"]
            if role == "tool":
                need(message["tool_call_id"] in owed, f"messages.{place}: a result without its call", message)
                owed.remove(message["tool_call_id"])
                continue
            need(not owed, f"messages.{place}: calls without their results", owed)
            if role == "assistant":
                owed = self._assistant(place, message)
                need(not seen & set(owed), f"messages.{place}: an id twice", owed)
                seen |= set(owed)
            for part in message["content"] if isinstance(message.get("content"), list) else ():
                if part["type"] == "image_url":
                    image(part["image_url"]["url"], place)
        need(not owed, "the last calls have no results", owed)

    def _assistant(self, place: int, message: dict[str, Any]) -> list[str]:
        calls = message.get("tool_calls") or []
        need(message.get("content") or calls or message.get("refusal"), f"messages.{place}: says nothing", message)
        for call in calls:
            need(0 < len(call["id"]) <= 40, f"messages.{place}: an id of up to 40 characters", call["id"])
            need(NAME.fullmatch(call["function"]["name"]), f"messages.{place}: a name", call)
            try:
                is_object = isinstance(json.loads(call["function"]["arguments"]), dict)
            except ValueError:
                is_object = False
            need(is_object, f"messages.{place}: arguments are an object", call)
        return [call["id"] for call in calls]


def image(url: str, place: int) -> None:
    found = DATA_URL.fullmatch(url)
    need(found or url.startswith(("https://", "http://")), f"messages.{place}: an image's URL", url[:60])
    if found:
        base64_data(found[2], f"messages.{place}")


def base64_data(text: str, place: str) -> bytes:
    try:
        data = base64.b64decode(text, validate=True)
    except binascii.Error:
        raise Violation(f"{place}: not base64") from None
    need(data, f"{place}: empty")
    return data


def _without_carried(body: dict[str, Any]) -> dict[str, Any]:
    body = copy.deepcopy(body)
    for message in body["messages"] if isinstance(body.get("messages"), list) else ():
        if isinstance(message, dict) and message.get("role") == "assistant":
            for name in (CARRIED & set(message)) | {name for name in message if message[name] is None}:
                del message[name]
            for call in message.get("tool_calls") or ():
                call.pop("extra_content", None)
                call.pop("index", None)
                call.get("function", {}).pop("parsed_arguments", None)
    return body
