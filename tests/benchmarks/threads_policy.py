"""What the policy of a server's threads is worth (SCHED_BATCH, see `process.cpus`).

    python -m tests.benchmarks.threads_policy [--streams 16] [--camera-fps 0] [--rounds 10]

Two servers take the same load in turn; the threads of one are given back the policy that a process
has by itself. The ratios of the other's figures to its are printed. With --camera-fps the streams
are cameras that do not wait for results.
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
from statistics import median

from edgeserve.tooling.bench.children import Child
from edgeserve.tooling.bench.load import pictures
from edgeserve.tooling.bench.target import started
from tests.benchmarks.thinnest_server import Figures, measure


def give_back_policy(pid: int) -> None:
    """Have all threads of a process, and those that they start, take turns as by default."""
    for thread in Path(f"/proc/{pid}/task").iterdir():
        os.sched_setscheduler(int(thread.name), os.SCHED_OTHER, os.sched_param(0))


def main() -> None:
    """Measure in turn."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--streams", type=int, default=16)
    parser.add_argument("--camera-fps", type=float, default=0)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=3)
    arguments = parser.parse_args()
    scenario = "open" if arguments.camera_fps else "closed"
    load = {"source": "sample", "scenario": scenario, "frames_in_flight": 1}
    request = json.dumps(load | {"streams": arguments.streams, "seconds": arguments.seconds})
    picture = pictures("sample")[0]
    with (
        started((), picture) as patient,
        started((), picture) as usual,
        Child("edgeserve.tooling.bench.generator", request) as generator,
    ):
        if usual.pid is None:
            raise AssertionError
        give_back_policy(usual.pid)
        pairs = []
        for number in range(arguments.rounds + 1):
            order = (patient, usual) if number % 2 else (usual, patient)
            found = {
                target.address: measure(target, generator, arguments.camera_fps) for target in order
            }
            pairs.append((found[patient.address], found[usual.address]))
    # The first round warms up.
    for name in Figures._fields:
        ratios = [getattr(one, name) / getattr(other, name) for one, other in pairs[1:]]
        print(f"{name}, SCHED_BATCH / SCHED_OTHER: {median(ratios):.3f} (median)")


if __name__ == "__main__":
    main()
