"""What a running gateway tells of itself: the lines of its log, and its metrics as Prometheus' own parser reads them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from gateway import Gateway
from held import eventually
from wire import Connection


def lines(gateway: Gateway, event: str = "request") -> list[dict[str, Any]]:
    """The whole lines printed so far, in their order."""
    whole = gateway.output.rpartition(b"\n")[0].decode()
    return [line for text in whole.splitlines() if (line := json.loads(text))["event"] == event]


def wait_lines(gateway: Gateway, count: int, event: str = "request") -> list[dict[str, Any]]:
    """Those lines, once there are so many."""
    assert eventually(lambda: len(lines(gateway, event)) >= count), lines(gateway, event)
    return lines(gateway, event)


Labels = dict[str, str]


class Metrics:
    """One scrape."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.families = {family.name: family for family in text_string_to_metric_families(text)}
        self.samples = [sample for family in self.families.values() for sample in family.samples]

    def value(self, name: str, **labels: str) -> float:
        """The sum of the samples of that name with at least these labels; 0 where there are none."""
        return sum(sample.value for sample in self.all(name, **labels))

    def all(self, name: str, **labels: str) -> list[Any]:
        return [
            sample for sample in self.samples if sample.name == name and labels.items() <= sample.labels.items()
        ]

    def labels(self, label: str) -> set[str]:
        """Every value that a label has."""
        return {sample.labels[label] for sample in self.samples if label in sample.labels}


def scrape(gateway: Gateway, **headers: str) -> Metrics:
    with Connection(gateway.port) as connection:
        response = connection.request("GET", "/metrics", headers)
        body = response.body().decode()
    assert response.status == 200, body
    assert response.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    return Metrics(body)


def wait_metrics(gateway: Gateway, holds: Callable[[Metrics], bool], **headers: str) -> Metrics:
    """A scrape for which `holds` holds."""
    assert eventually(lambda: holds(scrape(gateway, **headers))), scrape(gateway, **headers).text
    return scrape(gateway, **headers)
