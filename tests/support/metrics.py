"""Metrics as Prometheus reads them."""

from __future__ import annotations

import time
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from support.server import Server

Samples = Mapping[str, float]
"""By name with its labels in the order of the alphabet: `synclead_faults_total{code=20014}`."""


def read(text: str) -> Samples:
    """The samples of a page."""
    found = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = ",".join(f"{name}={value}" for name, value in sorted(sample.labels.items()))
            found[f"{sample.name}{{{labels}}}" if labels else sample.name] = sample.value
    return found


def fetch(url: str) -> Samples:
    """The samples that a URL shows."""
    with urllib.request.urlopen(url, timeout=10) as answer:
        return read(answer.read().decode())


def url(server: Server) -> str:
    """Where a server shows its metrics: on a port of their own, where its log names one, else on its own port."""
    shown = [entry["url"] for entry in server.log() if entry.get("event") == "metrics"]
    return str(shown[-1]) if shown else f"http://127.0.0.1:{server.port}/metrics"


def until(server: Server, condition: Callable[[Samples], Any], seconds: float = 30) -> Samples:
    """The first samples of which a condition holds."""
    deadline = time.monotonic() + seconds
    while True:
        samples = fetch(url(server))
        if condition(samples):
            return samples
        assert time.monotonic() < deadline, samples
        time.sleep(0.05)


def nonzero(samples: Samples, name: str) -> dict[str, float]:
    """The samples of one name that are not 0, by their labels."""
    return {key.removeprefix(name): value for key, value in samples.items() if key.startswith(f"{name}{{") and value}
