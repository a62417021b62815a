"""What was measured, one file a part, with when and where."""
import datetime, json, os, pathlib, platform, re, subprocess

from .harness import BUILT, PROJECT

FOLDER = BUILT / "results"


def keep(part, found):
    FOLDER.mkdir(parents=True, exist_ok=True)
    whole = {"date": datetime.datetime.now().isoformat(timespec="minutes"), "machine": machine(),
             "freshet": commit(), "found": found}
    (FOLDER / f"{part}.json").write_text(json.dumps(whole, indent=1))


def read():
    """Part → what was kept of it."""
    return {path.stem: json.loads(path.read_text()) for path in sorted(FOLDER.glob("*.json"))}


def machine():
    processor = re.search(r"^model name\s*: (.*)$", pathlib.Path("/proc/cpuinfo").read_text(), re.M)
    memory = int(re.search(r"MemTotal:\s*(\d+)", pathlib.Path("/proc/meminfo").read_text())[1]) / (1 << 20)
    system = re.search(r'^PRETTY_NAME="(.*)"', pathlib.Path("/etc/os-release").read_text(), re.M)
    return (f"{os.cpu_count()} cores of {processor[1] if processor else platform.machine()}, {memory:.0f} GiB, "
            f"{system[1] if system else 'Linux'}, Linux {platform.release().split('-')[0]}")


def commit():
    """The commit measured, with a plus where the sources differ from it."""
    def git(*words): return subprocess.run(["git", *words], cwd=PROJECT, capture_output=True, text=True).stdout.strip()
    changed = git("status", "--porcelain", "--", "Sources", "Package.swift")
    return (git("describe", "--always") or "?") + ("+" if changed else "")
