"""What Google asks of a `generateContent` request, beyond its types: https://ai.google.dev/api/generate-content."""

from __future__ import annotations

import base64
import json
import re
from typing import Any
from urllib.parse import parse_qs

from google.genai import types
from pydantic import ValidationError

from speaking import encoded
from vendor_types import Violation, need

MEMBERS = {"contents", "systemInstruction", "tools", "toolConfig", "generationConfig", "safetySettings", "cachedContent"}
IMAGES = {"image/jpeg", "image/png", "image/webp", "image/heic", "image/heif"}
SAYING = (
    "text", "inlineData", "fileData", "functionCall", "functionResponse", "executableCode", "codeExecutionResult",
    "toolCall", "toolResponse",
)  # fmt: skip


class GeminiRules:
    """Of one conversation's requests: it remembers what it signed."""

    def __init__(self) -> None:
        self.signed: dict[bytes, bool] = {}
        """Whether what is signed is a call."""

    def gave(self, reply: Any) -> None:
        if reply.signature:
            self.signed[base64.b64decode(encoded(reply.signature))] = bool(reply.calls)

    def check(self, body: dict[str, Any], headers: dict[str, str], query: str = "") -> None:
        need(headers.get("x-goog-api-key") or parse_qs(query).get("key"), "a key")
        body = _camel(body)
        need(set(body) <= MEMBERS, "Unknown name", sorted(set(body) - MEMBERS))
        need(body.get("contents"), "contents is not specified")
        for content in body["contents"]:
            _typed(types.Content, content)
        if "systemInstruction" in body:
            _typed(types.Content, body["systemInstruction"])
        for tool in body.get("tools") or ():
            _typed(types.Tool, tool)
        if "toolConfig" in body:
            _typed(types.ToolConfig, body["toolConfig"])
        _generation(body.get("generationConfig") or {})
        names = [one["name"] for tool in body.get("tools") or () for one in tool.get("functionDeclarations") or ()]
        allowed = (body.get("toolConfig") or {}).get("functionCallingConfig", {}).get("allowedFunctionNames") or ()
        need(set(allowed) <= set(names), "toolConfig: no such function", allowed)
        self._contents(body["contents"])

    def _contents(self, contents: list[dict[str, Any]]) -> None:
        turns: list[tuple[str, list[dict[str, Any]]]] = []
        for content in contents:
            role, parts = content.get("role", "user"), content.get("parts") or []
            need(role in ("user", "model"), "Please use a valid role: user, model.", role)
            need(parts, "contents: must include at least one parts field", content)
            if turns and turns[-1][0] == role:
                turns[-1][1].extend(parts)
            else:
                turns.append((role, list(parts)))
        need(turns[0][0] == "user" and turns[-1][0] == "user", "contents: begin and end with the user")
        owed: list[dict[str, Any]] = []
        for role, parts in turns:
            for part in parts:
                self._part(role, part)
            answers = [part["functionResponse"] for part in parts if "functionResponse" in part]
            if role == "user":
                self._answers(answers, owed)
            owed = [part["functionCall"] for part in parts if "functionCall" in part] if role == "model" else []
            if owed:
                self._signatures(parts)
        need(not owed, "a function call turn without its responses")

    def _answers(self, answers: list[dict[str, Any]], owed: list[dict[str, Any]]) -> None:
        need(
            len(answers) == len(owed),
            "Please ensure that the number of function response parts is equal to the number of function call parts",
            answers,
            owed,
        )
        named = {call["id"]: call for call in owed if call.get("id")}
        for answer, call in zip(answers, owed, strict=True):
            wanted = named.get(answer["id"]) if answer.get("id") and named else call
            need(wanted is not None, "a response to no call", answer, owed)
            assert wanted is not None
            need(answer.get("name") == wanted["name"], "a response has its call's name", answer, wanted)
            need(isinstance(answer.get("response"), dict), "a response is an object", answer)

    def _signatures(self, parts: list[dict[str, Any]]) -> None:
        """Where this model signed calls, the first of each turn bears a signature, unaltered."""
        first = next(part for part in parts if "functionCall" in part)
        need(
            "thoughtSignature" in first or not any(self.signed.values()),
            "Function call is missing a thought_signature in functionCall parts",
            first,
        )

    def _part(self, role: str, part: dict[str, Any]) -> None:
        _typed(types.Part, part)
        kinds = [kind for kind in SAYING if kind in part]
        need(len(kinds) == 1, "a part has one of its kinds", part)
        need(role == "model" or not {"functionCall", "thought", "thoughtSignature"} & set(part), "the model's", part)
        need(role == "user" or "functionResponse" not in part, "the user's", part)
        if "thoughtSignature" in part:
            signature = base64.b64decode(part["thoughtSignature"].replace("-", "+").replace("_", "/"), validate=True)
            need(signature in self.signed, "Thought signature is not valid", part, list(self.signed))
            need(self.signed[signature] == ("functionCall" in part), "a signature at its place", part)
        if blob := part.get("inlineData"):
            need(blob.get("mimeType") in IMAGES, "inlineData: mimeType", blob.get("mimeType"))
            need(base64.urlsafe_b64decode(blob["data"].replace("+", "-").replace("/", "_")), "inlineData: empty")


FREE = {"args", "response", "parametersJsonSchema", "responseJsonSchema", "properties"}
"""Members whose own members are the user's."""


def _camel(value: Any) -> Any:
    """Google's servers take both spellings of a name, and its SDK writes both."""
    if isinstance(value, list):
        return [_camel(inner) for inner in value]
    if not isinstance(value, dict):
        return value
    named = {re.sub(r"_([a-z])", lambda found: found[1].upper(), name): inner for name, inner in value.items()}
    return {name: inner if name in FREE else _camel(inner) for name, inner in named.items()}


def _generation(config: dict[str, Any]) -> None:
    _typed(types.GenerationConfig, config)
    need(config.get("maxOutputTokens", 1) >= 1, "maxOutputTokens: positive")
    need(0 <= config.get("temperature", 1) <= 2, "temperature: 0 to 2")
    has_schema = "responseSchema" in config or "responseJsonSchema" in config
    need(not has_schema or config.get("responseMimeType") == "application/json", "a schema needs responseMimeType")
    need(len(config.get("stopSequences") or ()) <= 5, "stopSequences: up to 5")


def _typed(kind: Any, value: Any) -> None:
    """By the vendor's type, whose names on the wire are in camel case."""
    try:
        kind.model_validate_json(json.dumps(value))
    except ValidationError as problem:
        first = problem.errors(include_url=False)[0]
        raise Violation(f"{kind.__name__}.{'.'.join(map(str, first['loc']))}: {first['msg']}") from None
