"""MLPerf's load generator against a server: SingleStream, MultiStream and Offline, and accuracy.

Needs a Python of its own that has `mlcommons-loadgen` and `tritonclient[grpc]`::

    python3 -m venv /tmp/loadgen
    /tmp/loadgen/bin/pip install mlcommons-loadgen 'tritonclient[grpc]'
    python tests/benchmarks/loadgen.py /tmp/loadgen/bin/python ../shared/data/road [--seconds 60]

Prints each scenario's verdict and figure, then average precision beside `evaluate`'s on the same
pictures. Exit code 1 when a result is not VALID or the two differ by more than 0.001.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from edgeserve.catalog.bundle import Bundle
from edgeserve.catalog.repository import shipped_dir
from edgeserve.domain.detections import Detections
from edgeserve.tooling.dataset import read_split
from edgeserve.tooling.evaluate import evaluate
from edgeserve.tooling.precision import average_precision
from edgeserve.tooling.server_process import ServerProcess

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

DRIVER = Path(__file__).parent.parent / "foreign" / "loadgen_driver.py"
MODEL = "road-csp-tiny"
TOLERANCE = 1e-3
_FIGURES = {
    "SingleStream": r"90\.0th percentile latency \(ns\) : (\d+)",
    "MultiStream": r"99\.0th percentile latency \(ns\) : (\d+)",
    "Offline": r"Samples per second: ([\d.]+)",
}
_SAMPLES = {"SingleStream": 1, "MultiStream": 8}
"""Of a query."""
_RATE = 200
"""Samples a second that Offline expects where no scenario ran before it."""


def drive(python: Path, address: str, pictures: Path, logs: Path, *flags: str) -> None:
    """Run the load generator in its own environment."""
    logs.mkdir(parents=True, exist_ok=True)
    command = [str(python), str(DRIVER), address, str(pictures), str(logs), *flags]
    subprocess.run(command, check=True)


def summary(logs: Path) -> str:
    """What the load generator says of a run."""
    return (logs / "mlperf_log_summary.txt").read_text(encoding="utf-8")


def is_valid(logs: Path) -> bool:
    """Whether it judges the run VALID."""
    return "Result is : VALID" in summary(logs)


def answers(logs: Path) -> list[Detections]:
    """The detections that were logged in accuracy mode, by picture."""
    logged = json.loads((logs / "mlperf_log_accuracy.json").read_text(encoding="utf-8"))
    found: dict[int, Detections] = {}
    for one in logged:
        rows = np.frombuffer(bytes.fromhex(one["data"]), "<f4").reshape(-1, 6)
        found[one["qsl_idx"]] = Detections(
            boxes_xyxy=rows[:, :4].copy(),
            scores=rows[:, 4].copy(),
            class_ids=rows[:, 5].astype(np.int64),
        )
    return [found[index] for index in range(len(found))]


def store(pictures: Iterable[bytes], folder: Path) -> None:
    """Write pictures under names in their order."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, data in enumerate(pictures):
        (folder / f"{number:06}.jpg").write_bytes(data)


def performance(python: Path, work: Path, seconds: float, scenarios: Sequence[str]) -> bool:
    """Run scenarios; whether all are VALID."""
    valid, rate = True, 0.0
    with server() as running:
        for scenario in scenarios:
            logs = work / scenario
            flags = ["--scenario", scenario, "--mode", "performance", "--seconds", str(seconds)]
            if scenario == "Offline":
                # More samples than fit into the time: a run that is too short is not VALID.
                flags += ["--qps", str(2 * rate or _RATE)]
            drive(python, running.address, work / "pictures", logs, *flags)
            found = re.search(_FIGURES[scenario], summary(logs))
            value = float(found.group(1)) if found else float("nan")
            if scenario != "Offline":
                rate = 1e9 * _SAMPLES[scenario] / value
            verdict = "VALID" if is_valid(logs) else "INVALID"
            shown = f"{value:.1f} samples/s" if scenario == "Offline" else f"{value / 1e6:.1f} ms"
            print(f"{scenario:<13} {verdict:<8} {shown}", flush=True)
            valid &= is_valid(logs)
    return valid


def accuracy(python: Path, work: Path, data: Path, split: str) -> bool:
    """Compare the logged detections' precision with `evaluate`'s; whether they agree."""
    spec = Bundle.read(shipped_dir() / MODEL).spec
    origins = read_split(data, split, spec.labels)
    with server("--no-reduced-decode") as running:
        flags = ("--scenario", "Offline", "--mode", "accuracy")
        drive(python, running.address, work / "pictures", work / "accuracy", *flags)
    found = answers(work / "accuracy")
    ours = evaluate(spec, origins, split=split, runtime="openvino", precision="int8").origins
    agree, start = True, 0
    for origin in origins:
        part = found[start : start + len(origin.pictures)]
        start += len(origin.pictures)
        mean, own = average_precision(origin, part, spec.labels).mean, ours[origin.name].mean
        print(f"{origin.name:<13} AP {mean.ap:.4f} AP50 {mean.ap50:.4f}  (evaluate {own.ap:.4f})")
        agree &= abs(mean.ap - own.ap) <= TOLERANCE and abs(mean.ap50 - own.ap50) <= TOLERANCE
    return agree


def server(*flags: str) -> ServerProcess:
    """A server on any port, of the runtime that `evaluate` is asked for."""
    common = ("--listen", "127.0.0.1:0", "--http-listen", "", "--admin-listen", "")
    return ServerProcess(*common, "--provider", "openvino:CPU", *flags)


def main(given: Sequence[str] | None = None) -> int:
    """Run everything; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("python", type=Path)
    parser.add_argument("data", type=Path)
    parser.add_argument("--split", default="val")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--only", choices=["accuracy", "performance"])
    names = list(_FIGURES)
    parser.add_argument("--scenario", choices=names, action="append", help="[default: all]")
    arguments = parser.parse_args(given)
    labels = Bundle.read(shipped_dir() / MODEL).spec.labels
    good = True
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        origins = read_split(arguments.data, arguments.split, labels)
        pictures = (one.data for origin in origins for one in origin.pictures)
        store(pictures, work / "pictures")
        if arguments.only != "accuracy":
            scenarios = arguments.scenario or names
            good &= performance(arguments.python, work, arguments.seconds, scenarios)
        if arguments.only != "performance":
            good &= accuracy(arguments.python, work, arguments.data, arguments.split)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
