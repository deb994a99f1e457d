"""Python's switch interval and the tail of latency: servers in turn that differ in nothing else.

python tests/benchmarks/switch_interval.py [--streams 8] [--rounds 5] [--ms 5 1 0.2]
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
from statistics import median

from edgeserve.tooling.bench.children import Child

_START = """
import sys
sys.setswitchinterval(float(sys.argv.pop(1)))
from edgeserve.cli.main import main
main()
"""


def start(interval_s: float) -> tuple[subprocess.Popen[str], str]:
    """A server with this interval, and its address."""
    process = subprocess.Popen(
        [
            *(sys.executable, "-c", _START, str(interval_s), "serve", "--log-level", "warning"),
            *("--listen", "127.0.0.1:0", "--http-listen", "127.0.0.1:0"),
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    line = process.stdout.readline() if process.stdout else ""
    match = re.match(r"ready grpc=(\S+)", line)
    if match is None:
        message = "the server did not start"
        raise SystemExit(message)
    return process, match[1]


def main() -> None:
    """Print medians for each interval."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--streams", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--ms", type=float, nargs="+", default=[5, 1, 0.2])
    arguments = parser.parse_args()
    request = {
        "source": "sample",
        "streams": arguments.streams,
        "frames_in_flight": 1,
        "seconds": arguments.seconds,
    }
    servers = {interval_ms: start(interval_ms / 1000) for interval_ms in arguments.ms}
    loads: dict[float, list[dict[str, float]]] = {interval_ms: [] for interval_ms in servers}
    try:
        with Child("edgeserve.tooling.bench.generator", json.dumps(request)) as generator:
            for number in range(arguments.rounds + 1):
                for interval_ms, (_, address) in servers.items():
                    load = generator.ask(address)
                    if number:  # the first round warms up
                        loads[interval_ms].append(load)
    finally:
        for process, _ in servers.values():
            process.terminate()
            process.communicate()
    for interval_ms, rounds in loads.items():
        words = ", ".join(
            f"{name} {median(one[name] for one in rounds):.1f}"
            for name in ("fps", "p50_ms", "p99_ms")
        )
        print(f"{interval_ms:g} ms: {words}")


if __name__ == "__main__":
    main()
