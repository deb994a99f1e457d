"""Results of the benchmark as a table for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

_ROWS = (
    ("frames/s", "fps", "{:.1f}"),
    ("frames/s of the loop without a server", "limit_fps", "{:.1f}"),
    ("share of the loop, generator's CPU taken out", "share_net", "{:.2f}"),
    ("share of the loop", "share_gross", "{:.2f}"),
    ("latency p50, ms", "p50_ms", "{:.1f}"),
    ("latency p99, ms", "p99_ms", "{:.1f}"),
    ("frames not OK", "drops", "{:.0f}"),
    ("server CPU a frame, ms", "server_cpu_ms_per_frame", "{:.2f}"),
    ("loop CPU a frame, ms", "limit_cpu_ms_per_frame", "{:.2f}"),
    ("generator CPU a frame, ms", "generator_cpu_ms_per_frame", "{:.2f}"),
    ("PSS, MB", "pss_mb", "{:.0f}"),
    ("process start to first detection, s", "cold_s", "{:.2f}"),
)


def table(results: Sequence[dict[str, Any]]) -> str:
    """One column a result, in Markdown."""
    first = results[0]
    heads = [f"{result['streams']} streams" for result in results]
    rounds = len(first["rounds"]["fps"])
    lines = [
        f"{first['machine']}; {first['model']} on {first['provider']}",
        f"medians of {rounds} interleaved rounds",
        "",
        "| | " + " | ".join(heads) + " |",
        "|---|" + "---|" * len(heads),
    ]
    for words, name, form in _ROWS:
        cells = " | ".join(form.format(result[name]) for result in results)
        lines.append(f"| {words} | {cells} |")
    return "\n".join(lines)
