"""A disk that is full, refuses, or holds what nobody wrote: said clearly, and streams go on."""

from __future__ import annotations

import json
import os
import random
import resource
import shutil
import sqlite3
import subprocess
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from conftest import NOTES, SANITIZED, SOAK
from gateway import ConfigurationFile, Served, configuration, folder, run
from held import eventually, resident
from observed import lines, wait_lines
from provider import FIN, Answer, Exchange, Gate, Provider, chat
from readers import NativeReader
from test_generations import BODY, ask, create, ended, events, read, read_status, running
from wire import Connection, Response

# The third one needs more room than a file's last page may have.
TOKENS = ["Hel", "lo, ", "日本" * 2000, "🙂", "!"]
TEXT = "".join(TOKENS)


class SmallDisk:
    """A file system of its own, 8 MiB; needs root."""

    def __init__(self) -> None:
        self.path = folder()
        command = ["mount", "-t", "tmpfs", "-o", "size=8m,mode=700", "freshet-test", self.path]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            pytest.skip(f"no file system may be mounted here: {done.stderr.strip()}")

    def begin(self, gateway: Served) -> None:
        """No byte more."""
        with open(f"{self.path}/filler", "wb", buffering=0) as filler:
            for size in (65536, 4096, 1):
                try:
                    while True:
                        filler.write(bytes(size))
                except OSError:
                    continue

    def end(self, gateway: Served) -> None:
        os.unlink(f"{self.path}/filler")

    def read_only(self) -> None:
        subprocess.run(["mount", "-o", "remount,ro", self.path], check=True)

    def close(self) -> None:
        subprocess.run(["umount", "-l", self.path], check=True)


class SmallFiles:
    """No file may grow: what a quota does, for any user."""

    def __init__(self) -> None:
        self.path = folder()

    def begin(self, gateway: Served) -> None:
        resource.prlimit(gateway.process.pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))

    def end(self, gateway: Served) -> None:
        if gateway.running:
            resource.prlimit(gateway.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)

    def close(self) -> None:
        pass


@pytest.fixture(params=[SmallDisk, SmallFiles])
def disk(request: pytest.FixtureRequest) -> Iterator[Any]:
    made = request.param()
    yield made
    made.close()


@contextmanager
def small_disk() -> Iterator[SmallDisk]:
    made = SmallDisk()
    try:
        yield made
    finally:
        made.close()


def serve(provider: Provider, data: str, **more: Any) -> Served:
    return Served(configuration(provider.url, 1, data=data, log={"level": "info"}, **more))


def readiness(gateway: Served) -> str:
    response, body = ask(gateway, "GET", "/readyz")
    assert response.status == 200
    return str(body.decode())


def follow(response: Response) -> NativeReader:
    """To its end, strictly."""
    reader = NativeReader()
    for line in response.lines():
        reader.line(line)
    return reader


def notices(reader: NativeReader) -> list[str]:
    return [event["code"] for event in reader.events if event["type"] == "notice"]


def test_streams_go_on(provider: Provider, disk: Any) -> None:
    """Full in the middle: readers are told once and get everything; with room again all of it is kept, new ones too."""
    data, gate = f"{disk.path}/data", Gate()
    accept = {"accept": "application/x-ndjson"}
    with serve(provider, data) as gateway:
        provider.answer(chat(TOKENS, gate=gate))
        with Connection(gateway.port) as first, Connection(gateway.port) as second:
            response = first.request("POST", "/v1/generations", accept, BODY)
            amid = response.headers["x-freshet-generation"]
            gate.release(2)
            assert eventually(lambda: read(gateway, amid)["message"]["content"] == "".join(TOKENS[:2]))
            disk.begin(gateway)
            gate.release()
            assert eventually(lambda: readiness(gateway).startswith("degraded: "))
            assert data in readiness(gateway)
            during = second.request("POST", "/v1/generations", accept, BODY)
            new = during.headers["x-freshet-generation"]
            gate.open()
            for reader in (follow(response), follow(during)):
                assert reader.message.text == TEXT and reader.message.outcome == "finished"
                assert notices(reader) == ["not_kept"]
        for identity in (amid, new):  # from memory
            assert read(gateway, identity)["message"]["content"] == TEXT
        plain, answer = ask(gateway, "POST", "/v1/chat/completions", BODY)
        assert plain.status == 200 and answer["choices"][0]["message"]["content"] == TEXT
        assert read_status(gateway, create(gateway)) == 200
        assert eventually(lambda: not running(gateway))
        assert data in wait_lines(gateway, 1, "keeping_failed")[0]["message"]
        disk.end(gateway)
        assert eventually(lambda: readiness(gateway) == "ok\n"), readiness(gateway)
        wait_lines(gateway, 1, "keeping_restored")
        with Connection(gateway.port) as connection:
            response = connection.request("POST", "/v1/generations", accept, BODY)
            after, reader = response.headers["x-freshet-generation"], follow(response)
            assert notices(reader) == [] and reader.message.text == TEXT
        gateway.kill()
    with serve(provider, data) as gateway:
        for identity in (amid, new, after):
            document = read(gateway, identity)
            assert (document["message"]["content"], document["state"]) == (TEXT, "finished")


def test_ends_are_filed_once_there_is_room(provider: Provider, disk: Any) -> None:
    """What ended meanwhile gets into the catalogue without a new start: its segments go, it outlives its memory."""
    data = f"{disk.path}/data"
    provider.answer(chat(TOKENS))
    with serve(provider, data, limits={"kept_time": "300ms"}) as gateway:
        disk.begin(gateway)
        names = [create(gateway) for _ in range(20)]
        for name in names:
            ended(gateway, name)
        disk.end(gateway)
        assert eventually(lambda: readiness(gateway) == "ok\n"), readiness(gateway)
        assert eventually(lambda: catalogued(data) == sorted(names))
        for name in names:
            assert read(gateway, name)["message"]["content"] == TEXT
        assert len(ask(gateway, "GET", "/v1/generations?state=ended&limit=100")[1]["data"]) == len(names)
        assert gateway.stop() == 0
        assert os.path.exists(f"{data}/clean")


def test_segments_alone_fail(provider: Provider) -> None:
    """The catalogue takes what has ended; each failure is told anew, and it is over as soon as nothing fails."""
    data = f"{folder()}/data"
    provider.answer(chat(TOKENS))

    def told() -> list[str]:
        with Connection(gateway.port) as connection:
            response = connection.request("POST", "/v1/generations", {"accept": "application/x-ndjson"}, BODY)
            names.append(response.headers["x-freshet-generation"])
            reader = follow(response)
        assert reader.message.text == TEXT
        return notices(reader)

    names: list[str] = []
    with serve(provider, data) as gateway:
        os.rename(f"{data}/segments", f"{data}/elsewhere")
        for count in range(1, 4):
            assert told() == ["not_kept"], count
            assert f"{data}/segments" in wait_lines(gateway, count, "keeping_failed")[-1]["message"]
            assert eventually(lambda: catalogued(data) == sorted(names))
            assert eventually(lambda: readiness(gateway) == "ok\n"), readiness(gateway)
            wait_lines(gateway, count, "keeping_restored")
        gate = Gate()
        provider.answer(chat(TOKENS, gate=gate))
        amid = create(gateway)
        assert eventually(lambda: readiness(gateway).startswith("degraded: "))
        os.rename(f"{data}/elsewhere", f"{data}/segments")
        assert eventually(lambda: readiness(gateway) == "ok\n"), readiness(gateway)
        gate.release(2)
        provider.answer(chat(TOKENS))
        assert told() == []
        assert eventually(lambda: read(gateway, amid)["message"]["content"] == "".join(TOKENS[:2]))
        gateway.kill()
    with serve(provider, data) as gateway:
        assert all(read(gateway, name)["message"]["content"] == TEXT for name in names)
        document = read(gateway, amid)
        assert (document["state"], document["message"]["content"]) == ("interrupted", "".join(TOKENS[:2]))


def catalogued(data: str) -> list[str]:
    """What has ended, as the catalogue says."""
    with sqlite3.connect(f"file:{data}/catalogue.sqlite?mode=ro", uri=True) as database:
        found = [row[0] for row in database.execute("SELECT id FROM generations WHERE ended = 1 ORDER BY id")]
    database.close()
    return found


def test_memory_is_bounded_while_it_fails(provider: Provider) -> None:
    """What cannot be written counts as kept in memory: past `kept` those that ended first are lost."""
    provider.answer(chat(["x" * 65536] * 16))  # 1 MiB
    disk = SmallFiles()
    with serve(provider, f"{disk.path}/data", limits={"kept": "4MiB"}) as gateway:
        disk.begin(gateway)
        names = [create(gateway)]
        ended(gateway, names[0])
        before = resident(gateway)
        for _ in range(50):
            names.append(create(gateway))
            assert eventually(lambda: not running(gateway))
        grown = resident(gateway) - before
        assert SANITIZED or grown < 24 << 10, grown  # KiB; it made 50 MiB
        assert read_status(gateway, names[0]) == 404 and read_status(gateway, names[-1]) == 200
        listing = ask(gateway, "GET", "/v1/generations?limit=100")[1]["data"]
        assert names[0] not in [entry["id"] for entry in listing]
        disk.end(gateway)
        assert eventually(lambda: readiness(gateway) == "ok\n"), readiness(gateway)
        provider.answer(chat(TOKENS))
        new = create(gateway)
        assert ended(gateway, new)["message"]["content"] == TEXT
        last = names[-1]
        assert eventually(lambda: {new, last} <= set(catalogued(f"{disk.path}/data")))
        gateway.kill()
    with serve(provider, f"{disk.path}/data") as gateway:
        assert len(read(gateway, last)["message"]["content"]) == 1 << 20
        assert read_status(gateway, names[0]) == 404


def test_a_deletion_that_cannot_be_written(provider: Provider, disk: Any) -> None:
    """204 means gone for good; while that cannot be promised it is a 503, and nothing is half deleted."""
    data = f"{disk.path}/data"
    provider.answer(chat(TOKENS))
    with serve(provider, data) as gateway:
        identity = create(gateway)
        ended(gateway, identity)
        assert eventually(lambda: catalogued(data) == [identity])
        disk.begin(gateway)
        response, problem = ask(gateway, "DELETE", f"/v1/generations/{identity}")
        assert response.status == 503 and problem["error"]["code"] == "overloaded"
        assert read_status(gateway, identity) == 200
        disk.end(gateway)
        assert eventually(lambda: ask(gateway, "DELETE", f"/v1/generations/{identity}")[0].status == 204)
        assert read_status(gateway, identity) == 404
        gateway.kill()
    with serve(provider, data) as gateway:
        assert read_status(gateway, identity) == 404


def test_a_stop_while_it_fails(provider: Provider, disk: Any) -> None:
    """The next process cannot go on with what is in memory alone: readers are told, and it ends in time."""
    data, gate = f"{disk.path}/data", Gate()
    provider.answer(chat(TOKENS, gate=gate))
    gateway = serve(provider, data, limits={"drain_time": "300ms"})
    try:
        with Connection(gateway.port) as connection:
            response = connection.request("POST", "/v1/generations", {"accept": "application/x-ndjson"}, BODY)
            identity = response.headers["x-freshet-generation"]
            gate.release(2)
            assert eventually(lambda: read(gateway, identity)["message"]["content"] == "".join(TOKENS[:2]))
            disk.begin(gateway)
            gate.release()
            assert eventually(lambda: readiness(gateway).startswith("degraded: "))
            gateway.process.terminate()
            reader = follow(response)
            assert reader.message.error is not None and reader.message.error["code"] == "shutting_down"
            assert reader.message.text == "".join(TOKENS[:3]) and notices(reader) == ["not_kept"]
        assert gateway.process.wait(20) == 0, gateway.said()
        disk.end(gateway)
    finally:
        gateway.stop()
    with serve(provider, data) as gateway:
        document = read(gateway, identity)
        assert document["state"] == "interrupted" and document["message"]["content"] == "".join(TOKENS[:2])


# Starts that cannot be.


def refusal(provider: Provider, data: str) -> str:
    """A start that must fail; what it says."""
    with ConfigurationFile(configuration(provider.url, 1, data=data)) as path:
        done = run("serve", "--config", path)
    assert done.returncode == 1 and not done.stdout, done
    assert "name another" in done.stderr  # what to do
    return done.stderr


def test_a_start_without_room(provider: Provider) -> None:
    with small_disk() as disk:
        with serve(provider, f"{disk.path}/data") as gateway:
            ended(gateway, create(gateway))
            assert gateway.stop() == 0
        disk.begin(gateway)
        words = refusal(provider, f"{disk.path}/data")
        assert f"{disk.path}/data/" in words and "No space left on device" in words
        disk.end(gateway)
        serve(provider, f"{disk.path}/data").stop()


def test_a_start_on_a_read_only_disk(provider: Provider) -> None:
    with small_disk() as disk:
        os.mkdir(f"{disk.path}/data")
        disk.read_only()
        words = refusal(provider, f"{disk.path}/data")
        assert f"{disk.path}/data/" in words and "Read-only file system" in words
        words = refusal(provider, f"{disk.path}/other")
        assert f"{disk.path}/other" in words and "Read-only file system" in words


def test_a_start_where_a_file_is(provider: Provider) -> None:
    place = Path(folder()) / "file"
    place.write_text("something")
    assert f"{place}: Not a directory" in refusal(provider, str(place))
    assert f"{place}" in refusal(provider, f"{place}/below")
    assert place.read_text() == "something"


def test_one_process_in_a_directory(provider: Provider) -> None:
    data = f"{folder()}/data"
    with serve(provider, data) as gateway:
        words = refusal(provider, data)
        assert data in words and f"process {gateway.process.pid}" in words
        provider.answer(chat(TOKENS))
        assert ended(gateway, create(gateway))["message"]["content"] == TEXT


# Segments that are not what was written.


def left_behind(provider: Provider, data: str, count: int = 12) -> dict[str, Any]:
    """A gateway killed amid some answers: what they amounted to."""

    def answer(exchange: Exchange) -> Answer:
        gate = Gate()
        gate.release(25)
        return chat(["日本 ", "🙂", "word "] * 20, gate=gate)(exchange)

    provider.answer(answer)
    with serve(provider, data) as gateway:
        names = [create(gateway) for _ in range(count)]
        assert eventually(lambda: all(read(gateway, name)["message"]["content"].count(" ") > 15 for name in names))
        gateway.kill()
    with serve_copy(provider, data) as gateway:
        return {name: read(gateway, name) for name in names}


def serve_copy(provider: Provider, data: str) -> Served:
    """On a copy of what lies there."""
    copy = f"{folder()}/data"
    shutil.copytree(data, copy)
    return serve(provider, copy)


def garbage(size: int) -> Callable[[bytes, random.Random], tuple[bytes, int, int]]:
    def spoil(content: bytes, numbers: random.Random) -> tuple[bytes, int, int]:
        at = numbers.randrange(200, len(content) - size)
        return content[:at] + numbers.randbytes(size) + content[at + size :], at, at + size

    return spoil


def zeros(content: bytes, numbers: random.Random) -> tuple[bytes, int, int]:
    at = numbers.randrange(200, len(content) - 600)
    return content[:at] + bytes(512) + content[at + 512 :], at, at + 512


def zeros_behind(content: bytes, numbers: random.Random) -> tuple[bytes, int, int]:
    return content + bytes(4096), len(content), len(content)


def truncated(content: bytes, numbers: random.Random) -> tuple[bytes, int, int]:
    at = numbers.randrange(200, len(content))
    return content[:at], at, len(content)


def torn(content: bytes, numbers: random.Random) -> tuple[bytes, int, int]:
    return content[:-7], len(content) - 7, len(content)


def line_twice(content: bytes, numbers: random.Random) -> tuple[bytes, int, int]:
    """A sound line of another moment, in the middle of somebody else's."""
    found = content.splitlines(keepends=True)
    at = numbers.randrange(2, len(found))
    out = b"".join([*found[:at], numbers.choice(found[1:]), *found[at:]])
    return out, len(out), len(out)


def flipped(content: bytes, numbers: random.Random) -> tuple[bytes, int, int]:
    at = numbers.randrange(len(content))
    return content[:at] + bytes([content[at] ^ 1 << numbers.randrange(8)]) + content[at + 1 :], at, at + 1


DAMAGE = [garbage(1), garbage(300), garbage(3000), zeros, zeros_behind, truncated, torn, line_twice, flipped]


def hurt(content: bytes, start: int, end: int) -> set[str]:
    """Whose lines the damage touches."""
    found, at = set(), 0
    for line in content.splitlines(keepends=True):
        # A line feed that is gone joins a line to the next, which is found again by its sum.
        if at < end and at + len(line) > start and b'"generation":"' in line:
            found.add(line.rpartition(b'"generation":"')[2][:30].decode())
        at += len(line)
    return found


def test_damaged_segments(provider: Provider) -> None:
    """Damage costs the generations whose lines it hits, from there on; it is told, and the file put aside."""
    data = f"{folder()}/data"
    whole = left_behind(provider, data)
    (segment,) = os.listdir(f"{data}/segments")
    content = Path(data, "segments", segment).read_bytes()
    numbers = random.Random(7)
    for number, spoil in enumerate(DAMAGE * (20 if SOAK and not SANITIZED else 1)):
        copy = f"{folder()}/data"
        shutil.copytree(data, copy)
        spoilt, start, end = spoil(content, numbers)
        Path(copy, "segments", segment).write_bytes(spoilt)
        touched = hurt(content, start, end)
        with serve(provider, copy) as gateway:
            for name, before in whole.items():
                response, document = ask(gateway, "GET", f"/v1/generations/{name}")
                if response.status == 404:
                    assert name in touched, (number, name)
                    continue
                assert document["state"] == "interrupted"
                text, wanted = document["message"]["content"], before["message"]["content"]
                assert wanted == text or (name in touched and wanted.startswith(text)), (number, name)
            provider.answer(chat(TOKENS))
            assert ended(gateway, create(gateway))["message"]["content"] == TEXT
            gateway.stop()
            told = json.dumps(lines(gateway, "segment_damaged"))
            assert (f"{segment}.damaged" in os.listdir(f"{copy}/segments")) == (segment in told)
            assert segment in told or not touched or spoil in (truncated, torn), number


def test_a_segment_of_a_later_version(provider: Provider) -> None:
    """Nobody knows what its lines mean: refused, and left alone."""
    data = f"{folder()}/data"
    left_behind(provider, data, 2)
    (segment,) = os.listdir(f"{data}/segments")
    place = Path(data, "segments", segment)
    head, _, rest = place.read_bytes().partition(b"\n")
    later = head.replace(b'"freshet":1', b'"freshet":2')
    bare = later[: later.rindex(b',"sum":"')]
    place.write_bytes(bare + b',"sum":"%08x"}\n' % zlib.crc32(bare) + rest)
    before = place.read_bytes()
    words = refusal(provider, data)
    assert str(place) in words and "later version" in words
    assert place.read_bytes() == before


# A catalogue that is not what was written.


def spoil_catalogue(place: Path, how: str) -> None:
    content = bytearray(place.read_bytes())
    if how == "garbage":
        content[:] = random.Random(1).randbytes(len(content))
    elif how == "header":
        content[:100] = random.Random(1).randbytes(100)
    elif how == "middle":
        content[4096:] = random.Random(1).randbytes(len(content) - 4096)
    elif how == "truncated":
        del content[len(content) // 2 :]
    elif how == "short":
        del content[50:]
    elif how == "empty":
        content.clear()
    place.write_bytes(content)


@pytest.mark.parametrize("is_clean", [True, False], ids=["after a stop", "after a kill"])
@pytest.mark.parametrize("how", ["garbage", "header", "middle", "truncated", "short", "empty", "missing"])
def test_a_damaged_catalogue(provider: Provider, how: str, is_clean: bool) -> None:
    """Said and put aside; what segments have is found, and new answers are kept."""
    data = f"{folder()}/data"
    place = Path(data, "catalogue.sqlite")
    gate = Gate()
    with serve(provider, data) as gateway:
        provider.answer(chat(TOKENS))
        old = create(gateway)
        ended(gateway, old)
        assert eventually(lambda: catalogued(data) == [old])
        provider.answer(chat(TOKENS, gate=gate))
        if is_clean:
            assert gateway.stop() == 0
        else:
            gate.release(2)
            amid = create(gateway)
            assert eventually(lambda: read(gateway, amid)["message"]["content"] == TOKENS[0] + TOKENS[1])
            gateway.kill()
    for suffix in ("-wal", "-shm"):
        Path(f"{place}{suffix}").unlink(missing_ok=True)
    if how == "missing":
        place.unlink()
    elif place.stat().st_size or how != "middle":
        spoil_catalogue(place, how)
    gate.open()
    provider.answer(chat(TOKENS))
    with serve(provider, data) as gateway:
        if not is_clean:
            assert read(gateway, amid)["message"]["content"] == TOKENS[0] + TOKENS[1]
        assert ended(gateway, create(gateway))["message"]["content"] == TEXT
        assert str(place) in wait_lines(gateway, 1, "catalogue_lost")[0]["message"]
        if how not in ("empty", "missing"):
            assert [name for name in os.listdir(data) if name.startswith("catalogue.sqlite.damaged-")]
        assert read_status(gateway, old) in (200, 404)
        assert gateway.stop() == 0
    with sqlite3.connect(f"file:{place}?mode=ro", uri=True) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    database.close()


@pytest.mark.parametrize("how", ["killed", "without a catalogue"])
def test_keys_are_in_the_logs(provider: Provider, how: str) -> None:
    """Whatever becomes of the catalogue: what was asked for under a key is not asked for again, unless it failed."""
    data, gate = f"{folder()}/data", Gate()
    with serve(provider, data) as gateway:
        provider.answer(chat(TOKENS))
        kept = {"said": create(gateway, idempotency_key="said")}
        ended(gateway, kept["said"])
        provider.answer(chat([], ends=[FIN]))
        failed = create(gateway, idempotency_key="failed")
        assert ended(gateway, failed)["state"] == "failed"
        assert eventually(lambda: catalogued(data) == [kept["said"], failed])
        provider.answer(chat(TOKENS, gate=gate))
        gate.release(2)
        kept["amid"] = create(gateway, idempotency_key="amid")
        assert eventually(lambda: read(gateway, kept["amid"])["message"]["content"] == TOKENS[0] + TOKENS[1])
        gateway.kill()
    if how != "killed":
        for suffix in ("", "-wal", "-shm"):
            Path(f"{data}/catalogue.sqlite{suffix}").unlink(missing_ok=True)
    provider.answer(chat(TOKENS))
    count = provider.count
    with serve(provider, data) as gateway:
        for key, identity in kept.items():
            response, document = ask(gateway, "POST", "/v1/generations", BODY, accept="application/json", idempotency_key=key)
            assert (response.status, document["id"]) == (200, identity), key
        assert provider.count == count
        assert create(gateway, idempotency_key="failed") != failed


def test_damage_that_shows_later(provider: Provider) -> None:
    """Pages in the middle of a catalogue that was left in order: told when they are met, put right by the next start.

    What stands on them can be deleted all the same."""
    data = f"{folder()}/data"
    place = Path(data, "catalogue.sqlite")
    provider.answer(chat(["x" * 20000 + "日本"] * 5))
    with serve(provider, data) as gateway:
        names = [create(gateway) for _ in range(10)]
        for name in names:
            ended(gateway, name)
        assert gateway.stop() == 0
    content = bytearray(place.read_bytes())
    for part in (1, 2):
        middle = content.index(b"x" * 4000, len(content) * part // 3) // 4096 * 4096
        content[middle : middle + 8192] = random.Random(1).randbytes(8192)
    place.write_bytes(content)
    provider.answer(chat(TOKENS))
    with serve(provider, data) as gateway:
        answers = {name: read_status(gateway, name) for name in names}
        assert set(answers.values()) == {200, 503}, answers
        assert "damaged" in readiness(gateway) or "malformed" in readiness(gateway), readiness(gateway)
        hurt = [name for name in names if answers[name] == 503]
        assert len(hurt) > 1
        response, problem = ask(gateway, "GET", f"/v1/generations/{hurt[0]}")
        assert response.status == 503 and "damaged" in problem["error"]["message"], problem
        assert ask(gateway, "DELETE", f"/v1/generations/{hurt[0]}")[0].status == 204
        assert read_status(gateway, hurt[0]) == 404
        assert ask(gateway, "DELETE", f"/v1/generations/{hurt[0]}")[0].status == 404
        listed = [entry["id"] for entry in ask(gateway, "GET", "/v1/generations?limit=100")[1]["data"]]
        assert hurt[0] not in listed
        assert ended(gateway, create(gateway))["message"]["content"] == TEXT
        assert readiness(gateway) != "ok\n"
        assert gateway.stop() == 0
    with serve(provider, data) as gateway:
        assert readiness(gateway) == "ok\n"
        # What could be read then is taken over.
        for name, status in answers.items():
            assert read_status(gateway, name) == (200 if status == 200 else 404)
        count = sum(status == 200 for status in answers.values()) + 1
        message = wait_lines(gateway, 1, "catalogue_lost")[0]["message"]
        assert f" {count} generations were taken over" in message


def test_spoilt_catalogues(provider: Provider) -> None:
    """Anywhere, after a kill or a stop: an answer is what it was, or not there, and never anything else."""
    data = f"{folder()}/data"
    provider.answer(lambda exchange: chat([exchange.json["messages"][0]["content"]] * 3)(exchange))
    questions = [f"{number} 日本 " + "y" * (300 * number) for number in range(30)]
    with serve(provider, data) as gateway:
        names = [create(gateway, {"model": "m", "messages": [{"role": "user", "content": q}]}) for q in questions]
        for name in names:
            ended(gateway, name)
        assert gateway.stop() == 0
    wanted = dict(zip(names, (question * 3 for question in questions), strict=True))
    content, found = Path(data, "catalogue.sqlite").read_bytes(), 0
    seeds = range(100 if SOAK and not SANITIZED else 6)
    for seed in seeds:
        numbers = random.Random(seed)
        spoilt = bytearray(content)
        for _ in range(numbers.randint(1, 3)):
            at, size = numbers.randrange(len(spoilt)), numbers.choice([1, 16, 4096, 20000])
            spoilt[at : at + size] = numbers.randbytes(len(spoilt[at : at + size]))
        copy = f"{folder()}/data"
        shutil.copytree(data, copy)
        Path(copy, "catalogue.sqlite").write_bytes(spoilt)
        if seed % 2:
            Path(copy, "clean").unlink()
        for allowed in ((200, 404, 503), (200, 404)):
            with serve(provider, copy) as gateway:
                for name, text in wanted.items():
                    response, document = ask(gateway, "GET", f"/v1/generations/{name}")
                    assert response.status in allowed, (seed, response.status, document)
                    assert response.status != 200 or document["message"]["content"] == text, seed
                    found += response.status == 200
                mine = create(gateway, {"model": "m", "messages": [{"role": "user", "content": "new"}]})
                assert ended(gateway, mine)["message"]["content"] == "newnewnew"
                assert gateway.stop() == 0, gateway.said()
    NOTES.append(f"of {len(seeds)} spoilt catalogues {found / len(seeds) / 2 / len(names):.0%} of the answers were read")


@pytest.mark.parametrize("version", [-1, 0])
def test_a_catalogue_of_no_version(provider: Provider, version: int) -> None:
    """Damage as any other: the start goes on, and takes over what is there."""
    data = f"{folder()}/data"
    provider.answer(chat(TOKENS))
    with serve(provider, data) as gateway:
        identity = create(gateway)
        ended(gateway, identity)
        assert gateway.stop() == 0
    with sqlite3.connect(f"{data}/catalogue.sqlite") as database:
        database.execute(f"PRAGMA user_version = {version}")
    database.close()
    with serve(provider, data) as gateway:
        assert read(gateway, identity)["message"]["content"] == TEXT
        assert " 1 generations were taken over" in wait_lines(gateway, 1, "catalogue_lost")[0]["message"]


def test_a_catalogue_of_a_later_version(provider: Provider) -> None:
    data = f"{folder()}/data"
    place = f"{data}/catalogue.sqlite"
    with serve(provider, data) as gateway:
        ended(gateway, create(gateway))
        assert gateway.stop() == 0
    with sqlite3.connect(place) as database:
        database.execute("PRAGMA user_version = 99")
    database.close()
    words = refusal(provider, data)
    assert place in words and "version 99" in words
