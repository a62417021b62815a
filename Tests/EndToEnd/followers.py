"""Many readers of one generation in a process of its own, one of them slow: `followers.py PORT GENERATION COUNT RATE`.

A line `ready` when all have their heads, then a line of JSON when all have the end: how late tokens came that bear the
time at which they were said, and what was read. RATE is what the slow one takes, in bytes a second; 0 for none.
It takes the rest at full speed when the others have everything.
"""

from __future__ import annotations

import json
import re
import resource
import selectors
import socket
import sys
import time
from typing import Any

SAID = re.compile(rb'"delta":"(\d{19}) ')
TICK = 0.05


class Follower:
    """One connection over HTTP/1.0, whose body is JSON lines and ends with the connection."""

    def __init__(self, port: int, generation: str, rate: int = 0) -> None:
        self.rate, self.budget = rate, 0.0
        self.socket = socket.socket()
        if rate:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.socket.connect(("127.0.0.1", port))
        target = f"/v1/generations/{generation}/events"
        self.socket.sendall(f"GET {target} HTTP/1.0\r\nhost: 127.0.0.1\r\naccept: application/x-ndjson\r\n\r\n".encode())
        self.parts: list[bytes] = []
        self.lags: list[int] = []

    def take(self, most: int = 1 << 18) -> bool:
        """Takes what has come; False at the end."""
        data = self.socket.recv(most)
        self.parts.append(data)
        if said := SAID.findall(data):
            self.lags.append(time.monotonic_ns() - int(said[-1]))
        return bool(data)

    @property
    def body(self) -> bytes:
        return b"".join(self.parts).partition(b"\r\n\r\n")[2]


def understood(body: bytes) -> dict[str, Any]:
    """Of the lines that are whole: how many, the last number, whether merged, the text's length, and the end."""
    lines = [json.loads(line) for line in body.split(b"\n")[:-1]]
    text = "".join(line["delta"] for line in lines if line["type"] == "text-delta")
    numbers = [(line.get("from", line["seq"]), line["seq"]) for line in lines]
    is_unbroken = all(first == last + 1 for (first, _), (_, last) in zip(numbers[1:], numbers, strict=False))
    merged = sum("from" in line for line in lines)
    end = lines[-1] if lines and lines[-1]["type"] == "generation-end" else {}
    return {
        "seq": numbers[-1][1], "merged": merged, "unbroken": is_unbroken, "text": len(text),
        "checksums": end.get("checksums"),
    }  # fmt: skip


def follow(port: int, generation: str, count: int, rate: int) -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    followers = [Follower(port, generation) for _ in range(count - (rate > 0))]
    slow = Follower(port, generation, rate) if rate else None
    for follower in followers:
        follower.take()
        assert follower.parts[0].startswith(b"HTTP/1.1 200"), follower.parts
    print("ready", flush=True)
    with selectors.EpollSelector() as selector:
        for follower in followers:
            selector.register(follower.socket, selectors.EVENT_READ, follower)
        left, ticked = len(followers), time.monotonic()
        while left:
            for key, _ in selector.select(TICK):
                if not key.data.take():
                    selector.unregister(key.fileobj)
                    left -= 1
            if slow and time.monotonic() > ticked + TICK:
                slow.take(int(rate * (time.monotonic() - ticked)) or 1)
                ticked = time.monotonic()
    behind = len(slow.body) if slow else 0
    while slow and slow.take():
        pass
    lags = sorted(lag for follower in followers for lag in follower.lags)
    bodies = {follower.body for follower in followers}
    report = {
        "lag_ms": [round(lags[len(lags) * part // 1000] / 1e6, 2) for part in (500, 990, 999)],
        "bytes": sum(len(follower.body) for follower in followers),
        "others": [understood(body) for body in bodies],
        "slow": understood(slow.body) if slow else None,
        "slow_had": behind,
        "slow_bytes": len(slow.body) if slow else 0,
    }
    print(json.dumps(report), flush=True)


if __name__ == "__main__":
    follow(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
