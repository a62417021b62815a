"""The three vendors' SDKs, asked alike. Each gives the objects that a user of it sees.

A dialect is named as in docs/PROTOCOL.md: `openai-chat`, `anthropic`, `gemini`. Nothing here retries, and every client
is made once for each server. An SDK is imported when it is first asked: it takes a second, and most processes need one.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import anthropic
    import openai
    from google import genai

DIALECTS = ["openai-chat", "anthropic", "gemini"]
KINDS = {"openai-chat": "openai", "anthropic": "anthropic", "gemini": "gemini"}
"""What a dialect's providers are called in the configuration."""
BASES = {"openai-chat": "/v1", "anthropic": "/v1", "gemini": "/v1beta"}
"""What follows the address of a provider in the configuration."""
KEY = "sk-client"


def target(dialect: str, model: str, stream: bool) -> str:
    """The path that a request of the dialect goes to."""
    if dialect == "gemini":
        return f"/v1beta/models/{model}:" + ("streamGenerateContent?alt=sse" if stream else "generateContent")
    return "/v1/messages" if dialect == "anthropic" else "/v1/chat/completions"


def provider(dialect: str, root: str, **more: Any) -> dict[str, Any]:
    """The entry of a provider in the configuration; `root` is its address without a path."""
    return {"kind": KINDS[dialect], "base_url": root + BASES[dialect], "credentials": "pass", **more}


@cache
def failures() -> tuple[type[Exception], ...]:
    """What SDKs raise by intent."""
    import anthropic
    import openai
    from google.genai import errors

    return openai.OpenAIError, anthropic.AnthropicError, errors.APIError


@cache
def chat(root: str) -> openai.OpenAI:
    import openai

    return openai.OpenAI(base_url=f"{root}/v1", api_key=KEY, max_retries=0, timeout=30)


@cache
def messages(root: str) -> anthropic.Anthropic:
    import anthropic

    return anthropic.Anthropic(base_url=root, api_key=KEY, max_retries=0, timeout=30)


@cache
def gemini(root: str) -> genai.Client:
    from google import genai

    options = genai.types.HttpOptions(base_url=root, timeout=30_000)
    return genai.Client(api_key=KEY, vertexai=False, http_options=options)


def question(dialect: str, model: str) -> dict[str, Any]:
    """The least that can be asked, as the SDK takes it."""
    if dialect == "gemini":
        return {"model": model, "contents": "Go on."}
    asked: dict[str, Any] = {"model": model, "messages": [{"role": "user", "content": "Go on."}]}
    return {**asked, "max_tokens": 1024} if dialect == "anthropic" else asked


def body(dialect: str, model: str, stream: bool = True) -> dict[str, Any]:
    """The same question as JSON."""
    if dialect == "gemini":
        return {"contents": [{"role": "user", "parts": [{"text": "Go on."}]}]}
    asked = {**question(dialect, model), "stream": stream}
    return {**asked, "stream_options": {"include_usage": True}} if dialect == "openai-chat" and stream else asked


def stream(dialect: str, root: str, asked: dict[str, Any]) -> list[Any]:
    """What the SDK yields for a streamed answer, to its end; raises what the SDK raises."""
    if dialect == "gemini":
        return list(gemini(root).models.generate_content_stream(**asked))
    if dialect == "anthropic":
        return list(messages(root).messages.create(stream=True, **asked))
    return list(chat(root).chat.completions.create(stream=True, **asked))


def whole(dialect: str, root: str, asked: dict[str, Any]) -> Any:
    """The SDK's object for an answer that is not streamed."""
    if dialect == "gemini":
        return gemini(root).models.generate_content(**asked)
    if dialect == "anthropic":
        return messages(root).messages.create(**asked)
    return chat(root).chat.completions.create(**asked)


def dump(value: Any) -> Any:
    """An SDK's object as plain values, extras included, without the response it came in."""
    plain = value.model_dump(warnings=False)
    plain.pop("sdk_http_response", None)
    return plain
