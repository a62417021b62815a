"""What a second event loop gives, on a machine that has only two cores and must run the load on them as well.

With two loops the provider stand-in, the load generator and both loops share two cores, so the tokens a second that
come out cannot double however good the gateway is. Two figures say what can be said:

capacity   tokens for each second of the gateway's own CPU time, times the loops it has, times how evenly the work is
           spread. What two loops cost one another (locks, caches, memory) is in it; what the load took is not. The
           spread is taken from a load that leaves both cores room, else it would tell who had to share with the load.
observed   tokens a second that came out, and the most that two cores could have carried at the CPU time per token that
           the gateway with one loop and the load took.
"""
import os, pathlib, statistics, time

from .window import Window

LOADS = {
    "about 50 tokens a write": ("mock-n2000-i0", "-c 32 -d 60"),
    "each token its own write": ("mock-n2000-i0-w1", "-c 32 -d 60"),
    # The load generator has next to nothing to do: what comes out is near what the gateway could do.
    "whole answers of 2,000 tokens": ("mock-n2000-i0", "-c 32 -d 60 --stream 0"),
}
EASY = ("mock-n100000-i20000", "-c 200 --ramp 400 -d 60")
ROUNDS = 2


def measure(harness):
    balance, rows = one(harness, 2, *EASY)["balance"], []
    for title, load in LOADS.items():
        taken = {1: [], 2: []}
        for _ in range(ROUNDS):
            for loops in taken: taken[loops].append(one(harness, loops, *load))
        rows.append({"load": title, **compared(taken, balance)})
    return rows


def one(harness, loops, model, load, seconds=3):
    cores = {1} if loops == 1 else {0, 1}
    command = f"taskset -c {','.join(map(str, sorted(cores)))} " + harness.command("freshet")
    with harness.running("freshet", command) as gateway:
        everywhere = {0, 1} if loops == 2 else {0}
        os.sched_setaffinity(gateway.bench.mock.pid, everywhere)
        gateway.load("mock-n200-i0", "-c 32 -d 0.3")
        with gateway.loading(model, load) as load:
            os.sched_setaffinity(load.pid, everywhere)
            time.sleep(1)
            before = threads(gateway.pid)
            window = Window(gateway)
            window.wait(seconds)
            taken = window.close()
            busy = sorted((now - before.get(thread, 0) for thread, now in threads(gateway.pid).items()), reverse=True)
    if load.result["out_of_order"] or load.result["bad_lines"]: raise RuntimeError(f"damaged answers: {load.result}")
    return {**taken, "balance": sum(busy[:loops]) / (loops * busy[0])}


def threads(pid):
    """CPU time of each thread so far, in ns."""
    return {task.name: int((task / "schedstat").read_text().split()[0])
            for task in pathlib.Path(f"/proc/{pid}/task").iterdir()}


def compared(taken, balance):
    def middle(loops, key): return statistics.median(row[key] for row in taken[loops])
    one, two = middle(1, "us_per_token"), middle(2, "us_per_token")
    load = statistics.median(row["harness_cores"] * 1e6 / row["tokens_per_s"] for row in taken[1])
    return {"us_one": one, "us_two": two, "balance": balance, "capacity": 2 * one / two * balance,
            "tokens_one": middle(1, "tokens_per_s"), "tokens_two": middle(2, "tokens_per_s"),
            "gateway_cores_one": middle(1, "gateway_cores"), "gateway_cores_two": middle(2, "gateway_cores"),
            "most": 2e6 / (one + load), "quiet": all(row["quiet"] for rows in taken.values() for row in rows)}
