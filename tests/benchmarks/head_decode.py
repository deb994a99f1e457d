"""What a head costs beside the network that it belongs to.

Decodes and suppresses an output of 8400 boxes with 80 classes, of which about 200 score above the
threshold, and runs a bundle's network on the same core, turn by turn:

    python tests/benchmarks/head_decode.py [BUNDLE FOLDER] [--rounds N]

Prints medians and their ratio; asserts nothing.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from edgeserve.catalog.bundle import Bundle
from edgeserve.catalog.repository import shipped_dir
from edgeserve.domain.model import HeadSpec, InputSpec, ModelSpec
from edgeserve.engines.options import EngineOptions
from edgeserve.engines.registry import runtimes
from edgeserve.geometry.grid import cell_centres
from edgeserve.geometry.letterbox import Letterbox
from edgeserve.postprocess.finalize import Selection, finalize
from edgeserve.postprocess.heads import create_head

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

SIDE_PX, BOXES, CLASSES, CANDIDATES = 640, 8400, 80, 200
STRIDES = (8, 16, 32)
SELECTION = Selection(score_threshold=0.25, iou_threshold=0.45, max_detections=100)


def outputs(layout: str) -> dict[str, NDArray[np.float32]]:
    """A crowded picture: 20 objects, each found by ten cells."""
    random = np.random.default_rng(0)
    centres, _ = cell_centres(SIDE_PX, SIDE_PX, STRIDES)
    boxes = np.concatenate([centres, random.uniform(10, 200, (BOXES, 2))], axis=1)
    scores = random.uniform(0, 0.02, (BOXES, CLASSES))
    cells = random.permutation(BOXES)[:CANDIDATES]
    boxes[cells] = np.repeat(boxes[cells[:20]], CANDIDATES // 20, axis=0)
    boxes[cells] += random.normal(0, 3, (CANDIDATES, 4))
    scores[cells, np.repeat(random.integers(0, CLASSES, 20), CANDIDATES // 20)] = 0.8
    if layout == "v8":
        rows = np.concatenate([boxes, scores], axis=1).T
    else:
        rows = np.concatenate([boxes, scores.max(axis=1, keepdims=True), scores], axis=1)
    return {"d": np.ascontiguousarray(rows[None], dtype=np.float32)}


def head_round(layout: str, like: ModelSpec) -> Callable[[], int]:
    """Decode and suppress; returns how many are left."""
    picture: InputSpec = replace(like.input, width_px=SIDE_PX, height_px=SIDE_PX)
    spec = replace(
        like,
        labels=tuple(map(str, range(CLASSES))),
        input=picture,
        head=HeadSpec(layout, STRIDES, {"detections": "d"}),
    )
    head, raw = create_head(spec), outputs(layout)
    placement = Letterbox.plan(1280, 720, SIDE_PX, SIDE_PX)

    def once() -> int:
        candidates = head.candidates(raw, SELECTION.score_threshold)
        return len(finalize(candidates, SELECTION, placement))

    return once


def network_round(bundle: Bundle) -> Callable[[], Mapping[str, NDArray[np.float32]]]:
    """Run the bundle's first file on one core."""
    spec, file = bundle.spec, bundle.spec.files[0]
    engine = runtimes()[file.runtimes[0]].load(file, "CPU", EngineOptions(threads=1))
    request, wanted = engine.create_request(), spec.input
    size = (wanted.height_px, wanted.width_px)
    shape = (1, *size, 3) if wanted.layout == "NHWC" else (1, 3, *size)
    tensor = np.random.default_rng(0).integers(0, 256, shape).astype(wanted.dtype)
    return lambda: request.infer(tensor)


def median_ms(rounds: int, *works: Callable[[], object]) -> list[float]:
    """Medians of works that take turns."""
    times: list[list[float]] = [[] for _ in works]
    for _ in range(rounds):
        for work, taken in zip(works, times, strict=True):
            started = time.perf_counter()
            work()
            taken.append(1000 * (time.perf_counter() - started))
    return [statistics.median(taken) for taken in times]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    default = shipped_dir() / "road-csp-tiny"
    parser.add_argument("bundle", nargs="?", type=Path, default=default)
    parser.add_argument("--rounds", type=int, default=200)
    arguments = parser.parse_args()
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    bundle = Bundle.read(arguments.bundle)
    network = network_round(bundle)
    for layout in ("v8", "v5"):
        work = head_round(layout, bundle.spec)
        head_ms, network_ms = median_ms(arguments.rounds, work, network)
        name, picture = bundle.manifest.name, bundle.manifest.input
        print(
            f"{layout} {BOXES}x{CLASSES}, {CANDIDATES} candidates, {work()} left: "
            f"{head_ms:.2f} ms; {name} at {picture.width_px}x{picture.height_px}: "
            f"{network_ms:.2f} ms; ratio {head_ms / network_ms:.3f}"
        )


if __name__ == "__main__":
    main()
