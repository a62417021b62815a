"""The same question in each of the client dialects, the answers read alike, and a provider's frames by hand."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from conftest import LOOPS
from gateway import configuration
from provider import STALL, Answer, Provider, Step, frame
from readers import Message, NativeReader, SimpleReader, must
from wire import Connection, Event, Response

MESSAGES = [{"role": "user", "content": "Hello?"}]
ASK: dict[str, Any] = {"model": "m", "messages": MESSAGES}
STREAMED = {**ASK, "stream": True}
SOON = 6.0
"""Seconds for what should come at once: reached only when it hangs."""


class ChatReader:
    """Streamed Chat chunks: the text of each choice, why it finished, and how the stream ended."""

    def __init__(self) -> None:
        self.finishes: dict[int, str] = {}
        self._texts: dict[int, list[str]] = {}
        self._calls: dict[tuple[int, int], list[str]] = {}
        self.error: dict[str, Any] | None = None
        self.is_done = False

    def event(self, block: Event) -> None:
        if block.data is None:
            return
        must(not self.is_done and self.error is None, "nothing follows [DONE] or an error", block)
        if block.data == "[DONE]":
            self.is_done = True
            return
        value = block.json()
        self.error = value.get("error")
        for choice in value.get("choices", ()):
            self._choice(choice["index"], choice["delta"], choice["finish_reason"])

    def _choice(self, index: int, delta: dict[str, Any], finish: str | None) -> None:
        self._texts.setdefault(index, []).append(delta.get("content") or "")
        for call in delta.get("tool_calls") or ():
            arguments = call.get("function", {}).get("arguments") or ""
            self._calls.setdefault((index, call["index"]), []).append(arguments)
        if finish is not None:
            must(index not in self.finishes, "a choice finishes once", index)
            self.finishes[index] = finish

    @property
    def texts(self) -> dict[int, str]:
        """What each choice said."""
        return {index: "".join(parts) for index, parts in self._texts.items()}

    @property
    def calls(self) -> dict[tuple[int, int], str]:
        """The arguments of each tool call, by its choice and its index."""
        return {place: "".join(parts) for place, parts in self._calls.items()}

    @property
    def message(self) -> Message:
        outcome = "finished" if self.is_done else "failed" if self.error else None
        return Message(text=self.texts.get(0, ""), outcome=outcome, error=self.error)


Reader = ChatReader | NativeReader | SimpleReader
KINDS = ["chat", "native", "simple"]


def send(connection: Connection, kind: str) -> None:
    if kind == "simple":
        connection.send("GET", "/api/chat?prompt=x&model=m")
    elif kind == "native":
        connection.send("POST", "/v1/generations", {"accept": "text/event-stream", "x-freshet-log": "off"}, ASK)
    else:
        connection.send("POST", "/v1/chat/completions", body=STREAMED)


def reader_of(kind: str) -> Reader:
    return ChatReader() if kind == "chat" else NativeReader() if kind == "native" else SimpleReader()


def follow(response: Response, reader: Reader) -> Message:
    """Reads to the end, which must be clean exactly when the answer is."""
    for event in response.events():
        reader.event(event)
    message = reader.message
    assert message.outcome != "finished" or response.ended == "clean"
    return message


def ask(port: int, kind: str, timeout: float = SOON) -> Message:
    with Connection(port, timeout) as connection:
        send(connection, kind)
        response = Response(connection)
        assert response.status == 200, response.body()
        return follow(response, reader_of(kind))


def ask_chat(port: int, timeout: float = SOON, **more: Any) -> Response:
    """One chat request; the body has been read into `content`."""
    with Connection(port, timeout) as connection:
        response = connection.request("POST", "/v1/chat/completions", body={**ASK, **more})
        response.content = response.body()  # type: ignore[attr-defined]
    return response


def content(response: Response) -> Any:
    return json.loads(response.content)  # type: ignore[attr-defined]


# What the provider says, to the byte.


def delta(choice: int = 0, finish: str | None = None, logprobs: Any = None, **members: Any) -> bytes:
    entry = {"index": choice, "delta": members, "finish_reason": finish}
    return frame({"choices": [{**entry, "logprobs": logprobs} if logprobs else entry]})


FINISH = delta(finish="stop")


def together(frames: Iterable[bytes], count: int = 100) -> list[Step]:
    """Many frames in one write each."""
    frames = list(frames)
    return [b"".join(frames[at : at + count]) for at in range(0, len(frames), count)]


def verbatim(data: bytes, *then: Step) -> Answer:
    """A response as bytes, head and all."""
    return Answer(before_head=[data, *(then or (STALL,))])


# The gateway between.


def settings(provider: Provider, loops: int = LOOPS[-1], deadlines: dict[str, str] | None = None, **more: Any) -> Any:
    upstream = {"kind": "openai", "base_url": provider.url, "credentials": "pass", "deadlines": deadlines or {}}
    return configuration(provider.url, loops, **{"providers": {"upstream": upstream}, **more})
