"""What a running process holds, as the kernel tells: memory, threads, descriptors, and what its connections are for."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gateway import Gateway
from provider import PATIENCE
from wire import Connection

LISTENING = "0A"


@dataclass(frozen=True)
class Held:
    """What a process holds at one moment."""

    threads: int
    clients: int
    """Connections that came to the port it is known by."""
    providers: int
    """Connections that it opened, in use or kept for the next request."""
    simulated: int
    """Connections that came to its own simulator: other ends of `providers`."""
    others: int
    """All other descriptors: files, loops, listening sockets, and sockets that the kernel knows no more."""

    @property
    def descriptors(self) -> int:
        return self.clients + self.providers + self.simulated + self.others


def held(gateway: Gateway) -> Held:
    """What it holds now."""
    pid = gateway.process.pid
    sockets, descriptors = _sockets(pid)
    own = [(port, state) for port, state, inode in _connections(pid) if inode in sockets]
    listening = {port for port, state in own if state == LISTENING}
    open_ports = [port for port, state in own if state != LISTENING]
    clients = sum(port == gateway.port for port in open_ports)
    simulated = sum(port in listening and port != gateway.port for port in open_ports)
    others = descriptors - len(open_ports)
    threads = len(os.listdir(f"/proc/{pid}/task"))
    return Held(threads, clients, len(open_ports) - clients - simulated, simulated, others)


def resident(gateway: Gateway) -> int:
    """Memory in KiB."""
    with open(f"/proc/{gateway.process.pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))


def metrics(gateway: Gateway) -> dict[str, float]:
    """What it says of itself at `/metrics`: each name's sum over all labels."""
    with Connection(gateway.port) as connection:
        response = connection.request("GET", "/metrics", {"connection": "close"})
        text = response.body().decode()
    assert response.status == 200, text
    sums: dict[str, float] = {}
    for line in text.splitlines():
        if line and not line.startswith("#"):
            name, _, value = line.rpartition(" ")
            name = name.partition("{")[0]
            sums[name] = sums.get(name, 0.0) + float(value)
    return sums


def eventually(holds: Callable[[], Any], seconds: float = PATIENCE) -> bool:
    """Whether it comes to hold."""
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def _sockets(pid: int) -> tuple[set[str], int]:
    """The inodes of its sockets, and the number of its descriptors, those of the data directory's files aside."""
    inodes, count = set(), 0
    for name in os.listdir(f"/proc/{pid}/fd"):
        try:
            target = os.readlink(f"/proc/{pid}/fd/{name}")
        except FileNotFoundError:
            continue  # closed meanwhile
        if "/segments/" in target or "/catalogue.sqlite" in target:
            continue  # each loop opens its file with the first answer that is logged
        count += 1
        if target.startswith("socket:["):
            inodes.add(target[8:-1])
    return inodes, count


def _connections(pid: int) -> list[tuple[int, str, str]]:
    """Local port, state and inode of every TCP socket of the machine."""
    found = []
    for family in ("tcp", "tcp6"):
        with open(f"/proc/{pid}/net/{family}") as table:
            for line in list(table)[1:]:
                parts = line.split()
                found.append((int(parts[1].rpartition(":")[2], 16), parts[3], parts[9]))
    return found
