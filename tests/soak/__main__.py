"""A server under streams, cameras, reloads and faults, for as long as one likes.

    python -m tests.soak [--minutes 45] [--seed 1] [--out build/soak]

Faults come by chance (seeded), each kind equally often in each tenth. At the end: frames in are
results out, memory of the last ten minutes beside that of the first ten after the warm-up, file
descriptors and threads, the 99th percentile of the last tenth beside the first, and the log.
Writes report.json and soak.svg. Exit code 1 if a criterion does not hold; what a run is too short
to show is said and does not count.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tempfile
import time
from collections import Counter
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from edgeserve.tooling.bench.process import machine
from edgeserve.tooling.figure_file import check_figure_file
from tests.soak.happenings import EXPECTED_LINES, KINDS
from tests.soak.plan import TENTHS, make_plan
from tests.soak.plot import plot
from tests.soak.verdict import (
    Verdict,
    judge_frames,
    judge_latency,
    judge_vitals,
    p99_ms_by_tenth,
)
from tests.soak.vitals import Sampler, Vitals, look_at
from tests.soak.world import FPS, STREAMS, World
from tests.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.soak.plan import Plan

_PLOT = "soak.svg"
_MOST_REPLACED = 40
"""Models, before memory is measured: each leaves holes in the heap that the next ones fill, and it
takes some twenty of them until the heap has found its size. The report has what it was before."""


class Happened(NamedTuple):
    """A fault that was made."""

    kind: str
    tenth: int
    at_s: float
    took_s: float
    failed: str


class Soaked(NamedTuple):
    """All that a run left; `settling` is before and after the models that are replaced first."""

    settling: tuple[Vitals, Vitals]
    happened: list[Happened]
    looks: list[Vitals]
    p99_ms: list[float]
    verdicts: list[Verdict]


def soak(plan: Plan, folder: Path) -> Soaked:
    """Run it."""
    happened: list[Happened] = []
    with World(folder) as world:
        for stream in (*world.streams, world.far):
            stream.wait_for(1)
        world.burst()
        settling = _settle(world, min(_MOST_REPLACED, int(plan.seconds / 60)))
        began_s = time.monotonic()
        tenth = -1
        with Sampler(world.server.process.pid, began_s) as sampler:
            for event in plan.events:
                _sleep_until(began_s + event.at_s)
                at_s = time.monotonic() - began_s
                failed = ""
                try:
                    KINDS[event.kind](world)
                except Exception as error:  # noqa: BLE001 - whatever it is, the run goes on
                    failed = f"{type(error).__name__}: {error}"
                took_s = time.monotonic() - began_s - at_s
                happened.append(Happened(event.kind, event.tenth, at_s, took_s, failed))
                if failed or event.tenth != tenth:
                    tenth = event.tenth
                    told = failed or f"{len(sampler.taken)} looks, the last {sampler.taken[-1:]}"
                    print(
                        f"{at_s / 60:.1f} min, tenth {tenth + 1}, {event.kind}: {told}", flush=True
                    )
            _sleep_until(began_s + plan.seconds)
        for stream in (*world.streams, world.far):
            stream.end()
        for camera in ("street", "gate"):
            world.admin.pause_camera(camera)
        wait_until(lambda: not world.server.metric("edgeserve_streams"), "all streams to end")
        counted = world.server.metrics()
        exit_code = world.server.terminate()
        complaints = world.server.complaints()
        p99_ms = p99_ms_by_tenth(plan, world.streams, began_s)
    tenth_s = plan.span(0)[1] - plan.span(0)[0]
    verdicts = [
        *judge_frames([*world.streams, world.far], counted),
        *judge_vitals(plan, sampler.taken),
        judge_latency(p99_ms, int(tenth_s * FPS * STREAMS)),
        _judge_log(complaints),
        _judge_faults(plan, happened),
        Verdict("SIGTERM at the end: exit code 0", exit_code == 0, str(exit_code)),
    ]
    return Soaked(settling, happened, sampler.taken, p99_ms, verdicts)


def _settle(world: World, models: int) -> tuple[Vitals, Vitals]:
    """Replace so many models; the server before and after."""
    pid, began_s = world.server.process.pid, time.monotonic()
    before = look_at(pid, began_s)
    for _ in range(models):
        world.next_version()
    world.burst()
    after = look_at(pid, began_s)
    told = f"{before.own_mb:.1f} MB of its own before, {after.own_mb:.1f} after"
    print(f"{models} models replaced first: {told}", flush=True)
    return before, after


def _sleep_until(at_s: float) -> None:
    time.sleep(max(0.0, at_s - time.monotonic()))


def _judge_log(complaints: Sequence[str]) -> Verdict:
    known = [re.compile(pattern) for pattern in EXPECTED_LINES]
    unexpected = [line for line in complaints if not any(one.match(line) for one in known)]
    told = f"{len(complaints)} warnings and errors; unexpected: {unexpected[:20] or 'none'}"
    return Verdict("no unexpected log line", not unexpected, told)


def _judge_faults(plan: Plan, happened: Sequence[Happened]) -> Verdict:
    failed = [f"{one.kind}: {one.failed}" for one in happened if one.failed]
    late = [one.kind for one in happened if one.at_s + one.took_s > plan.span(one.tenth)[1]]
    told = f"{len(happened)} faults; did not pass: {failed or 'none'}"
    if late:
        told += f"; lasted into the next tenth: {late}"
    if plan.left_out:
        told += f"; left out, as the tenths are too short: {', '.join(plan.left_out)}"
    return Verdict("every fault passed, equally many in each tenth", not failed, told)


def report(plan: Plan, soaked: Soaked, seed: int) -> dict[str, Any]:
    """All figures, for a file."""
    by_tenth = [Counter(one.kind for one in soaked.happened if one.tenth == t) for t in range(10)]
    return {
        "edgeserve": version("edgeserve"),
        "machine": machine(),
        "minutes": plan.seconds / 60,
        "warm_up_minutes": plan.warm_up_s / 60,
        "seed": seed,
        "settling": [look._asdict() for look in soaked.settling],
        "verdicts": [verdict._asdict() for verdict in soaked.verdicts],
        "p99_ms_by_tenth": soaked.p99_ms,
        "faults_by_tenth": [dict(sorted(counts.items())) for counts in by_tenth],
        "faults_left_out": plan.left_out,
        "faults": [one._asdict() for one in soaked.happened],
        "vitals": [look._asdict() for look in soaked.looks],
    }


def main(given: Sequence[str] | None = None) -> int:
    """Print the verdicts; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=45)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("build/soak"))
    arguments = parser.parse_args(given)
    arguments.out.mkdir(parents=True, exist_ok=True)
    check_figure_file(arguments.out / _PLOT)
    plan = make_plan(60 * arguments.minutes, list(KINDS), arguments.seed)
    with tempfile.TemporaryDirectory() as folder:
        soaked = soak(plan, Path(folder))
    text = json.dumps(report(plan, soaked, arguments.seed), indent=1)
    (arguments.out / "report.json").write_text(text + "\n")
    title = f"edgeserve {version('edgeserve')}, {arguments.minutes:g} minutes, {machine()}"
    plot(plan, soaked.looks, soaked.p99_ms, title, arguments.out / _PLOT)
    for verdict in soaked.verdicts:
        mark = {True: "good", False: "BAD", None: "open"}[verdict.good]
        print(f"{mark:<5} {verdict.name}: {verdict.told}")
    print(f"{TENTHS} tenths, report and plot in {arguments.out}")
    return 1 if any(verdict.good is False for verdict in soaked.verdicts) else 0


if __name__ == "__main__":
    sys.exit(main())
