"""A conversation of five turns goes round: each client's SDK, each provider, its history built from what it received.

An image, thinking that is signed, parallel tools, thinking that is redacted, results. Each stand-in checks every turn by
its vendor's request types and rules, signatures byte for byte, and refuses the seeded violations.
"""

from __future__ import annotations

import base64
import copy
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import vendors
from conftest import LOOPS, NOTES
from gateway import Served
from provider import Answer, Exchange, Provider
from replay import three
from speaking import Called, Reply, encoded
from strict import Strict
from talkers import TALKERS, Talker
from vendors import DIALECTS, KINDS
from wire import Connection

# Anthropic's are base64 of protobuf; any byte that JSON escapes would be as good.
SIGNATURES = ["EqQBCkYIBx+/AbC==", "ErUBCkYIBRgCIkD/zz+9==", "EmwKAhgBEgy3va3pz/REDACTED+==", "EsYBCkgIAxgCKkD//last=="]
REPLIES = [
    Reply("A small red square.", "I look at the picture.", SIGNATURES[0], usage=(120, 30)),
    Reply(
        "Let me look both up.", "Two cities, two tools.", SIGNATURES[1],
        calls=(Called("weather", {"city": "Paris"}), Called("clock", {"city": "Zürich"})),
    ),
    Reply("21 °C in Paris; it is 14:05 in Zürich 🙂."),
    Reply("", "", SIGNATURES[2], is_redacted=True, calls=(Called("weather", {"city": "Oslo"}),)),
    Reply("It is cold in Oslo.", "The result says so.", SIGNATURES[3]),
]  # fmt: skip
COLUMNS = ["direct", "through"]
PAIRS = [(client, provider) for client in DIALECTS for provider in DIALECTS]
TURNS: list[tuple[str, str]] = []


class Stage:
    """A provider that answers as the vendor which a test names."""

    def __init__(self) -> None:
        self.provider = Provider()
        self.strict: Strict | None = None
        self.provider.answer(self._answer)

    def _answer(self, exchange: Exchange) -> Answer:
        assert self.strict is not None
        return self.strict(exchange)

    def plays(self, kind: str) -> Strict:
        self.strict = Strict(kind, [reply_for(kind, reply) for reply in REPLIES])
        return self.strict


def reply_for(kind: str, reply: Reply) -> Reply:
    """Gemini signs calls without a word; Chat signs nothing, and has no redacted thinking."""
    changed = copy.copy(reply)
    if kind == "openai":
        changed.signature, changed.is_redacted = "", False
    elif kind == "gemini":
        changed.is_redacted = False
    return changed


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    found = Stage()
    with found.provider:
        yield found


@pytest.fixture(scope="module")
def served(stage: Stage) -> Iterator[Served]:
    with Served(three(stage.provider.root, LOOPS[-1])) as gateway:
        yield gateway


def converse(talker: Talker, wanted: list[Reply], streams: list[bool]) -> None:
    """Five turns; what is heard in each is what the provider said."""
    heard = talker.say("What is in the picture?", image=True, stream=streams[0])
    agree(heard, wanted[0])
    heard = talker.say("How is the weather in Paris, and what time is it in Zürich?", stream=streams[1])
    agree(heard, wanted[1])
    heard = talker.answer(heard, [{"celsius": 21}, "14:05"], stream=streams[2])
    agree(heard, wanted[2])
    heard = talker.say("And in Oslo?", stream=streams[3])
    agree(heard, wanted[3])
    heard = talker.answer(heard, [{"celsius": -3, "note": 'snow "heavy"'}], stream=streams[4])
    agree(heard, wanted[4])


def agree(heard: Any, reply: Reply) -> None:
    assert heard.text == reply.text and heard.reasoning == reply.thinking
    assert heard.named_calls == [(call.name, call.arguments) for call in reply.calls]
    assert heard.stop == ("tool_calls" if reply.calls else "stop")
    assert (heard.usage["input"], heard.usage["output"]) == reply.usage


@pytest.mark.parametrize("form", ["streamed", "whole", "mixed"])
@pytest.mark.parametrize(("client", "provider"), PAIRS)
def test_goes_round(stage: Stage, served: Served, client: str, provider: str, form: str) -> None:
    strict = stage.plays(KINDS[provider])
    talker = TALKERS[client](served.url, f"{KINDS[provider]}/m")
    streams = {"streamed": [True] * 5, "whole": [False] * 5, "mixed": [True, False, False, True, False]}[form]
    try:
        converse(talker, [reply_for(KINDS[provider], reply) for reply in REPLIES], streams)
    except vendors.failures() as problem:
        problem.add_note("\n".join(strict.violations))
        raise
    assert not strict.violations and len(strict.accepted) == 5
    kept(strict)
    TURNS.extend([(client, provider)] * 5)


def kept(strict: Strict) -> None:
    """The last request holds every signature that was given, as it was given, the picture and every result."""
    sent = json.dumps(strict.accepted[-1], ensure_ascii=False)
    said = json.dumps(strict.accepted[-1])
    assert "You are terse." in sent and "What is in the picture?" in sent and "And in Oslo?" in sent
    for result in ("21", "14:05", "-3"):
        assert result in sent, result
    if strict.kind == "anthropic":
        assert all(json.dumps(signature)[1:-1] in said for signature in SIGNATURES[:3]), sent
    if strict.kind == "gemini":
        given = [encoded(signature) for signature in SIGNATURES[:3]]
        found = sent.replace("-", "+").replace("_", "/")
        assert all(signature in found for signature in given), sent


@pytest.mark.parametrize("dialect", DIALECTS)
def test_directly(stage: Stage, dialect: str) -> None:
    """The control: the provider's own SDK passes the same rules without Freshet."""
    strict = stage.plays(KINDS[dialect])
    for streams in ([True] * 5, [False] * 5):
        strict.accepted.clear()
        talker = TALKERS[dialect](stage.provider.root, "m")
        converse(talker, [reply_for(KINDS[dialect], reply) for reply in REPLIES], streams)
        assert not strict.violations


# What the stand-ins refuse.

Change = Callable[[dict[str, Any]], Any]


def messages_of(body: dict[str, Any], role: str) -> list[dict[str, Any]]:
    return [message for message in body["messages"] if message["role"] == role]


def drop(items: list[Any], wanted: Callable[[Any], bool]) -> None:
    items.remove(next(item for item in items if wanted(item)))


def blocks(body: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    lists = [message["content"] for message in body["messages"] if isinstance(message["content"], list)]
    return [block for content in lists for block in content if block["type"] == kind]


def holder(body: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return next(m["content"] for m in body["messages"] if any(b["type"] == kind for b in m["content"] if isinstance(b, dict)))


def parts(body: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [part for content in body["contents"] for part in content["parts"] if kind in part]


def part_holder(body: dict[str, Any], kind: str) -> list[Any]:
    return next(content["parts"] for content in body["contents"] if any(kind in part for part in content["parts"]))


VIOLATIONS: dict[str, dict[str, Change]] = {
    "openai-chat": {
        "a result is missing": lambda b: drop(b["messages"], lambda m: m["role"] == "tool"),
        "a wrong id": lambda b: messages_of(b, "tool")[0].update(tool_call_id="call_other"),
        "a result without its call": lambda b: b["messages"].append({"role": "tool", "tool_call_id": "x", "content": "y"}),
        "a required field is missing": lambda b: b.pop("messages"),
        "an unknown role": lambda b: b["messages"][1].update(role="human"),
        "a call without a name": lambda b: calls_of(b)[0]["function"].pop("name"),
        "arguments that are no JSON": lambda b: calls_of(b)[0]["function"].update(arguments="{city"),
        "an unknown member": lambda b: b.update(thinking={"type": "enabled"}),
        "a broken image": lambda b: image_of(b).update(url="data:image/tiff;base64,AAAA"),
        "an id twice": lambda b: [call.update(id="same") for call in calls_of(b)],
        "an id that is too long": lambda b: calls_of(b)[0].update(id="c" * 41),
        "a tool choice that is no tool": lambda b: b.update(tool_choice={"type": "function", "function": {"name": "no"}}),
    },
    "anthropic": {
        "a result is missing": lambda b: holder(b, "tool_result").remove(blocks(b, "tool_result")[0]),
        "a wrong id": lambda b: blocks(b, "tool_result")[0].update(tool_use_id="toolu_other"),
        "an altered signature": lambda b: blocks(b, "thinking")[0].update(signature=SIGNATURES[0][:-3] + "D=="),
        "altered thinking": lambda b: blocks(b, "thinking")[0].update(thinking="I looked at the picture."),
        "altered redacted thinking": lambda b: blocks(b, "redacted_thinking")[0].update(data="EmwK"),
        "a required field is missing": lambda b: b.pop("max_tokens"),
        "an unknown role": lambda b: b["messages"][0].update(role="human"),
        "a budget above max_tokens": lambda b: b["thinking"].update(budget_tokens=9000),
        "a broken image": lambda b: blocks(b, "image")[0]["source"].update(media_type="image/tiff"),
        "an unknown member": lambda b: b["messages"][1]["content"][0].update(index=0),
        "thinking is missing before a call": lambda b: drop_block(b, "redacted_thinking"),
        "an input that is no object": lambda b: blocks(b, "tool_use")[0].update(input='{"city":"Paris"}'),
        "blank text": lambda b: b["messages"][0]["content"].append({"type": "text", "text": " "}),
    },
    "gemini": {
        "a result is missing": lambda b: part_holder(b, "functionResponse").remove(parts(b, "functionResponse")[0]),
        "a wrong name": lambda b: parts(b, "functionResponse")[0]["functionResponse"].update(name="other"),
        "an altered signature": lambda b: parts(b, "thoughtSignature")[0].update(thoughtSignature=encoded("other")),
        "a call without its signature": lambda b: signed_call(b).pop("thoughtSignature"),
        "a required field is missing": lambda b: b.pop("contents"),
        "an unknown role": lambda b: b["contents"][0].update(role="assistant"),
        "an unknown member": lambda b: b.update(max_tokens=5),
        "a broken image": lambda b: parts(b, "inlineData")[0]["inlineData"].update(mime_type="text/x"),
        "a part of two kinds": lambda b: parts(b, "functionCall")[0].update(text="also"),
        "an empty turn": lambda b: b["contents"][0].update(parts=[]),
        "a response that is no object": lambda b: parts(b, "functionResponse")[0]["functionResponse"].update(response="x"),
        "a result without its call": lambda b: b["contents"][-1]["parts"].append(
            {"functionResponse": {"name": "weather", "response": {}}}
        ),
    },
}


def calls_of(body: dict[str, Any]) -> list[dict[str, Any]]:
    return [call for message in body["messages"] for call in message.get("tool_calls") or ()]


def image_of(body: dict[str, Any]) -> dict[str, Any]:
    found = [m["content"] for m in body["messages"] if isinstance(m.get("content"), list)]
    return next(part["image_url"] for content in found for part in content if part["type"] == "image_url")


def drop_block(body: dict[str, Any], kind: str) -> None:
    holder(body, kind).remove(blocks(body, kind)[0])


def signed_call(body: dict[str, Any]) -> dict[str, Any]:
    return next(part for part in parts(body, "functionCall") if "thoughtSignature" in part)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_violations_are_refused(stage: Stage, dialect: str) -> None:
    """The fifth request as the SDK wrote it is taken; with one thing wrong it is not."""
    kind = KINDS[dialect]
    strict = stage.plays(kind)
    talker = TALKERS[dialect](stage.provider.root, "m")
    converse(talker, [reply_for(kind, reply) for reply in REPLIES], [True] * 5)
    good, headers = strict.accepted[-1], strict.headers[-1]
    wanted = {name: headers[name] for name in ("authorization", "x-api-key", "anthropic-version", "x-goog-api-key") if name in headers}

    def ask(body: dict[str, Any]) -> int:
        with Connection(stage.provider.port) as connection:
            path = vendors.target(dialect, "m", True)
            return connection.request("POST", path, wanted, body).status

    assert ask(good) == 200, strict.violations
    for name, change in VIOLATIONS[dialect].items():
        body = copy.deepcopy(good)
        change(body)
        assert ask(body) == 400, f"{dialect} took {name}"
    assert len(strict.violations) == len(VIOLATIONS[dialect]) >= 10
    assert not strict.broken, "a rule that fell over refuses nothing"


def test_counts(request: pytest.FixtureRequest) -> None:
    refused = sum(map(len, VIOLATIONS.values()))
    NOTES.append(f"conversations: {len(TURNS)} turns taken in {len(set(TURNS))} pairs of dialects, {refused} violations refused")
    assert base64.b64decode(encoded(SIGNATURES[0])).decode() == SIGNATURES[0]
