"""After many readers that left at any moment, everything is as it was: providers, descriptors, threads."""

from __future__ import annotations

import random
import socket
import struct
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from conftest import NOTES, SOAK, Column
from gateway import Served
from held import eventually, held, resident
from provider import FIN, RESET, Answer, Exchange, Provider, chat
from wire import Connection, Cut, Response

MESSAGES = [{"role": "user", "content": "Hello?"}]
ASKS: list[tuple[str, str, Any]] = [
    ("POST", "/v1/chat/completions", {"model": "m", "messages": MESSAGES, "stream": True}),
    ("POST", "/v1/chat/completions", {"model": "m", "messages": MESSAGES}),
    ("POST", "/v1/generations", {"model": "m", "messages": MESSAGES}),
    ("GET", "/api/chat?prompt=x", None),
]
MANY = 4000 if SOAK else 200


def any_answer(seed: int) -> Callable[[Exchange], Answer]:
    """A slow answer that ends well, badly or not at all, by its seed."""
    numbers = random.Random(seed)
    words = [f"w{n} " for n in range(numbers.randint(0, 20))]
    pauses = [numbers.random() / 50 for _ in words]
    ends: list[Any] | None = numbers.choice([None, None, [RESET], [FIN], [30.0]])

    def answer(exchange: Exchange) -> Answer:
        made = chat(words, ends=ends, head=[numbers.random() / 20])(exchange)
        steps: list[Any] = []
        for step in made.steps:
            steps += [step, pauses[len(steps) % len(pauses)] if pauses and made.coding == "chunked" else 0.0]
        made.steps = steps
        return made

    return answer


def leave(port: int, seed: int) -> None:
    """One reader that goes after a random time, politely or not."""
    numbers = random.Random(seed)
    method, target, body = numbers.choice(ASKS)
    with Connection(port) as connection:
        connection.socket.settimeout(numbers.random() * 0.3)
        connection.send(method, target, {"accept": numbers.choice(["", "application/x-ndjson"])}, body)
        try:
            while connection.more():
                pass
        except (TimeoutError, Cut):
            pass
        if numbers.random() < 0.5:
            connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


@pytest.mark.timeout(600)
def test_leaving_at_any_moment(gateway: Served, provider: Provider) -> None:
    with ThreadPoolExecutor(20) as pool:
        list(pool.map(lambda seed: leave(gateway.port, seed), range(20)))  # pools and caches fill
        provider.wait_open(0, 30)
        before, memory = held(gateway), resident(gateway)
        provider.answer(lambda exchange: any_answer(exchange.number)(exchange))
        list(pool.map(lambda seed: leave(gateway.port, seed), range(MANY)))
    provider.wait_open(0, 30)
    # Connections to the provider may be kept for the next request: a few, never one for each reader.
    assert eventually(lambda: held(gateway).clients == 0 and held(gateway).providers <= 32), held(gateway)
    assert (held(gateway).threads, held(gateway).others) == (before.threads, before.others)
    NOTES.append(f"{MANY} readers left: {resident(gateway) - memory} KiB more, then {held(gateway)}")
    with Connection(gateway.port) as connection:
        provider.answer(chat(["still ", "here"]))
        response = connection.request(*ASKS[1][:2], body=ASKS[1][2])
        assert response.json()["choices"][0]["message"]["content"] == "still here"


def test_slow_reader(column: Column) -> None:
    """One that reads nothing for a while, then slowly, gets every byte; others are served meanwhile."""
    words = [f"{number} " + "x" * 16_000 for number in range(500)]  # 8 MB
    provider = column.provider
    provider.answer_next(chat(words))
    with Connection(column.port) as connection:
        connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
        connection.send("POST", "/v1/chat/completions", body=ASKS[0][2])
        provider.wait_count(1)
        for _ in range(20):
            with Connection(column.port) as other:
                assert other.request(*ASKS[1][:2], body=ASKS[1][2]).status == 200
        time.sleep(0.5)
        response = Response(connection)
        text = "".join(
            event.json()["choices"][0]["delta"].get("content") or ""
            for event in response.events()
            if event.data not in (None, "[DONE]")
        )
    assert response.ended == "clean" and text == "".join(words)
