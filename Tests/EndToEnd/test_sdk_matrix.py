"""Three vendors' SDKs, each a process of its own, by three vendors' APIs: what each makes of eleven kinds of requests.

`direct` is the control column: the provider's own SDK without Freshet. Every request is checked by the rules of the
provider's vendor. More than half of the cells are answered with recorded streams, the others by a script.
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from conftest import LOOPS, NOTES
from corpus import THERE
from gateway import Served
from provider import FIN, Answer, Exchange, Gate, Provider
from replay import ALL, oracle, pieces, play, three, values
from sdk_process import ENOUGH, Sdk
from speaking import Called, Reply
from strict import Strict, error_body, refusal
from vendors import DIALECTS, KINDS

CASES = [
    "text", "parallel tools", "tool-result turn", "thinking turn", "image", "structured output", "error before",
    "error in the middle", "cut", "abort", "non-streamed",
]  # fmt: skip
SDKS = ["direct", *DIALECTS]
FREED = 5.0
"""Seconds after which a provider must be free when its client has gone: the aim is 1, asserted with a factor of 5."""

LONG = {
    "openai-chat": "openllmetryjs-should-set-attributes-in-span-for-streaming-chat",
    "anthropic": "fantasy-googlecommon-vertex-claude-3-7-sonnet-simple-streaming",
    "gemini": "firebase-googleai-streaming-success-basic-reply-long",
}
RECORDED: dict[str, dict[str, list[str]]] = {
    "text": {name: [start] for name, start in LONG.items()},
    "parallel tools": {
        "openai-chat": ["mirascope-ts-tools-openai-completions-streams-tool-calls-and"],
        "anthropic": ["chatlas-anthropic-tool-variations-parallel"],
        "gemini": ["fantasy-googlecommon-vertex-gemini-2-5-pro-multi-tool-streaming"],
    },
    "tool-result turn": {
        "openai-chat": ["rig-openai-chat-tool-lifecycle-matrix-streaming-gpt4o-nested", "otel-chat-completion-streaming"],
        "anthropic": ["openinference-reasoning-tool-use-streaming", LONG["anthropic"]],
        "gemini": ["firebase-googleai-streaming-success-thinking-function-call", LONG["gemini"]],
    },
    "thinking turn": {
        "anthropic": ["llm-opus-46-adaptive-thinking", LONG["anthropic"]],
        "gemini": ["rubyllm-with-extended-thinking-vertexai-gemini-3", LONG["gemini"]],
    },
    "image": {
        "openai-chat": ["lingua-imageurlmimetypefallbackparam"],
        "anthropic": ["rubyllm-citations-with-anthropic"],
        "gemini": ["mirascope-gateway-mirascope-ts-mirascope-mirascope-google"],
    },
    "structured output": {
        "openai-chat": ["lingua-textformatjsonschemawithdescriptionparam"],
        "gemini": ["pydanticai-native-output-with-builtin-tools-stream"],
    },
    "cut": {name: [start] for name, start in LONG.items()},
    "error in the middle": {name: [start] for name, start in LONG.items()},
}
"""How the names of the recordings begin that answer, turn by turn."""

THOUGHT = Reply("It is six.", "Two times three.", "EqQBCkYIBx+/AbC==")
SCRIPTED: dict[str, list[Reply]] = {
    "text": [Reply("Hello, wörld 🙂.")],
    "parallel tools": [Reply("Both.", calls=(Called("weather", {"city": "Paris"}), Called("clock", {"city": "Rome"})))],
    "tool-result turn": [
        Reply("", "Let me look.", "EqQBCkYIBx+/AbC==", calls=(Called("weather", {"city": "Paris"}),)),
        Reply("It is 21 °C."),
    ],
    "thinking turn": [THOUGHT, Reply("Because.")],
    "image": [Reply("A small red square.")],
    "structured output": [Reply('{"city": "Paris"}')],
    "error in the middle": [Reply("Hello, wörld 🙂. And so on.")],
    "cut": [Reply("Hello, wörld 🙂. And so on.")],
    "non-streamed": [Reply("All of it at once.", "A thought.", "EqQBCkYIBx+/AbC==")],
}
MATRIX: dict[tuple[str, str], dict[str, str]] = {}


def recording(start: str) -> str:
    return next(name for name in ALL if name.startswith(start))


def replies(case: str, provider: str) -> list[str] | None:
    """The recordings that answer; None where the script does."""
    starts = RECORDED.get(case, {}).get(provider)
    return [recording(start) for start in starts] if starts and THERE else None


pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")


class Recorded:
    """A recording as an answer that a `Strict` gives; it tells the rules what was signed."""

    def __init__(self, strict: Strict, name: str, ends: Sequence[Any] | None = None) -> None:
        self.strict, self.name, self.ends = strict, name, ends

    def __call__(self, exchange: Exchange) -> Answer:
        found = ALL[self.name]
        for signature, thinking in signed(self.strict.kind, values(found.events)):
            self.strict.rules.signed[signature] = thinking  # type: ignore[union-attr]
        parts = pieces(found.events, "events")
        if self.ends is not None:
            return Answer([*parts[: len(parts) // 2], 0.2, *self.ends])
        return Answer(parts)


def signed(kind: str, events: list[dict[str, Any]]) -> list[tuple[Any, Any]]:
    """Each signature of a recording, with what the rules keep of it."""
    found: list[tuple[Any, Any]] = []
    thinking: dict[int, str] = {}
    for event in events:
        if kind == "anthropic" and event["type"] == "content_block_delta":
            delta = event["delta"]
            thinking[event["index"]] = thinking.get(event["index"], "") + delta.get("thinking", "")
            if delta["type"] == "signature_delta":
                found.append((delta["signature"], thinking[event["index"]]))
        for candidate in event.get("candidates") or () if kind == "gemini" else ():
            for part in (candidate.get("content") or {}).get("parts") or ():
                if "thoughtSignature" in part:
                    found.append((base64.b64decode(part["thoughtSignature"]), "functionCall" in part))
    return found


class Stage:
    """The provider, and the conversation that it takes part in."""

    def __init__(self) -> None:
        self.provider = Provider()
        self.script: Callable[[Exchange], Answer] = play
        self.provider.answer(lambda exchange: self.script(exchange))


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    found = Stage()
    with found.provider:
        yield found
        NOTES.extend(table())


@pytest.fixture(scope="module")
def served(stage: Stage) -> Iterator[Served]:
    with Served(three(stage.provider.root, LOOPS[-1])) as gateway:
        yield gateway


@pytest.fixture(scope="module")
def sdks() -> Iterator[dict[str, Sdk]]:
    found = {dialect: Sdk(dialect) for dialect in DIALECTS}
    yield found
    for sdk in found.values():
        sdk.end()


@pytest.fixture(scope="module")
def oracles(stage: Stage) -> Callable[[str], Any]:
    known: dict[str, Any] = {}

    def find(name: str) -> Any:
        stage.script = play
        return known.setdefault(name, known.get(name) or oracle(stage.provider, ALL[name]))

    return find


def table() -> list[str]:
    names = ["direct", "openai", "anthropic", "google-genai"]
    cells = [mark for row in MATRIX.values() for mark in row.values()]
    lines = [f"{'what is asked':22}{'of':12}" + "".join(f"{name:>14}" for name in names)]
    for (case, provider), row in MATRIX.items():
        lines.append(f"{case:22}{KINDS[provider]:12}" + "".join(f"{row.get(name, ''):>14}" for name in SDKS))
    good, recorded = sum(mark.startswith("ok") for mark in cells), sum("recorded" in mark for mark in cells)
    return [*lines, f"SDKs by providers: {good} of {len(cells)} cells, {recorded} of them with recorded streams"]


@pytest.mark.parametrize("sdk", SDKS)
@pytest.mark.parametrize("provider", DIALECTS)
@pytest.mark.parametrize("case", CASES)
def test_cell(
    stage: Stage, served: Served, sdks: dict[str, Sdk], oracles: Callable[[str], Any], case: str, provider: str, sdk: str
) -> None:
    names = replies(case, provider)
    row = MATRIX.setdefault((case, provider), {})
    row[sdk] = "FAILED"
    wanted = [oracles(name) for name in names] if names else SCRIPTED.get(case, [])
    strict = Strict(KINDS[provider], [])
    stage.script = strict
    client = provider if sdk == "direct" else sdk
    root = stage.provider.root if sdk == "direct" else served.url
    model = "m" if sdk == "direct" else f"{KINDS[provider]}/m"

    def ask() -> list[dict[str, Any]]:
        heard = sdks[client].ask(root=root, model=model, case=case)["heard"]
        assert not strict.violations, strict.violations
        return list(heard)

    if case == "error before":
        refused(strict, ask)
    elif case in ("error in the middle", "cut"):
        broken(strict, ask, case, names, wanted[0].text)
    elif case == "abort":
        left(strict, ask, stage)
    else:
        strict.replies = [Recorded(strict, name) for name in names] if names else list(wanted)
        understood(strict, ask(), client, wanted)
    row[sdk] = "ok recorded" if names else "ok"


def understood(strict: Strict, heard: list[dict[str, Any]], client: str, wanted: Sequence[Any]) -> None:
    assert all(turn.get("error") is None for turn in heard), heard
    assert len(heard) == len(wanted) == len(strict.accepted)
    for turn, said in zip(heard, wanted, strict=True):
        reasoning = said.thinking if isinstance(said, Reply) else said.reasoning
        assert (turn["text"], turn["reasoning"]) == (said.text, reasoning)
        calls = [(call["name"], call["arguments"]) for call in turn["calls"]]
        assert calls == [(call.name, call.arguments) for call in said.calls]
        assert turn["stop"] == ("tool_calls" if said.calls else said.stop)
        if isinstance(said, Reply):
            assert (turn["usage"]["input"], turn["usage"]["output"]) == said.usage


def refused(strict: Strict, ask: Callable[[], list[dict[str, Any]]]) -> None:
    """A status before the first byte arrives as that status, with the provider's words and when to come again."""
    strict.replies = [lambda _: refusal(strict.kind, "slow down", 429, {"retry-after": "7"})]
    error = ask()[0]["error"]
    assert error["status"] == 429 and "slow down" in error["message"] and error["retry_after"] == "7", error
    assert error["class"] in ("RateLimitError", "ClientError")


def broken(
    strict: Strict, ask: Callable[[], list[dict[str, Any]]], case: str, names: list[str] | None, whole: str
) -> None:
    """What was said is shown, then the SDK raises: half an answer never passes for a whole one."""
    ends: tuple[Any, ...] = (FIN,) if case == "cut" else (in_the_middle(strict.kind),)
    if names:
        strict.replies = [Recorded(strict, names[0], ends)]
    else:
        strict.replies = [Reply(whole[:-1], ends=(0.2, *ends))]
    heard = ask()[0]
    assert heard.get("error"), heard
    assert heard["text"] and whole.startswith(heard["text"]) and heard["text"] != whole, heard
    if case != "cut":
        assert "overheated" in heard["error"]["message"], heard["error"]


def in_the_middle(kind: str) -> bytes:
    """How the vendor tells of an error when the head of the response has gone."""
    body = error_body(kind, 500, "overheated")
    if kind == "gemini":
        return (json.dumps(body, indent=2) + "\n").replace("\n", "\r\n").encode()
    name = b"event: error\n" if kind == "anthropic" else b""
    return name + b"data: " + json.dumps(body).encode() + b"\n\n"


def left(strict: Strict, ask: Callable[[], list[dict[str, Any]]], stage: Stage) -> None:
    """The provider is free soon after its reader has gone."""
    gate = Gate()
    gate.release(5)
    strict.replies = [Reply("One two three four five six seven eight nine ten eleven twelve.", gate=gate)]
    count = stage.provider.count
    heard = ask()[0]
    gone = time.monotonic()
    assert heard.get("left") and len(heard["text"]) >= ENOUGH, heard
    exchange = stage.provider.wait_count(count + 1)
    assert exchange.wait() == "aborted" and exchange.closed is not None
    assert exchange.closed - gone < FREED, "the provider is freed when its client has gone"


def test_half_is_recorded() -> None:
    recorded = sum(len(found) for found in RECORDED.values())
    assert recorded * 2 >= len(CASES) * len(DIALECTS)
