"""The load generator.

Run as a process of its own: `python -m edgeserve.tooling.bench.generator REQUEST`. Frames are
serialised before the clock starts, and results are not decoded further than protobuf does, so
that the generator takes as little of the machine as it can; what it takes is reported.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from typing import Any

from edgeserve.client.credentials import NOBODY, credentials_from
from edgeserve.client.load import serialise
from edgeserve.tooling.bench.load import pictures
from edgeserve.tooling.bench.scenarios import SCENARIOS, Load

_PERCENTILES = (50, 90, 95, 99, 99.9)


def _measure(scenario: str, load: Load) -> dict[str, Any]:
    started, used = time.monotonic(), time.process_time()
    counts = asyncio.run(SCENARIOS[scenario](load))
    elapsed = time.monotonic() - started
    ordered = sorted(counts.latencies_ms)
    late = sorted(counts.late_ms)
    return {
        "fps": (counts.frames - counts.dropped) / elapsed,
        "frames": counts.frames,
        "drops": counts.dropped + counts.errors,
        "dropped": counts.dropped,
        "errors": counts.errors,
        **{f"p{share:g}_ms": _percentile(ordered, share) for share in _PERCENTILES},
        "max_ms": ordered[-1] if ordered else None,
        "late_p99_ms": _percentile(late, 99),
        "cpu_ms_per_frame": 1000 * (time.process_time() - used) / max(1, counts.frames),
    }


def _percentile(ordered: list[float], share: float) -> float | None:
    """The least value that `share` percent do not exceed; None of nothing."""
    if not ordered:
        return None
    return ordered[min(len(ordered) - 1, int(len(ordered) * share / 100))]


def main() -> None:
    """Run one round for each line of standard input: the server's address and the cameras' rate."""
    request = json.loads(sys.argv[1])
    # Not in the request: everybody on the machine sees a command line.
    credentials = credentials_from(os.environ) if request.get("address") else NOBODY
    messages = [serialise(frame) for frame in pictures(request["source"])]
    for line in sys.stdin:
        address, fps = line.split()
        load = Load(
            address=address,
            messages=messages,
            streams=request["streams"],
            frames_in_flight=request["frames_in_flight"],
            fps=float(fps),
            seconds=request["seconds"],
            credentials=credentials,
        )
        print(json.dumps(_measure(request["scenario"], load)), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
