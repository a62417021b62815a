"""Where the CPU time goes, kernel included: the gateway is sampled by clock while a load runs at full speed."""
import re, signal, subprocess, time

from .calls import REGIMES
from .callgrind import readable


def record(harness, name, regime, file, command=None):
    """Samples one gateway under one load into `file`; µs of CPU for each token or request."""
    with harness.running(name, command) as gateway:
        gateway.load(regime.model, "-c 4 -d 0.3")
        processes = ",".join(map(str, gateway.processes()))
        perf = subprocess.Popen(["perf", "record", "-q", "-e", "cpu-clock", "-F", "4999", "-g", "-o", file,
                                 "-p", processes], stderr=subprocess.PIPE, text=True)
        time.sleep(0.5)
        if perf.poll() is not None: raise PermissionError(perf.stderr.read().strip())
        before = harness.compare.cpu_rss(gateway.pid)[0]
        result = gateway.load(regime.model, regime.load)
        spent = harness.compare.cpu_rss(gateway.pid)[0] - before
        perf.send_signal(signal.SIGINT)
        perf.wait(30)
        return spent * 1e6 / result[regime.unit]


def shares(file):
    """[(share of all samples, "user" or "kernel", function)], the largest first."""
    ran = subprocess.run(["perf", "report", "-i", file, "--no-children", "-g", "none", "--stdio", "--no-demangle",
                          "-F", "overhead,sym"], capture_output=True, text=True)
    rows = re.findall(r"^\s+([\d.]+)%\s+\[(.)\]\s+(\S+)", ran.stdout, re.M)
    names = readable([name for _, _, name in rows])
    return [(float(share) / 100, "kernel" if side == "k" else "user", name)
            for (share, side, _), name in zip(rows, names)]


def regime_named(word):
    return next((regime for regime in REGIMES if word in regime.title), None)
