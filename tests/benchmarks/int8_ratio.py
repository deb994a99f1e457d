"""How much faster a bundle's INT8 form is than its FP32 form, on one core of this machine.

Each process loads one form on OpenVINO or ONNX Runtime (FP32 with f32 pinned), warms up and times
single inferences; the two forms take turns, process by process, so that a slow spell of the
machine meets both. Prints a line a round and the median ratio::

    python tests/benchmarks/int8_ratio.py models/bundles/road-csp-tiny --isa AVX2_VNNI
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from edgeserve.catalog.bundle import Bundle
from edgeserve.engines.options import EngineOptions
from edgeserve.engines.registry import runtimes
from edgeserve.engines.resolve import load_engine

_WARM_UP = 20
_MIN_RUNS, _SECONDS = 50, 4.0


def _child(folder: Path, runtime: str, precision: str) -> float:
    """Milliseconds of the median inference."""
    options = EngineOptions.model_validate(
        {
            "provider": f"{runtime}:CPU",
            "strict": True,
            "precision": precision,
            "hint": "latency",
            "threads": 1,
        }
    )
    engine, _ = load_engine(Bundle.read(folder).spec, options, runtimes())
    request = engine.create_request()
    shape = tuple(max(1, side) for side in engine.input.shape)
    tensor = np.random.default_rng(0).integers(0, 256, shape).astype(engine.input.dtype)
    for _ in range(_WARM_UP):
        request.infer(tensor)
    times_ms: list[float] = []
    end = time.monotonic() + _SECONDS
    while len(times_ms) < _MIN_RUNS or time.monotonic() < end:
        start = time.perf_counter()
        request.infer(tensor)
        times_ms.append((time.perf_counter() - start) * 1000)
    return statistics.median(times_ms)


def _measure(arguments: argparse.Namespace, precision: str) -> float:
    environment = dict(os.environ)
    if arguments.isa:
        environment["ONEDNN_MAX_CPU_ISA"] = arguments.isa
    command = [sys.executable, __file__, str(arguments.bundle), "--runtime", arguments.runtime]
    told = subprocess.run(
        [*command, "--child", precision], env=environment, check=True, capture_output=True
    )
    return float(told.stdout)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--runtime", default="openvino")
    parser.add_argument("--isa", help="value of ONEDNN_MAX_CPU_ISA, as in AVX2_VNNI; OpenVINO only")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--child", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        print(_child(arguments.bundle, arguments.runtime, arguments.child))
        return
    ratios = []
    for number in range(arguments.rounds):
        fp32_ms, int8_ms = _measure(arguments, "fp32"), _measure(arguments, "int8")
        ratios.append(fp32_ms / int8_ms)
        print(f"round {number + 1}: fp32 {fp32_ms:.2f} ms, int8 {int8_ms:.2f} ms", flush=True)
    where = f"{arguments.runtime}, {arguments.isa or 'native'}"
    print(f"{arguments.bundle.name}, {where}: INT8 {statistics.median(ratios):.2f}x FP32")


if __name__ == "__main__":
    main()
