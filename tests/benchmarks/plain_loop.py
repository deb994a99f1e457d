"""The server beside loops of what a user writes: cv2.imdecode, a letterbox, OpenVINO, numpy.

    python -m tests.benchmarks.plain_loop [--streams 16] [--rounds 5] [--seconds 4]

The loops have no server around them, and run in the best of one to four threads. One hands the
network bytes, as the shipped one takes them; the other floats, by cv2.dnn.blobFromImage. All take
the same pictures in turn; the ratios of frames a second are printed, round by round, and their
medians.
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
WAYS = ("bytes", "blob")
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


def best_threads(detector: PlainDetector, frames: list[bytes]) -> int:
    """The threads in which it is the fastest."""
    speeds = {
        threads: loop_fps(detector, frames, threads, SWEEP_S)
        for threads in range(1, MOST_THREADS + 1)
    }
    return max(speeds, key=lambda threads: speeds[threads])


def serve_loops(seconds: float) -> None:
    """The loops' process: a line of JSON for each way that comes in."""
    detectors = {way: PlainDetector(MODEL, blob=way == "blob") for way in WAYS}
    frames = [bytes(frame.data) for frame in pictures("sample")]
    threads = {way: best_threads(detector, frames) for way, detector in detectors.items()}
    for line in sys.stdin:
        way = line.strip()
        fps = loop_fps(detectors[way], frames, threads[way], seconds)
        print(json.dumps({"fps": fps, "threads": threads[way]}), flush=True)


def ask(process: subprocess.Popen[str], way: str) -> dict[str, float]:
    """What the loops' process found."""
    if process.stdin is None or process.stdout is None:
        raise AssertionError
    process.stdin.write(f"{way}\n")
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
        serve_loops(arguments.seconds)
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
        for way in WAYS:
            ask(process, way)
        generator.ask(f"{server.address} 0")  # warm
        ratios: dict[str, list[float]] = {way: [] for way in WAYS}
        for _ in range(arguments.rounds):
            ours = generator.ask(f"{server.address} 0")
            for way in WAYS:
                plain = ask(process, way)
                ratios[way].append(ours["fps"] / plain["fps"])
                print(
                    f"  server {ours['fps']:.1f} fps, loop with {way} of {plain['threads']} "
                    f"threads {plain['fps']:.1f} fps: {ratios[way][-1]:.3f}",
                    flush=True,
                )
    for way in WAYS:
        print(f"server / loop of OpenCV code with {way}: {median(ratios[way]):.3f} (median)")


if __name__ == "__main__":
    main()
