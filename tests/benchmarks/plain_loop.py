"""The server beside a loop of what a user writes: cv2.imdecode, a letterbox, OpenVINO, numpy.

    python -m tests.benchmarks.plain_loop [--streams 16] [--rounds 5] [--seconds 4]

The loop has no server around it, and runs in the best of one to four threads. Both take the same
pictures in turn; the ratio of frames a second is printed, round by round, and its median.
"""

from __future__ import annotations

import argparse
import itertools
import json
import subprocess
import sys
import threading
import time
from statistics import median

from edgeserve.tooling.bench.children import Child
from edgeserve.tooling.bench.load import pictures
from edgeserve.tooling.server_process import ServerProcess
from tests.benchmarks.peers.plain_opencv import PlainDetector

MODEL = "road-csp-tiny"
MOST_THREADS = 4
SWEEP_S = 2.0


def loop_fps(detector: PlainDetector, frames: list[bytes], threads: int, seconds: float) -> float:
    """Frames a second of so many threads."""
    counts = [0] * threads
    deadline = time.monotonic() + seconds

    def work(index: int) -> None:
        request = detector.create_request()
        for frame in itertools.cycle(frames):
            detector.run(request, frame)
            counts[index] += 1
            if time.monotonic() >= deadline:
                return

    started = time.monotonic()
    workers = [threading.Thread(target=work, args=(index,)) for index in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return sum(counts) / (time.monotonic() - started)


def serve_loop(seconds: float) -> None:
    """The loop's process: a line of JSON for each that comes in."""
    detector = PlainDetector(MODEL)
    frames = [bytes(frame.data) for frame in pictures("sample")]
    speeds = {
        threads: loop_fps(detector, frames, threads, SWEEP_S)
        for threads in range(1, MOST_THREADS + 1)
    }
    best = max(speeds, key=lambda threads: speeds[threads])
    for _ in sys.stdin:
        found = {"fps": loop_fps(detector, frames, best, seconds), "threads": best}
        print(json.dumps(found), flush=True)


def ask(process: subprocess.Popen[str]) -> dict[str, float]:
    """What the loop's process found."""
    if process.stdin is None or process.stdout is None:
        raise AssertionError
    process.stdin.write("\n")
    process.stdin.flush()
    found: dict[str, float] = json.loads(process.stdout.readline())
    return found


def main() -> None:
    """Measure in turn."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--streams", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--loop", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.loop:
        serve_loop(arguments.seconds)
        return
    load = {"source": "sample", "scenario": "closed", "streams": arguments.streams}
    request = json.dumps(load | {"frames_in_flight": 1, "seconds": arguments.seconds})
    flags = ("--listen", "127.0.0.1:0", "--http-listen", "", "--hint", "throughput")
    loop = [sys.executable, "-m", "tests.benchmarks.plain_loop", "--loop"]
    with (
        ServerProcess(*flags) as server,
        Child("edgeserve.tooling.bench.generator", request) as generator,
        subprocess.Popen(
            [*loop, "--seconds", str(arguments.seconds)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as process,
    ):
        generator.ask(f"{server.address} 0")  # warm
        ask(process)
        ratios = []
        for _ in range(arguments.rounds):
            ours, plain = generator.ask(f"{server.address} 0"), ask(process)
            ratios.append(ours["fps"] / plain["fps"])
            print(
                f"  server {ours['fps']:.1f} fps, loop of {plain['threads']} threads "
                f"{plain['fps']:.1f} fps: {ratios[-1]:.3f}",
                flush=True,
            )
    print(f"server / loop of OpenCV code: {median(ratios):.3f} (median)")


if __name__ == "__main__":
    main()
