"""Versions of a model swapped under load: nothing lost, nothing doubled, and memory that stays.

    python tests/benchmarks/swaps.py [--swaps 200] [--streams 8] [--fps 4] [--seconds 20]

Each stream sends frames at its rate, whatever comes back (open loop), under BLOCK, which drops
nothing. A new version is the shipped bundle under another number. Latency is the server's, from
arrival to result: "before" over some seconds without a swap, "during" over the frames that came
between the begin and the end of a load. Exit code 1 if a frame was lost, doubled, out of order or
in error.
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from edgeserve.catalog.repository import version_order
from edgeserve.client import AdminClient, AsyncDetectionClient, Policy, StreamOptions
from edgeserve.domain.result import Status
from edgeserve.tooling.bench.load import pictures
from edgeserve.tooling.bench.process import pss_mb
from edgeserve.tooling.server_process import ServerProcess
from tests.versions import NAME, write_version

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from edgeserve.domain.result import FrameResult

FIRST = 100


@dataclass
class Stream:
    """What one stream sent and got: (when it came back, milliseconds, version) of each frame."""

    sent: int = 0
    ended: bool = False
    results: list[FrameResult] = field(default_factory=list)
    came: list[float] = field(default_factory=list)

    async def run(self, client: AsyncDetectionClient, fps: float) -> None:
        """Send at a rate until `ended`."""
        frames = pictures("sample")
        started = time.monotonic()

        async def feed() -> AsyncIterator[bytes]:
            while not self.ended:
                await asyncio.sleep(max(0, started + self.sent / fps - time.monotonic()))
                self.sent += 1
                yield bytes(frames[self.sent % len(frames)].data)

        async for result in client.stream(feed(), StreamOptions(policy=Policy.BLOCK)):
            self.results.append(result)
            self.came.append(time.monotonic())

    def faults(self) -> list[str]:
        """What is wrong with the results."""
        ids = [result.frame_id for result in self.results]
        versions = [result.version for result in self.results]
        found = []
        if ids != list(range(self.sent)):
            found.append(f"{self.sent} frames, {len(ids)} results")
        if any(result.status is not Status.OK for result in self.results):
            found.append("a result is not OK")
        if versions != sorted(versions, key=version_order):
            found.append("an older version came after a newer one")
        return found


def p99_ms(streams: Sequence[Stream], *spans: tuple[float, float]) -> float:
    """Of the frames whose results came in one of the spans; nan if there are none."""
    times = [
        result.latency_us / 1000
        for stream in streams
        for result, came in zip(stream.results, stream.came, strict=True)
        if any(begin <= came <= end for begin, end in spans)
    ]
    return float(np.percentile(times, 99)) if times else float("nan")


async def swap(
    server: ServerProcess,
    admin: str,
    models: Path,
    streams: Sequence[Stream],
    swaps: int,
    seconds: float,
) -> None:
    """Let the streams run, swap under them, and print what came of it."""
    await asyncio.sleep(seconds)
    before = (time.monotonic() - 0.8 * seconds, time.monotonic())
    spans, memory_mb = [], {0: pss_mb(server.pid)}
    with AdminClient(admin) as client:
        for number in range(1, swaps + 1):
            version = FIRST + number
            write_version(models, version)
            began = time.monotonic()
            await asyncio.to_thread(client.load_model, NAME)
            spans.append((began, time.monotonic()))
            shutil.rmtree(models / NAME / str(version - 1), ignore_errors=True)
            if number in {swaps // 10, swaps // 2, swaps}:
                await asyncio.sleep(1)
                memory_mb[number] = pss_mb(server.pid)
    for stream in streams:
        stream.ended = True
    calm, busy = p99_ms(streams, before), p99_ms(streams, *spans)
    usual = float(np.nanmedian([p99_ms(streams, span) for span in spans]))
    took = np.median([end - begin for begin, end in spans])
    print(f"{swaps} swaps under {len(streams)} streams; a load takes {took:.2f} s (median)")
    print(f"p99 before {calm:.1f} ms, during {busy:.1f} ms: {busy / calm:.2f} times")
    print(f"p99 during the median swap {usual:.1f} ms: {usual / calm:.2f} times")
    print("PSS: " + ", ".join(f"{mb:.1f} MB after {n}" for n, mb in memory_mb.items()))
    print(f"after {swaps} / after {swaps // 2}: {memory_mb[swaps] / memory_mb[swaps // 2]:.4f}")


async def measure(arguments: argparse.Namespace, models: Path) -> list[Stream]:
    """Serve, stream and swap."""
    admin = f"unix:{models / 'admin.sock'}"
    flags = ("--listen", f"unix:{models / 'grpc.sock'}", "--http-listen", "", "--admin-listen")
    streams = [Stream() for _ in range(arguments.streams)]
    with ServerProcess(*flags, admin, "--models-dir", str(models), *arguments.flags) as server:
        clients = [AsyncDetectionClient(server.address) for _ in streams]
        swapping = swap(server, admin, models, streams, arguments.swaps, arguments.seconds)
        runs = (s.run(c, arguments.fps) for s, c in zip(streams, clients, strict=True))
        await asyncio.gather(swapping, *runs)
        for client in clients:
            await client.close()
    return streams


def main() -> int:
    """Print the figures; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--swaps", type=int, default=200)
    parser.add_argument("--streams", type=int, default=8)
    parser.add_argument("--fps", type=float, default=4, help="of each stream")
    parser.add_argument("--seconds", type=float, default=20, help="before the first swap")
    parser.add_argument("flags", nargs="*", help="more flags for the server, behind --")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        write_version(Path(folder), FIRST)
        streams = asyncio.run(measure(arguments, Path(folder)))
    sent = sum(stream.sent for stream in streams)
    faults = [fault for stream in streams for fault in stream.faults()]
    print(f"{sent} frames, {sum(len(s.results) for s in streams)} results; faults: {faults or 0}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
