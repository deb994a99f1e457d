"""What it takes of memory that a CPU may switch between its two configurations.

    python tests/benchmarks/second_configuration.py [--streams 4] [--seconds 3] [--rounds 3]

Three servers, one after the other, see the same load: one that knows the LATENCY configuration
only, one that knows THROUGHPUT only, and one that has both, since the load made it switch. The PSS
of each is printed, and the ratio of the last to the first. Nothing else of the same environment
should run: pages of libraries that others use, too, count as shares only.
"""

from __future__ import annotations

import argparse
import json
from statistics import median

from edgeserve.tooling.bench.children import Child
from edgeserve.tooling.bench.load import pictures
from edgeserve.tooling.bench.target import started

SERVERS = {
    "latency": ("--hint", "latency"),
    "throughput": ("--hint", "throughput"),
    "both": (),
}


def loaded_mb(flags: tuple[str, ...], request: str) -> float:
    """PSS of a server after two loads, when the generator has gone."""
    with started(flags, pictures("sample")[0]) as server:
        with Child("edgeserve.tooling.bench.generator", request) as generator:
            for _ in range(2):
                generator.ask(f"{server.address} 0")
        return server.pss_mb() or float("nan")


def main() -> None:
    """Measure in turn."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--streams", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    load = {"source": "sample", "scenario": "closed", "frames_in_flight": 1}
    request = json.dumps(load | {"streams": arguments.streams, "seconds": arguments.seconds})
    rounds = []
    for _ in range(arguments.rounds):
        taken = {name: loaded_mb(flags, request) for name, flags in SERVERS.items()}
        rounds.append(taken["both"] / taken["latency"])
        told = ", ".join(f"{name} {mb:.0f} MB" for name, mb in taken.items())
        print(f"  {told}: {rounds[-1]:.3f}", flush=True)
    print(f"both / latency alone: {median(rounds):.3f} (median)")


if __name__ == "__main__":
    main()
