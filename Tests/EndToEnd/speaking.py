"""One answer as each vendor's API says it, streamed or whole: what the stand-ins that validate say.

A `Reply` is in no dialect's words; `said` writes it as the vendor does, with ids of the vendor's own form. What reasoning
was signed with is the vendor's business: a signature is base64 in Gemini and any text in Messages; Chat has none.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import Any

from provider import DONE, Answer, Step, json_answer

CREATED = 1763650000


@dataclass
class Called:
    """A tool call that the model makes."""

    name: str
    arguments: dict[str, Any]


@dataclass
class Reply:
    text: str = ""
    thinking: str = ""
    signature: str = ""
    """Of the thinking; "" where it is not signed."""
    is_redacted: bool = False
    """Whether the signature stands for thinking that is not told."""
    calls: tuple[Called, ...] = ()
    stop: str = "stop"
    usage: tuple[int, int] = (90, 21)
    ends: tuple[Step, ...] | None = None
    """What follows the content instead of a proper end."""
    before: tuple[Step, ...] = ()
    """What is done before the response's head."""
    gate: Step | None = None
    """What is done before each piece of the content."""

    def call_id(self, kind: str, index: int) -> str:
        """Unlike any other of a conversation, in the vendor's form; Gemini gives none."""
        mark = f"{sum(map(ord, self.text + self.thinking + self.signature)):04d}{index}"
        return {"anthropic": f"toolu_01{mark}", "openai": f"call_{mark}", "gemini": ""}[kind]


def pieces(text: str) -> list[str]:
    return [text[at : at + 9] for at in range(0, len(text), 9)]


def encoded(signature: str) -> str:
    """As Gemini has it."""
    return base64.b64encode(signature.encode()).decode()


def said(kind: str, reply: Reply, is_stream: bool, model: str) -> Answer:
    events = {"openai": _chat, "anthropic": _messages, "gemini": _gemini}[kind](reply, model)
    if not is_stream:
        whole = {"openai": _chat_whole, "anthropic": _messages_whole, "gemini": _gemini_whole}[kind](reply, model)
        answer = json_answer(whole)
        answer.before_head = [*reply.before, *([reply.gate] if reply.gate is not None else [])]
        return answer
    steps: list[Step] = []
    for event in events:
        steps += [reply.gate] if reply.gate is not None else []
        steps.append(event)
    content_type = "text/event-stream" + ("" if kind == "gemini" else "; charset=utf-8")
    return Answer([*steps, *(reply.ends or ())], headers={"content-type": content_type}, before_head=reply.before)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


# Chat


def _chat(reply: Reply, model: str) -> list[bytes]:
    base = {"id": "chatcmpl-standin", "object": "chat.completion.chunk", "created": CREATED, "model": model}

    def chunk(delta: dict[str, Any], finish: str | None = None) -> bytes:
        return f"data: {_json({**base, 'choices': [{'index': 0, 'delta': delta, 'finish_reason': finish}]})}\n\n".encode()

    events = [chunk({"role": "assistant", "content": ""})]
    events += [chunk({"reasoning_content": piece}) for piece in pieces(reply.thinking)]
    events += [chunk({"content": piece}) for piece in pieces(reply.text)]
    for index, call in enumerate(reply.calls):
        begun = {"index": index, "id": reply.call_id("openai", index), "type": "function"}
        events.append(chunk({"tool_calls": [{**begun, "function": {"name": call.name, "arguments": ""}}]}))
        for piece in pieces(_json(call.arguments)):
            events.append(chunk({"tool_calls": [{"index": index, "function": {"arguments": piece}}]}))
    if reply.ends is not None:
        return events
    usage = {"prompt_tokens": reply.usage[0], "completion_tokens": reply.usage[1], "total_tokens": sum(reply.usage)}
    last = f"data: {_json({**base, 'choices': [], 'usage': usage})}\n\n".encode()
    return [*events, chunk({}, "tool_calls" if reply.calls else reply.stop), last, DONE]


def _chat_whole(reply: Reply, model: str) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": reply.text or None, "refusal": None}
    if reply.thinking:
        message["reasoning_content"] = reply.thinking
    if reply.calls:
        message["tool_calls"] = [
            {
                "id": reply.call_id("openai", index),
                "type": "function",
                "function": {"name": call.name, "arguments": _json(call.arguments)},
            }
            for index, call in enumerate(reply.calls)
        ]
    usage = {"prompt_tokens": reply.usage[0], "completion_tokens": reply.usage[1], "total_tokens": sum(reply.usage)}
    finish = "tool_calls" if reply.calls else reply.stop
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": finish}
    head = {"id": "chatcmpl-standin", "object": "chat.completion", "created": CREATED, "model": model}
    return {**head, "choices": [choice], "usage": usage}


# Messages

STOPS = {"stop": "end_turn", "length": "max_tokens", "content_filter": "refusal"}


def _blocks(reply: Reply) -> list[tuple[dict[str, Any], list[dict[str, Any]]]]:
    """Each block as it begins, and its deltas."""
    blocks: list[tuple[dict[str, Any], list[dict[str, Any]]]] = []
    if reply.is_redacted:
        blocks.append(({"type": "redacted_thinking", "data": reply.signature}, []))
    elif reply.thinking or reply.signature:
        deltas = [{"type": "thinking_delta", "thinking": piece} for piece in pieces(reply.thinking)]
        deltas += [{"type": "signature_delta", "signature": reply.signature}] if reply.signature else []
        blocks.append(({"type": "thinking", "thinking": "", "signature": ""}, deltas))
    if reply.text:
        deltas = [{"type": "text_delta", "text": piece} for piece in pieces(reply.text)]
        blocks.append(({"type": "text", "text": ""}, deltas))
    for index, call in enumerate(reply.calls):
        deltas = [{"type": "input_json_delta", "partial_json": piece} for piece in ["", *pieces(_json(call.arguments))]]
        begun = {"type": "tool_use", "id": reply.call_id("anthropic", index), "name": call.name, "input": {}}
        blocks.append((begun, deltas))
    return blocks


def _message(reply: Reply, model: str) -> dict[str, Any]:
    usage = {"input_tokens": reply.usage[0], "output_tokens": 1, "cache_creation_input_tokens": 0}
    head = {"id": "msg_standin", "type": "message", "role": "assistant", "model": model, "content": []}
    return {**head, "stop_reason": None, "stop_sequence": None, "usage": {**usage, "cache_read_input_tokens": 0}}


def _messages(reply: Reply, model: str) -> list[bytes]:
    def event(kind: str, **members: Any) -> bytes:
        return f"event: {kind}\ndata: {_json({'type': kind, **members})}\n\n".encode()

    events = [event("message_start", message=_message(reply, model)), event("ping")]
    for index, (begun, deltas) in enumerate(_blocks(reply)):
        events.append(event("content_block_start", index=index, content_block=begun))
        events += [event("content_block_delta", index=index, delta=delta) for delta in deltas]
        events.append(event("content_block_stop", index=index))
    if reply.ends is not None:
        return events[:-1]
    stop = "tool_use" if reply.calls else STOPS[reply.stop]
    delta = {"stop_reason": stop, "stop_sequence": None}
    return [*events, event("message_delta", delta=delta, usage={"output_tokens": reply.usage[1]}), event("message_stop")]


def _messages_whole(reply: Reply, model: str) -> dict[str, Any]:
    content = []
    for begun, deltas in _blocks(reply):
        block = dict(begun)
        if block["type"] == "thinking":
            block |= {"thinking": reply.thinking, "signature": reply.signature}
        elif block["type"] == "text":
            block["text"] = reply.text
        elif block["type"] == "tool_use":
            block["input"] = json.loads("".join(delta["partial_json"] for delta in deltas))
        content.append(block)
    message = _message(reply, model)
    usage = {**message["usage"], "output_tokens": reply.usage[1]}
    return {**message, "content": content, "stop_reason": "tool_use" if reply.calls else STOPS[reply.stop], "usage": usage}


# Gemini


def _parts(reply: Reply) -> list[dict[str, Any]]:
    """What is signed is the part behind the thoughts; text that ends the answer is signed by an empty part behind it."""
    signed = {"thoughtSignature": encoded(reply.signature)} if reply.signature else {}
    parts: list[dict[str, Any]] = []
    if not reply.is_redacted:
        parts += [{"text": piece, "thought": True} for piece in pieces(reply.thinking)]
    parts += [{"text": piece} for piece in pieces(reply.text)]
    for index, call in enumerate(reply.calls):
        made = {"functionCall": {"name": call.name, "args": call.arguments}}
        parts.append({**made, **(signed if index == 0 else {})})
    return parts if reply.calls or not signed else [*parts, {"text": "", **signed}]


def _gemini_usage(reply: Reply) -> dict[str, int]:
    prompt, output = reply.usage
    return {"promptTokenCount": prompt, "candidatesTokenCount": output, "totalTokenCount": prompt + output}


def _gemini(reply: Reply, model: str) -> list[bytes]:
    parts = _parts(reply)
    events = []
    for number, part in enumerate(parts, 1):
        candidate: dict[str, Any] = {"content": {"parts": [part], "role": "model"}, "index": 0}
        if number == len(parts) and reply.ends is None:
            candidate["finishReason"] = {"stop": "STOP", "length": "MAX_TOKENS", "content_filter": "SAFETY"}[reply.stop]
        value = {"candidates": [candidate], "usageMetadata": _gemini_usage(reply)}
        events.append(f"data: {_json({**value, 'modelVersion': model, 'responseId': 'standin'})}\r\n\r\n".encode())
    return events


def _gemini_whole(reply: Reply, model: str) -> dict[str, Any]:
    joined: list[dict[str, Any]] = []
    for part in _parts(reply):
        last = joined[-1] if joined else {}
        if "text" in part and "text" in last and last.get("thought") == part.get("thought") and "thoughtSignature" not in part:
            last["text"] += part["text"]
        else:
            joined.append(dict(part))
    reason = {"stop": "STOP", "length": "MAX_TOKENS", "content_filter": "SAFETY"}[reply.stop]
    candidate = {"content": {"parts": joined, "role": "model"}, "index": 0, "finishReason": reason}
    head = {"modelVersion": model, "responseId": "standin"}
    return {"candidates": [candidate], "usageMetadata": _gemini_usage(reply), **head}
