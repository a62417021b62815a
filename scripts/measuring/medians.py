"""Reads the comparison's samples: medians over the quiet ones of each gateway and scenario."""
import statistics
from typing import NamedTuple


class Middle(NamedTuple):
    value: float | None
    lowest: float | None = None
    highest: float | None = None
    is_noisy: bool = False  # no quiet sample was there

    def __sub__(self, other):
        if self.value is None or other.value is None: return Middle(None)
        return Middle(self.value - other.value, is_noisy=self.is_noisy or other.is_noisy)

    def __truediv__(self, other):
        if self.value is None or not other.value: return Middle(None)
        return Middle(self.value / other.value, is_noisy=self.is_noisy or other.is_noisy)

    def text(self, form="{:.1f}"):
        if self.value is None: return "-"
        return form.format(self.value) + ("*" if self.is_noisy else "")


def over(sum_, count):
    """The share of each; None where nothing came out."""
    return sum_ / count if count else None


class Samples:
    def __init__(self, samples): self.samples = samples

    def of(self, gateway, scenario, measure):
        chosen = [sample for sample in self.samples if (sample["gateway"], sample["scenario"]) == (gateway, scenario)]
        quiet = [sample for sample in chosen if sample["quiet"]]
        values = [value for sample in quiet or chosen if (value := measure(sample)) is not None]
        if not values: return Middle(None)
        return Middle(statistics.median(values), min(values), max(values), not quiet)

    def cpu_per_token(self, gateway, scenario):
        return self.of(gateway, scenario, lambda sample: over(sample["gw_cpu"] * 1e6, sample["tokens"]))

    def cpu_per_request(self, gateway, scenario):
        return self.of(gateway, scenario, lambda sample: over(sample["gw_cpu"] * 1e6, sample["done"]))

    def asked(self, gateway, scenario):
        """The scenario, or its form for gateways that carry less."""
        less = {"ttft": "ttftlo"}.get(scenario)
        has = any((sample["gateway"], sample["scenario"]) == (gateway, scenario) for sample in self.samples)
        return scenario if has or less is None else less

    def latency(self, gateway, scenario, what, quantile):
        return self.of(gateway, scenario, lambda sample: sample[what][quantile])

    def added(self, gateway, scenario, what, quantile):
        scenario = self.asked(gateway, scenario)
        return self.latency(gateway, scenario, what, quantile) - self.latency("direct", scenario, what, quantile)

    def noisy(self):
        """(gateway, scenario, noisy samples, samples) where there was noise."""
        cells = {}
        for sample in self.samples: cells.setdefault((sample["gateway"], sample["scenario"]), []).append(sample)
        for (gateway, scenario), samples in cells.items():
            loud = [sample for sample in samples if not sample["quiet"]]
            if loud: yield gateway, scenario, len(loud), len(samples)

    def damaged(self):
        """What came through broken or not at all; nothing should."""
        for sample in self.samples:
            for key in ("truncated", "bad_lines", "out_of_order", "wrong_count", "error_total"):
                if sample[key]: yield f"{sample['gateway']} {sample['scenario']}: {key} {sample[key]}"
