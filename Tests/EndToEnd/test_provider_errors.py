"""What a provider says instead of an answer, told to the clients of each dialect in their words.

Recorded error bodies arrive with their status, the type that the client's SDK sorts errors by, the provider's own message
and when to come again. Bodies that are no stream at all, or another dialect's, are a typed error in every dialect: never a
crash, a hang or an answer.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from conftest import LOOPS, NOTES
from corpus import ROOT, THERE, error_bodies, recordings
from gateway import Served
from grammar import check
from provider import Answer, Provider, json_answer
from replay import RECORDED, raw, three
from sdk_process import failure
from speaking import Reply, said
from strict import error_body
from vendors import DIALECTS, KINDS, failures, question, stream, whole

KIND = {"gemini": "gemini", "vertex": "gemini", "anthropic": "anthropic"}
"""Which kind of provider a service is; all others speak Chat."""
CLASSES = {
    400: "BadRequestError",
    401: "AuthenticationError",
    403: "PermissionDeniedError",
    404: "NotFoundError",
    429: "RateLimitError",
    500: "InternalServerError",
    503: "InternalServerError",
    529: "OverloadedError",
}
TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    429: "rate_limit_error",
    500: "api_error",
    503: "overloaded_error",
    529: "overloaded_error",
}
"""Anthropic's."""
STATES = {
    400: {"INVALID_ARGUMENT", "FAILED_PRECONDITION"},
    401: {"UNAUTHENTICATED"},
    403: {"PERMISSION_DENIED"},
    404: {"NOT_FOUND"},
    429: {"RESOURCE_EXHAUSTED"},
    500: {"INTERNAL"},
    503: {"UNAVAILABLE"},
}
"""Google's."""
BODIES = {name: (status, content) for name, status, content in error_bodies()}
MALFORMED = sorted((ROOT / "streams" / "malformed").glob("*")) if THERE else []
COUNTS = {"errors": 0, "malformed": 0}

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")
needs_corpus = pytest.mark.skipif(not THERE, reason=f"nothing recorded at {ROOT}: 0 run")


@pytest.fixture(scope="module")
def stage() -> Iterator[Provider]:
    with Provider() as provider:
        yield provider


@pytest.fixture(scope="module")
def served(stage: Provider) -> Iterator[Served]:
    with Served(three(stage.root, LOOPS[-1])) as gateway:
        yield gateway


def raised(client: str, root: str, model: str, ask: Any) -> dict[str, Any]:
    with pytest.raises(failures()) as caught:
        ask(client, root, question(client, model))
    return failure(caught.value)


def told(client: str, error: dict[str, Any], status: int) -> dict[str, Any]:
    """The error in the client's form; checks status, class and type."""
    # An overload is 529 to Anthropic's clients and 503 to all others.
    overloaded = 529 if client == "anthropic" else 503
    wanted = overloaded if status in (503, 529) else status
    assert error["status"] == wanted, error
    body = error["body"]
    if client == "gemini":
        assert error["class"] == ("ClientError" if wanted < 500 else "ServerError")
        inner = body["error"]
        assert inner["code"] == wanted and inner["status"] in STATES[wanted], body
        return dict(inner)
    assert error["class"] == CLASSES[wanted], error
    if client == "anthropic":
        assert body["type"] == "error" and body["error"]["type"] == TYPES[wanted], body
        return dict(body["error"])
    return dict(body)


def message_of(content: bytes) -> str | None:
    """What a person reads in the provider's body, where it is of a form that anybody could know."""
    value = json.loads(content)
    inner = value.get("error", value)
    return inner if isinstance(inner, str) else inner.get("message") if isinstance(inner, dict) else None


@needs_corpus
@pytest.mark.parametrize("client", DIALECTS)
@pytest.mark.parametrize("name", BODIES)
def test_recorded_errors(served: Served, stage: Provider, name: str, client: str) -> None:
    status, content = BODIES[name]
    kind = KIND.get(name.partition("/")[0], "openai")
    headers = {"content-type": "application/json", "retry-after": "7"}
    stage.answer(Answer([content], status, headers, "length"))
    for ask in (stream, whole):
        error = raised(client, served.url, f"{kind}/m", ask)
        if KINDS[client] == kind:  # as it was
            response, _ = raw(served.port, client, f"{kind}/m")
            assert (response.status, response.body()) == (status, content)
        else:
            said = told(client, error, status)
            message = message_of(content)
            assert message is None or message[:200] in said["message"], (message, said)
        assert error["retry_after"] == "7", error
    COUNTS["errors"] += 1


@pytest.mark.parametrize("client", DIALECTS)
@pytest.mark.parametrize("kind", ["openai", "anthropic", "gemini"])
@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500, 503, 529])
def test_statuses(served: Served, stage: Provider, status: int, kind: str, client: str) -> None:
    """Every status that a vendor documents, in the vendor's own form."""
    if status == 529 and kind != "anthropic":
        return
    stage.answer(json_answer(error_body(kind, status, "not so"), status))
    error = raised(client, served.url, f"{kind}/m", stream)
    if KINDS[client] != kind:
        assert "not so" in told(client, error, status)["message"]
    else:
        assert error["status"] == status


@pytest.mark.parametrize("client", DIALECTS)
def test_retry_advice(served: Served, stage: Provider, client: str) -> None:
    """Google says in the body when to come again; others read it in the head. And the other way round."""
    advice = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "34.4s"}
    body = {"error": {"code": 429, "message": "quota", "status": "RESOURCE_EXHAUSTED", "details": [advice]}}
    stage.answer(json_answer(body, 429))
    error = raised(client, served.url, "gemini/m", stream)
    assert client == "gemini" or error["retry_after"] in ("34", "35"), error
    stage.answer(json_answer(error_body("anthropic", 429, "slow"), 429, {"retry-after": "9"}))
    error = raised(client, served.url, "anthropic/m", stream)
    assert error["retry_after"] == "9"
    if client == "gemini":
        details = error["body"]["error"].get("details") or []
        assert any(one["@type"].endswith("RetryInfo") and one["retryDelay"].rstrip("s") == "9" for one in details), error


def is_error(served: Served, client: str, kind: str) -> None:
    """In every form: a status, or the dialect's own error in the stream; and the gateway goes on."""
    response, events = raw(served.port, client, f"{kind}/m")
    if response.status != 200:
        assert response.status >= 400 and response.body()
    elif KINDS[client] == kind:  # what came before the error is the provider's own
        assert "error" in events[-1].json() and response.ended == "cut"
    else:
        assert check(client, response, events).error is not None
    for ask in (stream, whole):
        error = raised(client, served.url, f"{kind}/m", ask)
        assert error["class"] and error["message"]
    assert served.running


@needs_corpus
@pytest.mark.parametrize("client", DIALECTS)
@pytest.mark.parametrize("kind", ["openai", "anthropic", "gemini"])
@pytest.mark.parametrize("path", MALFORMED, ids=lambda path: path.name)
def test_malformed(served: Served, stage: Provider, path: Any, kind: str, client: str) -> None:
    types = {".txt": "text/plain", ".json": "application/json", ".sse": "text/event-stream"}
    stage.answer(Answer([path.read_bytes()], headers={"content-type": types[path.suffix]}))
    is_error(served, client, kind)
    COUNTS["malformed"] += 1


@needs_corpus
@pytest.mark.parametrize("client", DIALECTS)
@pytest.mark.parametrize("kind", ["openai", "anthropic", "gemini"])
def test_another_dialect(served: Served, stage: Provider, kind: str, client: str) -> None:
    """A stream of another dialect than the provider's kind, Google's interactions among them, is no answer."""
    samples = [next(iter(RECORDED[dialect].values())).events for dialect in DIALECTS if KINDS[dialect] != kind]
    samples += [recording.body for recording in recordings("gemini-interactions")]
    assert len(samples) == 5
    for sample in samples:
        stage.answer(Answer([sample]))
        is_error(served, client, kind)


@pytest.mark.parametrize("client", DIALECTS)
@pytest.mark.parametrize("kind", ["openai", "anthropic", "gemini"])
def test_nothing_at_all(served: Served, stage: Provider, kind: str, client: str) -> None:
    """Empty bodies, empty frames, wrong types: each is told as an error."""
    whole_answer = said(kind, Reply("Hello, and so on."), True, "m").steps
    texts = [step for step in whole_answer if isinstance(step, bytes)]
    for body in (b"", b"data: \n\n", b"data: {}\n\n", b"data: []\n\n", b"[]", b"null", b"data: \xff\xfe\n\n", texts[0]):
        stage.answer(Answer([body]))
        is_error(served, client, kind)


def test_counts(request: pytest.FixtureRequest) -> None:
    if request.config.getoption("keyword") or "::" in " ".join(request.config.args):
        pytest.skip("a selection was asked for")
    if THERE:
        assert len(BODIES) == 53 and len(MALFORMED) == 9
        assert COUNTS == {"errors": 53 * 3, "malformed": 9 * 9}
    NOTES.append(f"recorded errors told in three dialects: {COUNTS['errors']}; malformed bodies refused: {COUNTS['malformed']}")
