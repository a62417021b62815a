"""What it costs to keep an answer on disk: the same answers plain and logged, by turns, through one running gateway.

CPU is that of the whole process, so the catalogue's thread is in it. Latency is from the provider's writing a token to
the reader's having it.
"""
import statistics

from .window import Window

LOADS = {
    # Title → provider's model, load, how long it is looked at (s). The first three make no request while looked at.
    "paced, 10,000 tokens/s": ("mock-n100000-i20000", "-c 200 --ramp 400 -d 60", 4),
    "paced, 1,000 tokens/s": ("mock-n100000-i20000", "-c 20 --ramp 400 -d 60", 4),
    "saturated": ("mock-n100000-i0-w1", "-c 16 -d 60", 3),
    "batched": ("mock-n10000-i0", "-c 16 -d 60", 3),
    "answers of 200 tokens": ("mock-n200-i0-w1", "-c 16 -d 60", 3),
}
FIELDS = {"plain": "", "logged": " -H 'x-freshet-log: on'"}
ROUNDS = 3


def measure(harness):
    command = harness.command("freshet") + " --data {work}/data"
    rows = []
    for title, load in LOADS.items():
        taken = {way: [] for way in FIELDS}
        for _ in range(ROUNDS):
            for way, field in FIELDS.items():
                with harness.running("freshet", command) as gateway:
                    gateway.load("mock-n200-i0", f"-c 4 -n 40{field}")
                    taken[way].append(one(gateway, field, *load))
        rows.append({"load": title, **{way: middle(samples) for way, samples in taken.items()}})
        print(f"   {title}: " + ", ".join(f"{way} {rows[-1][way]['us_per_token']:.2f} µs" for way in FIELDS), flush=True)
    return rows


def one(gateway, field, model, load, seconds):
    with gateway.loading(model, load + field) as load:
        Window(gateway).wait(1.5)  # all streams have begun
        window = Window(gateway)
        window.wait(seconds)
        taken = window.close()
    if load.result["out_of_order"] or load.result["bad_lines"]: raise RuntimeError(f"damaged answers: {load.result}")
    return {**taken, "p50": load.result["token_us"]["p50"], "p99": load.result["token_us"]["p99"]}


def middle(samples):
    chosen = [sample for sample in samples if sample["quiet"]] or samples
    keys = ("us_per_token", "tokens_per_s", "p50", "p99")
    return {key: statistics.median(sample[key] for sample in chosen) for key in keys} | {
        "quiet": any(sample["quiet"] for sample in samples)}
