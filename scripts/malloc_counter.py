"""Reads the counts of malloc-counter.c: how many heap allocations a running program has made.

    with Counter(folder) as counter:
        start the program with `counter.environment` added to its own
        before = counter.settled(); …; after = counter.settled()
"""
import mmap, pathlib, shutil, struct, subprocess, time
from typing import NamedTuple

SOURCE = pathlib.Path(__file__).resolve().parent / "malloc-counter.c"


class Counts(NamedTuple):
    allocations: int
    bytes: int
    frees: int

    def __sub__(self, before): return Counts(*(now - then for now, then in zip(self, before)))


class Counter:
    """A counter for one program, with its files in `folder`."""
    def __init__(self, folder):
        library, counts = pathlib.Path(folder) / "malloc-counter.so", pathlib.Path(folder) / "counts"
        subprocess.run([compiler(), "-O2", "-Wall", "-Werror", "-fno-builtin", "-shared", "-fPIC",
                        "-o", library, SOURCE], check=True)
        counts.write_bytes(bytes(struct.calcsize("QQQ")))
        with open(counts, "r+b") as file: self.page = mmap.mmap(file.fileno(), struct.calcsize("QQQ"))
        self.environment = {"LD_PRELOAD": str(library), "MALLOC_COUNTER_FILE": str(counts)}

    def read(self):
        return Counts(*struct.unpack("QQQ", self.page[:]))

    def settled(self):
        """The counts once nothing has moved for 0.3 s: what a finished request leaves behind is then done with."""
        before = self.read()
        for _ in range(20):
            time.sleep(0.3)
            now = self.read()
            if now == before: break
            before = now
        return before

    def __enter__(self): return self

    def __exit__(self, *_): self.page.close()


def compiler():
    """The C compiler that came with Swift; it need not be on PATH itself."""
    beside_swift = pathlib.Path(shutil.which("swift") or "/").resolve().parent / "clang"
    return str(beside_swift) if beside_swift.exists() else "cc"
