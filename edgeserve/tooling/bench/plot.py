"""Results of the benchmark, drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from edgeserve.tooling.required import require

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_PERCENTILES = ("p50_ms", "p90_ms", "p95_ms", "p99_ms", "p99.9_ms")


def plot(results: Sequence[dict[str, Any]], titles: Sequence[str], path: Path) -> None:
    """Write a picture: frames a second of server and loop, and latency by percentile.

    Args:
        results: of the benchmark.
        titles: one for each.
        path: its ending names the format, as in .svg or .png.

    Raises:
        NotAvailableError: matplotlib is not installed.
    """
    figure = require("matplotlib.figure").Figure(figsize=(10, 4), layout="constrained")
    speed, latency = figure.subplots(1, 2)
    places = range(len(results))
    speed.bar([place - 0.2 for place in places], [one["limit_fps"] for one in results], 0.4)
    speed.bar([place + 0.2 for place in places], [one["fps"] for one in results], 0.4)
    speed.set(title="frames a second", xticks=list(places), xticklabels=list(titles))
    speed.legend(["loop without a server", "server"])
    for title, result in zip(titles, results, strict=True):
        known = [name for name in _PERCENTILES if result.get(name) is not None]
        heads = [name.removesuffix("_ms") for name in known]
        latency.plot(heads, [result[name] for name in known], marker="o", label=title)
    latency.set(title="latency, ms", ylim=(0, None))
    latency.grid(visible=True, alpha=0.3)
    latency.legend()
    figure.suptitle(f"{results[0]['model']} on {results[0]['provider']}, {results[0]['machine']}")
    figure.savefig(path)
