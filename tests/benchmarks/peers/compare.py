"""The same job on other model servers, beside ours: `make peers`.

    python -m tests.benchmarks.peers.compare WHEEL [--streams 1 4 16 64] [--rounds 5]

Each server decodes the same JPEGs and runs the same INT8 model: the others with what their user
would write (OpenCV, OpenVINO, numpy), once with the floats of blobFromImage, as most do, and once
with the picture's bytes, and a third time with our own detector inside, where nothing but the
serving differs. Rounds are interleaved, one generator at a time is at work. Peers are asked by the
Open Inference Protocol, one picture a request, the next when the answer comes; we by our stream,
one frame in flight, and by the same protocol. At the end all are given one open load, 70 % of what
the slowest can do, as eight cameras.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from edgeserve.tooling.bench.process import machine
from tests.benchmarks.peers.servers import JOBS, KServe, MlServer, Ours, PyTriton

if TYPE_CHECKING:
    from tests.benchmarks.peers.servers import Peer, Server

KINDS: dict[str, type[Peer]] = {"mlserver": MlServer, "kserve": KServe, "pytriton": PyTriton}
_CAMERAS = 8
_LOAD = 0.7
_ROWS = (
    ("frames/s", "fps", "{:.1f}"),
    ("p50, ms", "p50_ms", "{:.1f}"),
    ("p99, ms", "p99_ms", "{:.1f}"),
    ("server CPU a frame, ms", "server_cpu_ms_per_frame", "{:.2f}"),
    ("generator CPU a frame, ms", "cpu_ms_per_frame", "{:.2f}"),
    ("PSS, MB", "pss_mb", "{:.0f}"),
)


Way = tuple["Server", str]
"""A server and the protocol that it is asked by."""


class Generator:
    """The process that asks."""

    def __init__(self) -> None:
        """Start it."""
        command = [sys.executable, "-m", "tests.benchmarks.peers.load"]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def measure(self, way: Way, streams: int, fps: float, seconds: float) -> dict[str, float]:
        """Let it ask one server for so long."""
        server, protocol = way
        before = server.cpu_seconds()
        line = f"{protocol} {server.address} {streams} {fps} {seconds}\n"
        asked, answers = self._process.stdin, self._process.stdout
        if asked is None or answers is None:
            raise TypeError
        asked.write(line)
        asked.flush()
        answer = answers.readline()
        if not answer:
            text = f"the generator failed at {server.name} over {protocol}; its words are above"
            raise RuntimeError(text)
        result: dict[str, float] = json.loads(answer)
        used = server.cpu_seconds() - before
        return result | {
            "server_cpu_ms_per_frame": 1000 * used / result["frames"],
            "pss_mb": server.pss_mb(),
        }

    def stop(self) -> None:
        """End it."""
        self._process.communicate()


def compare(
    ways: dict[str, Way],
    generator: Generator,
    load: tuple[int, float],
    arguments: argparse.Namespace,
) -> dict[str, dict[str, float]]:
    """Interleaved rounds of one load; the medians of each way."""
    streams, fps = load
    rounds: dict[str, list[dict[str, float]]] = {name: [] for name in ways}
    for number in range(-1, arguments.rounds):  # the first one warms up
        for name, way in ways.items():
            print(f"  round {number + 1} of {arguments.rounds}: {name}", file=sys.stderr)
            seconds = arguments.seconds if number >= 0 else 1.0
            result = generator.measure(way, streams, fps, seconds)
            if number >= 0:
                rounds[name].append(result)
    return {
        name: {key: median(one[key] for one in results) for key in results[0]}
        for name, results in rounds.items()
    }


def table(title: str, results: dict[str, dict[str, float]]) -> str:
    """A column a way, in Markdown, and what we have to the best of the others."""
    lines = ["", f"| {title} | " + " | ".join(results) + " |", "|---|" + "---|" * len(results)]
    for words, key, form in _ROWS:
        cells = (form.format(result[key]) for result in results.values())
        lines.append(f"| {words} | {' | '.join(cells)} |")
    peers = [result for name, result in results.items() if not name.startswith(Ours.name)]
    ours = results[Ours.name]
    lines.append(
        f"\nours to the better of the others: {ours['fps'] / max(p['fps'] for p in peers):.2f} of "
        f"the frames/s, {ours['p99_ms'] / min(p['p99_ms'] for p in peers):.2f} of the p99, "
        f"{ours['pss_mb'] / min(p['pss_mb'] for p in peers):.2f} of the PSS"
    )
    return "\n".join(lines)


def main() -> None:
    """Install, start, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("wheel", type=Path, help="of edgeserve, for the others' environments")
    parser.add_argument("--environments", type=Path, default=Path(".venv-peers"))
    parser.add_argument("--peers", nargs="+", choices=KINDS, default=["mlserver", "kserve"])
    parser.add_argument("--jobs", nargs="+", choices=JOBS, default=list(JOBS))
    parser.add_argument("--streams", type=int, nargs="+", default=[1, 4, 16, 64])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=6.0)
    arguments = parser.parse_args()
    peers = [
        KINDS[name](arguments.environments.resolve(), arguments.wheel.resolve(), job)
        for name in arguments.peers
        for job in arguments.jobs
    ]
    for peer in peers:
        print(f"installing {peer.requirement}", file=sys.stderr)
        peer.install()
    print(machine())
    with ExitStack() as stack:
        ours = stack.enter_context(Ours())
        generator = Generator()
        stack.callback(generator.stop)
        ways: dict[str, Way] = {ours.name: (ours, "stream"), f"{ours.name}, OIP": (ours, "oip")}
        ways |= {peer.title: (stack.enter_context(peer), "oip") for peer in peers}
        slowest = float("inf")
        for streams in arguments.streams:
            print(f"{streams} streams", file=sys.stderr)
            results = compare(ways, generator, (streams, 0), arguments)
            print(table(f"{streams} streams", results), flush=True)
            slowest = min([slowest, *(one["fps"] for one in results.values())])
        fps = _LOAD * slowest / _CAMERAS
        results = compare(ways, generator, (_CAMERAS, fps), arguments)
        print(table(f"{_CAMERAS} cameras at {fps:.1f} fps", results))


if __name__ == "__main__":
    main()
