"""Results of the benchmark as a table for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

_ROWS = (
    ("frames/s", "fps", "{:.1f}"),
    ("frames/s of the loop without a server", "limit_fps", "{:.1f}"),
    ("frames/s of the second server", "against_fps", "{:.1f}"),
    ("frames/s, of the second server's", "fps_ratio", "{:.2f}"),
    ("share of the loop, generator's CPU taken out", "share_net", "{:.2f}"),
    ("share of the loop", "share_gross", "{:.2f}"),
    ("latency p50, ms", "p50_ms", "{:.1f}"),
    ("latency p90, ms", "p90_ms", "{:.1f}"),
    ("latency p99, ms", "p99_ms", "{:.1f}"),
    ("latency p50 of the second server, ms", "against_p50_ms", "{:.1f}"),
    ("latency p50, of the second server's", "p50_ms_ratio", "{:.2f}"),
    ("latency p99, of the second server's", "p99_ms_ratio", "{:.2f}"),
    ("frames dropped", "dropped", "{:.0f}"),
    ("frames with an error", "errors", "{:.0f}"),
    ("generator late, p99, ms", "late_p99_ms", "{:.1f}"),
    ("server CPU a frame, ms", "server_cpu_ms_per_frame", "{:.2f}"),
    ("loop CPU a frame, ms", "limit_cpu_ms_per_frame", "{:.2f}"),
    ("generator CPU a frame, ms", "generator_cpu_ms_per_frame", "{:.2f}"),
    ("PSS, MB", "pss_mb", "{:.0f}"),
    ("loop PSS, MB", "limit_pss_mb", "{:.0f}"),
    ("process start to first detection, s", "cold_s", "{:.2f}"),
)


def table(results: Sequence[dict[str, Any]]) -> str:
    """One column a result, in Markdown; rows that none of them knows are left out."""
    first = results[0]
    rounds = len(first["rounds"]["fps"])
    lines = [
        f"{first['machine']}; {first['model']} on {first['provider']}",
        f"medians of {rounds} interleaved rounds",
        *([f"the second server has {first['against']}"] if first.get("against") else []),
        "",
        "| | " + " | ".join(head(result) for result in results) + " |",
        "|---|" + "---|" * len(results),
    ]
    for words, name, form in _ROWS:
        values = [result.get(name) for result in results]
        if any(value is not None for value in values):
            cells = ("" if value is None else form.format(value) for value in values)
            lines.append(f"| {words} | {' | '.join(cells)} |")
    return "\n".join(lines)


def head(result: dict[str, Any]) -> str:
    """A few words that tell one result from another."""
    if result["scenario"] == "open":
        return f"{result['streams']} cameras at {result['camera_fps']:.1f} fps"
    if result["scenario"] == "closed":
        return f"{result['streams']} streams"
    return str(result["scenario"])
