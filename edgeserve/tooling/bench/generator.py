"""The load: closed-loop streams, each with so many frames in flight.

Run as a process of its own: `python -m edgeserve.tooling.bench.generator REQUEST`. Frames are
serialised before the clock starts, and results are not decoded further than protobuf does, so
that the generator takes as little of the machine as it can; what it takes is reported.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from dataclasses import dataclass, field

from edgeserve.client.load import LoadStream, serialise
from edgeserve.domain.result import Status
from edgeserve.tooling.bench.load import pictures


@dataclass(slots=True)
class Counts:
    """What all streams of one round saw."""

    latencies_ms: list[float] = field(default_factory=list)
    not_ok: int = 0


async def _stream(
    address: str,
    messages: list[bytes],
    request: dict[str, float],
    counts: Counts,
) -> None:
    in_flight = int(request["frames_in_flight"])
    async with LoadStream(address, messages) as stream:
        sent = [time.monotonic()] * in_flight
        for _ in range(in_flight):
            await stream.send()
        deadline = time.monotonic() + request["seconds"]
        number = 0
        while True:
            status = await stream.receive()
            now = time.monotonic()
            counts.latencies_ms.append(1000 * (now - sent[number % in_flight]))
            counts.not_ok += status is not Status.OK
            if now >= deadline:
                return
            sent[number % in_flight] = now
            number += 1
            await stream.send()


async def _round(request: dict[str, float], address: str, messages: list[bytes]) -> None:
    counts = Counts()
    started, used = time.monotonic(), time.process_time()
    streams = int(request["streams"])
    await asyncio.gather(*(_stream(address, messages, request, counts) for _ in range(streams)))
    elapsed = time.monotonic() - started
    done = len(counts.latencies_ms)
    ordered = sorted(counts.latencies_ms)
    print(  # noqa: T201 - its answer to the process that started it
        json.dumps(
            {
                "fps": done / elapsed,
                "frames": done,
                "p50_ms": ordered[done // 2],
                "p99_ms": ordered[min(done - 1, done * 99 // 100)],
                "drops": counts.not_ok,
                "cpu_ms_per_frame": 1000 * (time.process_time() - used) / done,
            },
        ),
        flush=True,
    )


def main() -> None:
    """Run one round for each line of standard input, which is the server's address."""
    request = json.loads(sys.argv[1])
    messages = [serialise(frame) for frame in pictures(request["source"])]
    for line in sys.stdin:
        asyncio.run(_round(request, line.strip(), messages))


if __name__ == "__main__":
    main()
