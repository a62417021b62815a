"""The token path allocates nothing that grows with the stream, counted from outside the gateway.

A long answer less a short one leaves what tokens cost. One allocation a token would count 1. What is allowed is what a
burst may cost: buffers that grow for a turn's many tokens together.
"""

from __future__ import annotations

import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway import PROJECT, Served, configuration
from provider import Provider, chat

sys.path.insert(0, str(PROJECT / "scripts"))
from malloc_counter import Counter  # noqa: E402

SHORT, LONG = 200, 4_200
AT_MOST = 0.2  # allocations a token


def stream_chat(gateway: str) -> bytes:
    body = b'{"model":"stand-in","stream":true,"messages":[{"role":"user","content":"hello"}]}'
    return read(urllib.request.Request(f"{gateway}/v1/chat/completions", body, {"content-type": "application/json"}))


def stream_native(gateway: str) -> bytes:
    body = b'{"model":"stand-in","messages":[{"role":"user","content":"hello"}]}'
    headers = {"content-type": "application/json", "accept": "application/x-ndjson"}
    return read(urllib.request.Request(f"{gateway}/v1/generations", body, headers))


def stream_simple(gateway: str) -> bytes:
    return read(urllib.request.Request(f"{gateway}/api/chat?prompt=hello"))


def read(request: urllib.request.Request) -> bytes:
    with urllib.request.urlopen(request, timeout=30) as response:
        return response.read()


@pytest.mark.parametrize("stream", [stream_chat, stream_native, stream_simple])
def test_tokens_allocate_nothing(tmp_path: Path, stream: Callable[[str], bytes]) -> None:
    def count(tokens: int) -> int:
        provider.answer(chat(["word "] * tokens))
        before = counter.settled()
        assert stream(gateway.url).count(b"word ") == tokens
        return (counter.settled() - before).allocations

    with Counter(tmp_path) as counter, Provider() as provider:
        with Served(configuration(provider.url), **counter.environment) as gateway:
            assert counter.read().allocations > 0, "the counter saw nothing: is malloc linked statically?"
            count(LONG)  # buffers and pools reach their size
            short, long = count(SHORT), count(LONG)
    per_token = (long - short) / (LONG - SHORT)
    print(f"{stream.__name__}: {short} for {SHORT} tokens, {long} for {LONG}: {per_token:.4f} a token")
    assert per_token < AT_MOST
