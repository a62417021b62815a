"""What the heap holds for one stream that waits, by the place that asked for it (valgrind's massif)."""
import re, subprocess

STREAMS = 300
# Below these every allocation looks the same.
ALLOCATORS = ["swift_slowAlloc", "swift_slowAllocTyped", "swift_allocObject", "swift_allocBox"]
NODE = re.compile(r"^( *)n(\d+): (\d+) (.*)$")
PLACE = re.compile(r"\((\w[\w+.-]*\.swift:[1-9]\d*)\)$")
# Places that only grow what another place owns.
PASSED_OVER = ("LineBuffer.swift", "JSONWriting.swift", "HTTPFields.swift", "ByteText.swift", "JSONValue",
               "OutputBuffer.swift")


def measure(harness, name):
    """[(bytes a stream, places)], the largest first; the place that asked, and its two callers."""
    functions = " ".join(f"--alloc-fn={name}" for name in ALLOCATORS)
    command = "valgrind --tool=massif --massif-out-file={work}/massif --depth=16 --threshold=0.2 " + functions
    with harness.running(name, f"{command} {harness.command(name)}") as gateway:
        gateway.load("mock-n5-i1000", "-c 4 -n 8")
        before = snapshot(gateway, "before")
        with gateway.loading("mock-n1000-i5000000", f"--mode idle -c {STREAMS} --ramp 100") as load:
            load.stdout.readline()
            after = snapshot(gateway, "after")
    more = {places: (bytes_ - before.get(places, 0)) / STREAMS for places, bytes_ in after.items()}
    return sorted(((bytes_, places) for places, bytes_ in more.items()), reverse=True)


def snapshot(gateway, word):
    """Places → bytes, of all that the heap holds."""
    file = gateway.folder / word
    subprocess.run(["vgdb", f"--pid={gateway.pid}", "detailed_snapshot", file],
                   check=True, capture_output=True, timeout=60)
    held, path = {}, []
    for line in file.read_text(errors="replace").splitlines():
        if not (found := NODE.match(line)): continue
        path = [*path[: len(found[1])], found[4]]
        if found[2] == "0": held[places(path)] = held.get(places(path), 0) + int(found[3])
    return held


def places(path):
    """The innermost places of ours on the way to an allocation."""
    ours = [found[1] for frame in path if (found := PLACE.search(frame))]
    owners = [place for place in ours if not place.startswith(PASSED_OVER)] or ours
    return " < ".join(owners[:3]) or "below massif's threshold, or outside our sources"
