"""Does a token cost the same in an answer of 40,000 tokens as in one of 10,000?

Instructions are counted by callgrind and do not change when the machine is busy; CPU time is the best of some runs.
"""
import math

from . import instructions
from .window import Window

LENGTHS = [10_000, 20_000, 40_000]
ANSWERS = 4


def measure(harness, name="freshet"):
    return {"lengths": LENGTHS, "instructions": counted(harness, name), "cpu_us": timed(harness, name)}


def counted(harness, name):
    """Instructions a token, for each length."""
    with instructions.under_callgrind(harness, name) as gateway:
        counter = instructions.Counter(gateway)
        loads = [instructions.Load("mock-n{n}-i0", tokens, ANSWERS) for tokens in LENGTHS]
        loads[-1].run(gateway)
        return [counter.during(load).total / (load.tokens * load.requests) for load in loads]


def timed(harness, name, tokens_in_all=160_000, runs=3):
    """CPU µs a token, for each length; each token its own write."""
    with harness.running(name) as gateway:
        def cost(tokens):
            window = Window(gateway)
            gateway.load(f"mock-n{tokens}-i0-w1", f"-c 4 -n {tokens_in_all // tokens}")
            return window.close()["us_per_token"]
        cost(LENGTHS[-1])
        rounds = [[cost(tokens) for tokens in LENGTHS] for _ in range(runs)]
        return [min(costs) for costs in zip(*rounds)]


def exponent(sizes, costs):
    """The power of the size that the whole cost grows with: 1 is linear, 2 quadratic (least squares)."""
    xs, ys = [math.log(size) for size in sizes], [math.log(size * cost) for size, cost in zip(sizes, costs)]
    middle_x, middle_y = sum(xs) / len(xs), sum(ys) / len(ys)
    return sum((x - middle_x) * (y - middle_y) for x, y in zip(xs, ys)) / sum((x - middle_x) ** 2 for x in xs)
