"""A soak, drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgeserve.tooling.required import require
from tests.soak.plan import TENTHS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.soak.plan import Plan
    from tests.soak.vitals import Vitals

_MINUTE_S = 60


def plot(
    plan: Plan, looks: Sequence[Vitals], p99_ms: Sequence[float], title: str, path: Path
) -> None:
    """Write a picture: memory, file descriptors and threads, p99 by tenth; faults are ticks."""
    figure = require("matplotlib.figure").Figure(figsize=(9, 7), layout="constrained")
    memory, handles, latency = figure.subplots(3, 1, sharex=True)
    minutes = [look.at_s / _MINUTE_S for look in looks]
    memory.plot(minutes, [look.pss_mb for look in looks], label="PSS")
    memory.plot(minutes, [look.own_mb for look in looks], label="the process' own")
    memory.set(ylabel="memory, MB")
    memory.legend(loc="lower right")
    handles.plot(minutes, [look.fds for look in looks], label="file descriptors")
    handles.plot(minutes, [look.threads for look in looks], label="threads")
    handles.set(ylim=(0, None))
    handles.legend(loc="lower right")
    edges = [plan.span(tenth)[0] / _MINUTE_S for tenth in range(TENTHS)]
    latency.stairs(p99_ms, [*edges, plan.seconds / _MINUTE_S], baseline=None)
    latency.set(ylabel="p99 of a tenth, ms", ylim=(0, None), xlabel="minutes")
    for axes in (memory, handles, latency):
        axes.axvspan(0, plan.warm_up_s / _MINUTE_S, alpha=0.15, label="warm-up")
        axes.grid(visible=True, alpha=0.3)
    low, high = memory.get_ylim()
    happened = [event.at_s / _MINUTE_S for event in plan.events]
    memory.plot(happened, [low] * len(happened), "|", color="black", clip_on=False)
    memory.set_ylim(low, high)
    figure.suptitle(title)
    figure.savefig(path, metadata={"Date": None})
