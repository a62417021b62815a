"""The bench harness beside the project, and one gateway at a time running in it.

    harness = Harness(freshet="…/freshet")
    with harness.running("nginx") as gateway:
        result = gateway.load("mock-n200-i0", "-c 4 -n 8")

What the harness is (provider stand-in, load generator, entries of gateways) says its own README; here it is copied,
built and borrowed from, never changed.
"""
import argparse, contextlib, json, os, pathlib, shutil, signal, socket, subprocess, sys

PROJECT = pathlib.Path(__file__).resolve().parents[2]
SOURCE, BUILT = PROJECT.parent / "shared" / "bench", PROJECT / ".build" / "bench"


class Absent(Exception): """The harness is not beside the project, or this machine cannot run it."""


def prepare():
    """Copies and builds the harness where that is needed; its compare.py as a module."""
    if not (SOURCE / "compare.py").exists(): raise Absent(f"the harness is not here ({SOURCE})")
    if (os.cpu_count() or 1) < 2: raise Absent("two cores are needed, one for the gateway and one for the harness")
    os.environ["PATH"] += ":/usr/sbin"  # nginx and haproxy, for users who are not root
    BUILT.mkdir(parents=True, exist_ok=True)
    for path in SOURCE.rglob("*"):
        copy = BUILT / path.relative_to(SOURCE)
        if path.is_dir(): copy.mkdir(exist_ok=True)
        elif not copy.exists() or path.read_bytes() != copy.read_bytes(): shutil.copyfile(path, copy)
    subprocess.run(["make", "--no-print-directory", "-s", "-C", BUILT, "all"], check=True, stdout=sys.stderr)
    sys.path.insert(0, str(BUILT))
    import compare
    return compare


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Harness:
    def __init__(self, freshet, variables=()):
        self.compare = prepare()
        self.variables = [f"freshet={pathlib.Path(freshet).resolve()}", *variables]

    @contextlib.contextmanager
    def running(self, name, command=None):
        """One gateway with a fresh provider stand-in, both ended on the way out.

        `command` replaces what the harness would start; its placeholders work in it.
        """
        bench = self.bench()
        if command: bench.gws[name] = {**bench.gws[name], "cmd": command}
        try: yield Gateway(self.compare, bench, name, bench.launch(name))
        except RuntimeError as error: sys.exit(f"{name}: {error}")
        finally:
            bench.P.stop_all()
            shutil.rmtree(bench.work, ignore_errors=True)

    def bench(self, max_wait=0):
        """The harness' own driver, with ports that are free; `max_wait` s in all to wait for a quiet machine."""
        return self.compare.Bench(argparse.Namespace(
            peers=str(BUILT / "peers" / "gateways.json"), var=self.variables, port=free_port(), mock_port=free_port(),
            max_wait=max_wait, rounds=1, scenarios="", retries=0, out=""))

    def command(self, name):
        return json.loads((BUILT / "peers" / "gateways.json").read_text())[name]["cmd"]


class Gateway:
    def __init__(self, compare, bench, name, port):
        self.compare, self.bench, self.name, self.port = compare, bench, name, port

    @property
    def pid(self): return self.bench.gw.pid

    @property
    def mock_port(self): return self.bench.a.mock_port

    def processes(self):
        """Its process and those that it started."""
        return self.compare.tree(self.pid)

    @property
    def folder(self): return pathlib.Path(self.bench.work)

    def load_command(self, model, arguments):
        return self.bench.load_cmd(self.name, {"model": model, "args": arguments}, self.port)

    @contextlib.contextmanager
    def loading(self, model, arguments):
        """The load generator while it runs; ended on the way out. What it found is then in its `result`."""
        process = self.bench.P.start(
            self.load_command(model, arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try: yield process
        finally:
            process.send_signal(signal.SIGTERM)
            lines = process.communicate(timeout=60)[0].strip().splitlines()
            if process in self.bench.P.ps: self.bench.P.ps.remove(process)
            process.result = json.loads(lines[-1]) if lines else None

    def load(self, model, arguments):
        """Runs the load generator to its end; its figures. Ends the program when an answer came through damaged."""
        ran = subprocess.run(self.load_command(model, arguments), capture_output=True, text=True, timeout=120)
        try: result = json.loads(ran.stdout.strip().splitlines()[-1])
        except (ValueError, IndexError): sys.exit(f"{self.name}: the load generator failed: {ran.stderr[-300:]}")
        damaged = {key: result[key] for key in ("truncated", "bad_lines", "out_of_order", "wrong_count") if result[key]}
        if damaged: sys.exit(f"{self.name}: {model}: {damaged} {result['errors']}")
        return result
