"""A user's program in each vendor's SDK: it talks, sends what it received back as its history, and answers calls.

Each builds its history as the vendor's documents show: Chat and Messages append the message objects that came, Gemini
uses the SDK's own chat, which keeps every chunk's content. `leave` goes away amid an answer, `seen` holds what came of it.
"""

from __future__ import annotations

import base64
import json
import struct
import zlib
from typing import Any

import vendors
from meanings import Meaning, meaning, whole_meaning

SYSTEM = "You are terse."
TOOLS = {
    "weather": {
        "type": "object",
        "properties": {"city": {"type": "string", "description": "Where."}},
        "required": ["city"],
    },
    "clock": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}


def picture() -> bytes:
    """A red square as PNG."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\x00" + b"\xff\x00\x00" * 4 for _ in range(4))
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 4, 4, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


PICTURE = base64.b64encode(picture()).decode()




class ChatTalker:
    def __init__(self, root: str, model: str, **more: Any) -> None:
        self.client, self.more = vendors.chat(root), {"model": model, "reasoning_effort": "medium", **more}
        tools = [{"type": "function", "function": {"name": name, "parameters": TOOLS[name]}} for name in TOOLS]
        self.more.setdefault("tools", tools)
        self.messages: list[Any] = [{"role": "system", "content": SYSTEM}]
        self.seen: list[Any] = []

    def say(self, text: str, image: bool = False, stream: bool = True) -> Meaning:
        content: Any = text
        if image:
            url = {"url": f"data:image/png;base64,{PICTURE}"}
            content = [{"type": "text", "text": text}, {"type": "image_url", "image_url": url}]
        self.messages.append({"role": "user", "content": content})
        return self._ask(stream)

    def answer(self, heard: Meaning, results: list[Any], stream: bool = True) -> Meaning:
        for call, result in zip(heard.calls, results, strict=True):
            self.messages.append({"role": "tool", "tool_call_id": call.id, "content": json.dumps(result)})
        return self._ask(stream)

    def _ask(self, stream: bool) -> Meaning:
        create = self.client.chat.completions.create
        if not stream:
            completion = create(messages=self.messages, **self.more)
            self.messages.append(completion.choices[0].message)
            return whole_meaning("openai-chat", completion)
        from openai.lib.streaming.chat import ChatCompletionStreamState

        state: ChatCompletionStreamState[None] = ChatCompletionStreamState()
        self.seen = []
        for chunk in create(messages=self.messages, stream=True, stream_options={"include_usage": True}, **self.more):
            self.seen.append(chunk)
            state.handle_chunk(chunk)
        self.messages.append(state.get_final_completion().choices[0].message)
        return meaning("openai-chat", self.seen)

    def leave(self, text: str, pieces: int) -> None:
        self.messages.append({"role": "user", "content": text})
        self.seen = []
        with self.client.chat.completions.create(messages=self.messages, stream=True, **self.more) as stream:
            for chunk in stream:
                self.seen.append(chunk)
                if len(meaning("openai-chat", self.seen).text) >= pieces:
                    return


class MessagesTalker:
    def __init__(self, root: str, model: str, **more: Any) -> None:
        thinking = {"type": "enabled", "budget_tokens": 2048}
        tools = [{"name": name, "input_schema": TOOLS[name]} for name in TOOLS]
        asked = {"model": model, "max_tokens": 8192, "system": SYSTEM, "thinking": thinking, "tools": tools}
        self.client, self.more = vendors.messages(root), {**asked, **more}
        self.messages: list[Any] = []
        self.seen: list[Any] = []

    def say(self, text: str, image: bool = False, stream: bool = True) -> Meaning:
        content: Any = text
        if image:
            source = {"type": "base64", "media_type": "image/png", "data": PICTURE}
            content = [{"type": "image", "source": source}, {"type": "text", "text": text}]
        self.messages.append({"role": "user", "content": content})
        return self._ask(stream)

    def answer(self, heard: Meaning, results: list[Any], stream: bool = True) -> Meaning:
        blocks = [
            {"type": "tool_result", "tool_use_id": call.id, "content": json.dumps(result)}
            for call, result in zip(heard.calls, results, strict=True)
        ]
        self.messages.append({"role": "user", "content": blocks})
        return self._ask(stream)

    def _ask(self, stream: bool) -> Meaning:
        if stream:
            self.seen = []
            with self.client.messages.stream(messages=self.messages, **self.more) as events:
                self.seen.extend(event for event in events if event.type in RAW)
                message = events.get_final_message()
        else:
            message = self.client.messages.create(messages=self.messages, **self.more)
        self.messages.append({"role": "assistant", "content": message.content})
        return whole_meaning("anthropic", message)

    def leave(self, text: str, pieces: int) -> None:
        self.messages.append({"role": "user", "content": text})
        self.seen = []
        with self.client.messages.create(messages=self.messages, stream=True, **self.more) as stream:
            for event in stream:
                self.seen.append(event)
                if len(meaning("anthropic", self.seen).text) >= pieces:
                    return


class GeminiTalker:
    def __init__(self, root: str, model: str, **more: Any) -> None:
        from google.genai import types

        self.types = types
        declared = [{"name": name, "description": name, "parameters_json_schema": TOOLS[name]} for name in TOOLS]
        settings: dict[str, Any] = {
            "system_instruction": SYSTEM,
            "tools": [{"function_declarations": declared}],
            "automatic_function_calling": {"disable": True},
            "thinking_config": {"include_thoughts": True, "thinking_budget": 2048},
            "max_output_tokens": 8192,
        }
        config = types.GenerateContentConfig(**{**settings, **more})
        self.chat = vendors.gemini(root).chats.create(model=model, config=config)
        self.seen: list[Any] = []

    def say(self, text: str, image: bool = False, stream: bool = True) -> Meaning:
        parts: list[Any] = [self.types.Part.from_text(text=text)]
        if image:
            parts.append(self.types.Part.from_bytes(data=picture(), mime_type="image/png"))
        return self._ask(parts, stream)

    def answer(self, heard: Meaning, results: list[Any], stream: bool = True) -> Meaning:
        parts = []
        for call, result in zip(heard.calls, results, strict=True):
            response = self.types.FunctionResponse(id=call.id, name=call.name, response={"result": result})
            parts.append(self.types.Part(function_response=response))
        return self._ask(parts, stream)

    def _ask(self, parts: list[Any], stream: bool) -> Meaning:
        if not stream:
            return whole_meaning("gemini", self.chat.send_message(parts))
        self.seen = []
        for chunk in self.chat.send_message_stream(parts):
            self.seen.append(chunk)
        return meaning("gemini", self.seen)

    def leave(self, text: str, pieces: int) -> None:
        self.seen = []
        stream = self.chat.send_message_stream(text)
        for chunk in stream:
            self.seen.append(chunk)
            if len(meaning("gemini", self.seen).text) >= pieces:
                break
        stream.close()


RAW = {
    "message_start", "content_block_start", "content_block_delta", "content_block_stop", "message_delta", "message_stop",
}  # fmt: skip
"""What comes over the wire, among the events that Anthropic's helper makes."""
TALKERS = {"openai-chat": ChatTalker, "anthropic": MessagesTalker, "gemini": GeminiTalker}
Talker = ChatTalker | MessagesTalker | GeminiTalker
