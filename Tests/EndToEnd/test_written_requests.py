"""The bodies that requests of each dialect become for providers of each, read by the vendors' own request types."""

import base64
import json
import re
import typing
from pathlib import Path

import anthropic.types
import openai.types.chat
import pytest
from google.genai import types
from pydantic import BaseModel, TypeAdapter

FOLDER = Path(__file__).parents[1] / "Fixtures/dialects/requests"
CLIENTS = sorted(path.stem for path in FOLDER.glob("*.json") if ".to-" not in path.name)
CHAT = TypeAdapter(openai.types.chat.completion_create_params.CompletionCreateParamsStreaming)
MESSAGES = TypeAdapter(anthropic.types.message_create_params.MessageCreateParamsStreaming)


def body(client, provider):
    return json.loads((FOLDER / f"{client}.to-{provider}.json").read_text())


def drained(value):
    """Pydantic reads iterables lazily; this reads them, so that what is in them is judged too."""
    if isinstance(value, dict):
        return {name: drained(inner) for name, inner in value.items()}
    if isinstance(value, (str, bytes, BaseModel)) or not isinstance(value, typing.Iterable):
        return value
    return [drained(inner) for inner in value]


def accepted(adapter, given):
    """What is read is what was given: nothing is of a kind, or under a name, that the type does not know."""
    assert drained(adapter.validate_python(given)) == given


@pytest.mark.parametrize("client", CLIENTS)
def test_chat(client):
    accepted(CHAT, body(client, "openai-chat"))


@pytest.mark.parametrize("client", CLIENTS)
def test_anthropic(client):
    sent = body(client, "anthropic")
    # The newest types know no sampling; older models take it still, and what the client asked is for the model to judge.
    sampling = {sent.pop(name) for name in ("temperature", "top_p", "top_k") if name in sent}
    assert all(0 <= value <= 1 for value in sampling)
    accepted(MESSAGES, sent)
    roles = [message["role"] for message in sent["messages"]]
    assert roles[0] == "user" and all(one != other for one, other in zip(roles, roles[1:]))
    thinking = sent.get("thinking", {})
    if thinking.get("type") == "enabled":
        assert 1024 <= thinking["budget_tokens"] < sent["max_tokens"]


@pytest.mark.parametrize("client", CLIENTS)
def test_gemini(client):
    sent = body(client, "gemini")
    tops = {"systemInstruction", "contents", "tools", "toolConfig", "generationConfig"}
    assert set(sent) <= tops
    for content in [*sent["contents"], sent.get("systemInstruction", {})]:
        read = types.Content.model_validate(content)
        again = read.model_dump(mode="json", by_alias=True, exclude_none=True)
        assert again == in_url_alphabet(content)
    config = {"tools": sent.get("tools"), "toolConfig": sent.get("toolConfig"), **sent.get("generationConfig", {})}
    config = {name: value for name, value in config.items() if value is not None}
    read = types.GenerateContentConfig.model_validate(config)
    assert read.model_dump(mode="json", by_alias=True, exclude_none=True) == config


def in_url_alphabet(value):
    """Bytes as the SDK writes them again."""
    if isinstance(value, list):
        return [in_url_alphabet(inner) for inner in value]
    if not isinstance(value, dict):
        return value
    return {
        name: base64.urlsafe_b64encode(base64.b64decode(inner)).decode()
        if name in ("data", "thoughtSignature")
        else in_url_alphabet(inner)
        for name, inner in value.items()
    }


def test_the_types_judge():
    """What a type must refuse it refuses: the judges above are awake."""
    for adapter, provider, spoil in [
        (CHAT, "openai-chat", lambda sent: sent["messages"][0].update(role="nobody")),
        (CHAT, "openai-chat", lambda sent: sent["messages"][1].update(role="tool")),
        (CHAT, "openai-chat", lambda sent: sent.update(top_k=1)),
        (MESSAGES, "anthropic", lambda sent: sent.pop("max_tokens")),
        (MESSAGES, "anthropic", lambda sent: sent["messages"][0]["content"][0].update(type="image")),
        (MESSAGES, "anthropic", lambda sent: sent["messages"][0].update(name="ada")),
    ]:
        sent = body("openai-chat.conversation", provider)
        accepted(adapter, sent)
        spoil(sent)
        with pytest.raises((ValueError, AssertionError)):
            accepted(adapter, sent)


def listed(*headings):
    """Every member that the page lists below these headings."""
    page = (FOLDER.parents[3] / "docs/dialects.md").read_text()
    names = set()
    for heading in headings:
        section = page.split(f"\n### {heading}\n")[1].split("\n#")[0]
        rows = [line for line in section.splitlines() if line.startswith(("| read", "| left out", "| refused"))]
        names |= {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    return names


def test_the_page_knows_every_member_of_the_vendors_types():
    chat = openai.types.chat.completion_create_params.CompletionCreateParamsStreaming
    assert set(chat.__annotations__) | set(typing.get_type_hints(chat)) <= listed("Chat Completions")
    for params in (anthropic.types.message_create_params, anthropic.types.beta.message_create_params):
        assert set(typing.get_type_hints(params.MessageCreateParamsStreaming)) <= listed("Anthropic")
    output = anthropic.types.beta.BetaOutputConfigParam
    assert set(typing.get_type_hints(output)) <= listed("Anthropic's `output_config`")
    # Of the client itself, not of requests.
    local = {"httpOptions", "shouldReturnHttpResponse", "automaticFunctionCalling"}
    config = {field.alias for field in types.GenerateContentConfig.model_fields.values()} - local
    assert config <= listed("Gemini", "Gemini's `generationConfig`")
    generation = {field.alias for field in types.GenerationConfig.model_fields.values()}
    assert generation <= listed("Gemini's `generationConfig`")
    for kind, heading in [(types.Tool, "Gemini's tools"), (types.ToolConfig, "Gemini's `toolConfig`")]:
        assert {field.alias for field in kind.model_fields.values()} <= listed(heading)
