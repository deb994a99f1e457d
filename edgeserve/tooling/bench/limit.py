"""The limit: the server's frame path in a bare loop, no server around it.

Run as a process of its own: `python -m edgeserve.tooling.bench.limit REQUEST`, with a JSON request
on the command line and a JSON line for each measurement on standard output. It sweeps threads and
hints first, then measures the best of them whenever a line comes in on standard input.
"""

from __future__ import annotations

import itertools
import json
import os
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgeserve.domain.request import DetectOptions
from edgeserve.engines.options import EngineOptions
from edgeserve.engines.registry import runtimes
from edgeserve.engines.resolve import load_engine
from edgeserve.pipeline.detector import Detector
from edgeserve.pipeline.selection import select
from edgeserve.tooling.bench.load import pictures
from edgeserve.tooling.bench.process import pss_mb
from edgeserve.tooling.named_bundle import named_bundle

if TYPE_CHECKING:
    from collections.abc import Iterator

    from edgeserve.domain.frame import EncodedFrame
    from edgeserve.pipeline.detector import DetectorWorker

_MOST_PIXELS = 7680 * 4320
_MOST_THREADS = 4
_SWEEP_S = 1.5


@dataclass(frozen=True, slots=True)
class Candidate:
    """A configuration of the loop."""

    hint: str
    threads: int
    detector: Detector


def measure(candidate: Candidate, frames: list[EncodedFrame], seconds: float) -> dict[str, Any]:
    """Run a loop for so long: frames a second, processor time a frame, this process' memory."""
    deadline = time.monotonic() + seconds
    workers = [candidate.detector.create_worker() for _ in range(candidate.threads)]
    counts = [0] * candidate.threads

    def loop(index: int) -> None:
        counts[index] = _work(workers[index], candidate.detector, frames, deadline)

    started, used = time.monotonic(), time.process_time()
    threads = [threading.Thread(target=loop, args=(index,)) for index in range(len(workers))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    done = sum(counts)
    return {
        "fps": done / (time.monotonic() - started),
        "cpu_ms_per_frame": 1000 * (time.process_time() - used) / max(done, 1),
        "pss_mb": pss_mb(os.getpid()),
        "hint": candidate.hint,
        "threads": candidate.threads,
    }


def _work(
    worker: DetectorWorker,
    detector: Detector,
    frames: list[EncodedFrame],
    deadline: float,
) -> int:
    selection = select(detector.spec, DetectOptions())
    done = 0
    for frame in itertools.cycle(frames):
        worker.run(frame, selection)
        done += 1
        if time.monotonic() >= deadline:
            break
    return done


def _candidates(
    model: str,
    models_dir: Path,
    provider: str,
    most_threads: int,
) -> Iterator[Candidate]:
    spec = named_bundle(model, models_dir).spec
    for hint in ("throughput", "latency"):
        options = EngineOptions.model_validate({"provider": provider, "hint": hint})
        engine, _ = load_engine(spec, options, runtimes())
        detector = Detector(spec, engine, max_pixels=_MOST_PIXELS, reduced_decode=True)
        for threads in range(1, most_threads + 1):
            yield Candidate(hint, threads, detector)


def main() -> None:
    """Sweep, then measure the best once for each line of standard input."""
    request = json.loads(sys.argv[1])
    frames = pictures(request["source"])
    most_threads = min(_MOST_THREADS, request["in_flight"])
    swept = []
    models_dir = Path(request["models_dir"])
    for candidate in _candidates(request["model"], models_dir, request["provider"], most_threads):
        measure(candidate, frames, _SWEEP_S / 3)
        swept.append((measure(candidate, frames, _SWEEP_S)["fps"], candidate))
    best_fps, best = max(swept, key=lambda pair: pair[0])
    found = {"hint": best.hint, "threads": best.threads, "fps": best_fps}
    print(json.dumps(found), flush=True)  # noqa: T201
    for _ in sys.stdin:
        print(json.dumps(measure(best, frames, request["seconds"])), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
