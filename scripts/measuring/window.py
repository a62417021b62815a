"""What a gateway takes between two moments, and how much the rest of the machine disturbed it."""
import json, os, time, urllib.request


class Window:
    """Opened when the load is up, closed before it ends."""
    def __init__(self, gateway):
        self.gateway, self.compare = gateway, gateway.compare
        self.began, self.before = time.monotonic(), self.sample()

    def sample(self):
        children = os.times()
        return {
            "cores": self.compare.cores(),
            "gateway": self.compare.cpu_rss(self.gateway.pid)[0],
            "harness": sum(self.compare.cpu_rss(process.pid)[0] for process in self.gateway.bench.P.ps
                           if process.pid != self.gateway.pid)
            + children.user + children.system + children.children_user + children.children_system,
            "tokens": sum(model["chunks"] for model in mock_stats(self.gateway)["models"].values()),
        }

    def wait(self, seconds): time.sleep(max(0, self.began + seconds - time.monotonic()))

    def close(self):
        now, seconds = self.sample(), time.monotonic() - self.began
        def spent(key): return now[key] - self.before[key]
        busy = sum(now["cores"][core] - self.before["cores"][core] for core in (0, 1))
        tokens = spent("tokens")
        foreign = max(0.0, busy - spent("gateway") - spent("harness")) / seconds
        return {"seconds": seconds, "tokens": tokens, "tokens_per_s": tokens / seconds,
                "us_per_token": spent("gateway") * 1e6 / tokens if tokens else None,
                "gateway_cores": spent("gateway") / seconds, "harness_cores": spent("harness") / seconds,
                "foreign": foreign, "quiet": foreign < 0.15}


def mock_stats(gateway, query=""):
    with urllib.request.urlopen(f"http://127.0.0.1:{gateway.mock_port}/stats{query}", timeout=10) as answer:
        return json.load(answer)


def resident(gateway):
    """Bytes of memory of the gateway's processes."""
    return gateway.compare.cpu_rss(gateway.pid)[1]
