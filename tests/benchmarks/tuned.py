"""What `edgeserve tune` is worth: servers with its choice and with the defaults, in turn.

    python tests/benchmarks/tuned.py [MODEL] [--seconds 60] [--rounds 9] [--caps none,AVX2_VNNI]

Tunes the model in a cache directory of its own, on the chip as it is and with oneDNN capped to the
instructions of a smaller one, then has `edgeserve bench --against=--no-tuned` measure both servers
with one stream and with eight. Ratios over 1 are the choice's gain in frames a second.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from typing import Any

CAP = "ONEDNN_MAX_CPU_ISA"
STREAMS = ("1", "8")


def ask(environment: dict[str, str], *arguments: str) -> Any:  # noqa: ANN401 - JSON
    """What a command says."""
    command = [sys.executable, "-m", "edgeserve", *arguments, "--json"]
    ended = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True)
    return json.loads(ended.stdout)


def measure(cap: str, cache: str, arguments: argparse.Namespace) -> None:
    """Tune, compare, print."""
    environment = os.environ | {"EDGESERVE_CACHE_DIR": cache}
    if cap != "none":
        environment[CAP] = cap
    model = arguments.model
    tuned = ask(environment, "tune", *model, "--seconds", str(arguments.seconds))
    choice = tuned["choice"]
    print(f"\n{CAP} {cap}: {choice['device']} {choice['precision']}, ", end="")
    print(", ".join(f"{name} {choice[name]}" for name in ("hint", "threads", "streams", "workers")))
    print(f"  by tune:  {choice['single']:.2f} one at a time, {choice['saturated']:.2f} saturated")
    streams = [part for count in STREAMS for part in ("--streams", count)]
    rounds = ("--rounds", str(arguments.rounds), "--against=--no-tuned")
    named = ("--model", choice["model"].partition(":")[0])
    for found in ask(environment, "bench", *streams, *rounds, *named):
        ratios = sorted(found["rounds"]["fps_ratio"])
        print(
            f"  by bench: {found['streams']} streams {found['fps_ratio']:.2f} in frames/s "
            f"(rounds {ratios[0]:.2f} to {ratios[-1]:.2f}), {found['p50_ms_ratio']:.2f} in p50"
        )


def main() -> None:
    """Print the ratios under each cap."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", nargs="*", help="name of a bundle [default: the default model]")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--caps", default="none,AVX2_VNNI")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as cache:
        for cap in arguments.caps.split(","):
            measure(cap, cache, arguments)


if __name__ == "__main__":
    main()
