"""What a soak showed, by its criteria; and what it was too short to show."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tests.soak.plan import TENTHS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.faults.server import Series
    from tests.faults.traffic import Traffic
    from tests.soak.plan import Plan
    from tests.soak.vitals import Vitals

WINDOW_S = 600.0
MOST_GROWTH_MB = 2.0
MOST_MORE_HANDLES = 2
"""File descriptors or threads: a connection may just be open."""
MOST_SLOWER = 1.2
LEAST_FRAMES = 2000
"""In a tenth, for a 99th percentile that says something: 20 frames lie above it."""


class Verdict(NamedTuple):
    """What came of one criterion.

    Attributes:
        name: of the criterion.
        good: whether it holds; None where the run cannot say.
        told: the figures.
    """

    name: str
    good: bool | None
    told: str


def judge_frames(streams: Sequence[Traffic], counted: Mapping[Series, float]) -> list[Verdict]:
    """Frames in are results out: at the clients, and by the server's own count."""
    faults = [fault for stream in streams for fault in stream.faults()]
    sent = sum(stream.sent for stream in streams)
    verdicts = [Verdict("clients: frames in = results out", not faults, f"{sent} {faults or ''}")]
    for source in sorted({dict(labels).get("source", "") for _, labels in counted} - {""}):
        into = _total(counted, "edgeserve_frames_received_total", source=source)
        out = _total(counted, "edgeserve_results_total", source=source)
        gone = _total(
            counted, "edgeserve_frames_dropped_total", source=source, reason="stream_ended"
        )
        told = f"{into:.0f} in, {out:.0f} results, {gone:.0f} of streams that ended first"
        verdicts.append(Verdict(f"server: {source}", into == out + gone, told))
    return verdicts


def judge_vitals(plan: Plan, looks: Sequence[Vitals]) -> list[Verdict]:
    """Memory, file descriptors and threads of the last ten minutes beside the first ten."""
    after = [look for look in looks if look.at_s >= plan.warm_up_s]
    rest_s = plan.seconds - plan.warm_up_s
    window_s = min(WINDOW_S, rest_s / 3)
    first = [look for look in after if look.at_s < plan.warm_up_s + window_s]
    last = [look for look in after if look.at_s >= plan.seconds - window_s]
    if not first or not last:
        return [Verdict("memory, files and threads", None, "the run was too short to look")]

    def grown(name: str) -> tuple[float, str]:
        before, behind = (
            statistics.median(getattr(look, name) for look in part) for part in (first, last)
        )
        told = f"median {before:.1f} in the first {window_s / 60:.1f} min, {behind:.1f} in the last"
        return behind - before, told

    more_mb, told = grown("pss_mb")
    told += f"; what is the process' own: {grown('own_mb')[1]}"
    long_enough = window_s == WINDOW_S
    if not long_enough:
        told += "; cannot be judged: two windows of ten minutes do not fit"
    good = more_mb <= MOST_GROWTH_MB if long_enough else None
    verdicts = [Verdict(f"PSS grows by at most {MOST_GROWTH_MB:g} MB", good, told)]
    for name, words in (("fds", "file descriptors"), ("threads", "threads")):
        more, told = grown(name)
        verdicts.append(Verdict(f"{words} are flat", more <= MOST_MORE_HANDLES, told))
    return verdicts


def p99_ms_by_tenth(plan: Plan, streams: Sequence[Traffic], began_s: float) -> list[float]:
    """Of the server's latency, arrival to result, by when the result came."""
    found = []
    for tenth in range(TENTHS):
        begin_s, end_s = plan.span(tenth)
        times = [
            one.latency_us / 1000
            for stream in streams
            for one in stream.answers
            if begin_s <= one.came_s - began_s < end_s
        ]
        found.append(float(np.percentile(times, 99)) if times else float("nan"))
    return found


def judge_latency(p99_ms: Sequence[float], frames: int) -> Verdict:
    """The last tenth beside the first; `frames` are those of a tenth."""
    ratio = p99_ms[-1] / p99_ms[0]
    told = f"{p99_ms[0]:.1f} ms in the first tenth, {p99_ms[-1]:.1f} in the last: {ratio:.2f} x"
    name = f"p99 of the last tenth within {MOST_SLOWER:g} x of the first"
    if frames < LEAST_FRAMES:
        told += f"; cannot be judged: {frames} frames in a tenth, {LEAST_FRAMES} are wanted"
        return Verdict(name, None, told)
    return Verdict(name, ratio <= MOST_SLOWER, told)


def _total(counted: Mapping[Series, float], name: str, **labels: str) -> float:
    wanted = set(labels.items())
    return sum(value for (one, has), value in counted.items() if one == name and wanted <= set(has))
