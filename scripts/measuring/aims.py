"""What Freshet should cost, and whether what was measured keeps to it."""
from typing import NamedTuple

from .long import exponent
from .medians import Samples


class Aim(NamedTuple):
    what: str
    limit: str
    found: str
    is_met: bool | None  # None: not measured
    is_noisy: bool = False


def every(kept):
    """All aims, judged by what was kept of each part."""
    found = {part: whole["found"] for part, whole in kept.items()}
    judges = {"comparison": of_comparison, "mallocs": of_mallocs, "idle": of_idle, "aborts": of_aborts, "slow": of_slow,
              "loops": of_loops, "long": of_long, "logged": of_logged, "pairs": of_pairs,
              "steps": of_steps}
    return [aim for part, judge in judges.items() if part in found for aim in judge(found[part])]


def of_comparison(found):
    samples = Samples(found["samples"])
    token, request = samples.cpu_per_token, samples.cpu_per_request
    yield ratio("CPU per token, paced, 10,000 tokens/s", 1.1, token("freshet", "paced10k"), token("nginx", "paced10k"))
    yield ratio("CPU per token, saturated", 1.25, token("freshet", "sat"), token("nginx", "sat"))
    yield ratio("CPU per token, batched", 1.6, token("freshet", "batch"), token("nginx", "batch"))
    yield ratio("CPU per one-token request", 2.0, request("freshet", "req"), request("nginx", "req"))
    yield ratio("added time to the first token, p50", 1.2, *(
        samples.added(gateway, "ttft", "ttft_us", "p50") for gateway in ("freshet", "nginx")))
    last = samples.added("freshet", "ttft", "ttft_us", "p99")
    yield below("added time to the first token, p99: no step of 40 ms", 20, last, 1e-3, "{:.2f} ms")
    for scenario, rate in (("paced1k", "1,000"), ("paced10k", "10,000")):
        for part in ("p50", "p99"):
            more = samples.latency("freshet", scenario, "token_us", part) - samples.latency(
                "nginx", scenario, "token_us", part)
            yield below(f"latency per token beyond nginx, {part}, {rate} tokens/s", 20, more, 1, "{:.0f} µs")


def ratio(what, limit, freshet, nginx):
    times = freshet / nginx
    if times.value is None: return Aim(what, f"≤ {limit} × nginx", "-", None)
    return Aim(what, f"≤ {limit} × nginx", f"{times.value:.2f} × ({freshet.value:.3g} and {nginx.value:.3g} µs)",
               times.value <= limit, times.is_noisy)


def below(what, limit, middle, unit, form):
    shown = "≤ " + form.format(limit).replace(".00", "").replace(".0", "")
    if middle.value is None: return Aim(what, shown, "-", None)
    return Aim(what, shown, form.format(middle.value * unit), middle.value * unit <= limit, middle.is_noisy)


def of_mallocs(found):
    most = max(cost for row in found["rows"] for cost in row["mallocs"])
    yield Aim("heap allocations per token", "≤ 0.1", f"{most:.3f} at most", most <= 0.1)


def of_idle(found):
    for row in found:
        if row["gateway"] != "freshet": continue
        kib = row["bytes_per_stream"] / 1024
        yield Aim(f"memory per idle stream, {row['streams']:,} of them", "≤ 10 KiB", f"{kib:.1f} KiB", kib <= 10)


def of_aborts(found):
    for row in found:
        if row["gateway"] != "freshet": continue
        whole = row["cancelled"] == row["times"]
        shown = f"p50 {row['p50_ms']:.2f}, p99 {row['p99_ms']:.2f} ms" if row["cancelled"] else "never"
        yield Aim(f"an abort reaches the provider, {row['phase']}", "< 5 ms, always",
                  shown if whole else f"{row['cancelled']} of {row['times']}; {shown}", whole and row["max_ms"] < 5,
                  not row["quiet"])


# 256 KiB of what its socket refused (`docs/limits.md`), in a buffer that has doubled past it.
READER_BYTES = 512 << 10


def of_slow(found):
    for row in found:
        if row["gateway"] != "freshet": continue
        last, settled = row["growth"][-1], row["growth"][1]
        yield Aim(f"memory for {row['readers']} slow readers: their buffers, and no more as time passes",
                  "≤ 512 KiB each, constant after 2 s",
                  f"{last / row['readers'] / 1024:.0f} KiB each, {(last - settled) / 1024:+.0f} KiB after 2 s",
                  last <= row["readers"] * READER_BYTES and last - settled < 64 << 10)


def of_loops(found):
    for row in found:
        yield Aim(f"capacity of two loops, {row['load']}", "≥ 1.8 × one", f"{row['capacity']:.2f} ×",
                  row["capacity"] >= 1.8, not row["quiet"])


def of_long(found):
    grows = exponent(found["lengths"], found["instructions"])
    yield Aim("cost of an answer grows with its length, 10,000 to 40,000 tokens", "exponent ≤ 1.02",
              f"{grows:.3f} (instructions)", grows <= 1.02)


def of_logged(found):
    for row in found:
        more = row["logged"]["us_per_token"] - row["plain"]["us_per_token"]
        yield Aim(f"logging adds to a token, {row['load']}", "≤ 1.5 µs CPU", f"{more:.2f} µs", more <= 1.5,
                  not (row["plain"]["quiet"] and row["logged"]["quiet"]))


def of_pairs(found):
    row = max((row for row in found if row["client"] != row["provider"]), key=lambda row: row["times"])
    yield Aim(f"user time of a token between two dialects; the dearest, {row['client']} from {row['provider']}",
              "≤ 1.5 × one dialect", f"{row['times']:.2f} ×", row["times"] <= 1.5, not row["quiet"])


def of_steps(found):
    steps = {name: exponent(found["tokens"], costs) for name, costs in found["steps"].items()}
    name, worst = max(steps.items(), key=lambda step: step[1])
    yield Aim("each step of a token's way, N to 4 N tokens", "exponent ≤ 1.15", f"{worst:.2f} at most ({name})",
              worst <= 1.15)
