"""The harness' own comparison: all gateways in interleaved rounds, each visit with fresh processes."""
import time

from .harness import BUILT

EACH_ROUND = ["ttft", "paced1k", "paced10k", "sat", "batch", "req", "reqns"]
# 600 streams of 50 tokens/s: latency under load.
ONCE = {"paced30k": dict(model="mock-n200-i20000", args="-c 600 --ramp 652 -d 4")}
# Gateways that need milliseconds a token are asked for less by the harness.
PEERS = {"sglang-router": "venv-sgl", "vllm-router": "venv-vllm", "tensorzero": "venv-t0", "litellm": "venv-litellm"}
PEER_SCENARIOS = [*EACH_ROUND, "ttftlo", "pacedlo"]
ENVIRONMENTS = BUILT / "peers-installed"


def measure(harness, names, rounds, minutes):
    """Samples of `names`. What is noisy is repeated while there is time; rounds beyond the time are left out."""
    harness.compare.SCENARIOS.update(ONCE)
    bench, began = harness.bench(max_wait=30), time.monotonic()
    def spent(): return (time.monotonic() - began) / 60 / minutes
    done = 0
    try:
        while done < rounds and (done == 0 or spent() < 1 - 0.8 / rounds):
            for name in names if done % 2 == 0 else names[::-1]:
                bench.a.retries = 1 if spent() < 0.7 else 0
                bench.visit(name, done, EACH_ROUND if done else [*EACH_ROUND, *ONCE])
            done += 1
    finally: bench.P.stop_all()
    return {"rounds": done, "samples": bench.samples, "versions": bench.versions}


def measure_peers(harness):
    """One round of those that are installed; None where none is."""
    names = [name for name, folder in PEERS.items() if (ENVIRONMENTS / folder / "bin" / "python").exists()]
    if not names: return None
    bench = harness.bench(max_wait=20)
    bench.a.scenarios = ",".join(PEER_SCENARIOS)
    try:
        for name in ["direct", *names]: bench.visit(name, 0, scenarios_for(bench, name))
    finally: bench.P.stop_all()
    return {"rounds": 1, "samples": bench.samples, "versions": bench.versions, "names": names}


def scenarios_for(bench, name):
    """Those ending in `lo` are for gateways that list them."""
    entry = bench.gws[name]
    listed = entry.get("only", []) + entry.get("extra", [])
    return [scenario for scenario in PEER_SCENARIOS if not scenario.endswith("lo") or scenario in listed]
