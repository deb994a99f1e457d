"""What decoding at a fraction of the size costs in accuracy, and saves in time.

    python tests/benchmarks/reduced_decode.py DATA [--scale 2.5] [--split val] [--pictures 300]

The labelled pictures of DATA are enlarged and stored as JPEG again, as large cameras would send
them, and run through the server's frame path with the option `reduced_decode` and without.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from edgeserve.catalog.repository import shipped_dir
from edgeserve.domain.frame import EncodedFrame
from edgeserve.pipeline.detector import Detector
from edgeserve.tooling.dataset import LabelledPicture, Origin, read_split
from edgeserve.tooling.evaluate import SELECTION, open_engine
from edgeserve.tooling.named_bundle import named_bundle
from edgeserve.tooling.precision import average_precision

if TYPE_CHECKING:
    from edgeserve.domain.detections import Detections
    from edgeserve.domain.model import ModelSpec


def enlarged(picture: LabelledPicture, scale: float) -> LabelledPicture:
    """The same picture, so many times larger on each side."""
    pixels = np.asarray(cv2.imdecode(np.frombuffer(picture.data, np.uint8), cv2.IMREAD_COLOR))
    large = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    scale_xy = np.array(large.shape[1::-1]) / pixels.shape[1::-1]
    return LabelledPicture(
        picture.name,
        cv2.imencode(".jpg", large, [cv2.IMWRITE_JPEG_QUALITY, 90])[1].tobytes(),
        (picture.boxes_xyxy * np.tile(scale_xy, 2)).astype(np.float32),
        picture.class_ids,
    )


def detect(spec: ModelSpec, origin: Origin, *, reduced: bool) -> tuple[list[Detections], float]:
    """Detections of an origin's pictures, and the mean time of decode and letterbox in ms."""
    engine = open_engine(spec, runtime="openvino", precision="int8")
    detector = Detector(spec, engine, max_pixels=1 << 26, reduced_decode=reduced)
    worker = detector.create_worker()
    found, used_us = [], []
    for number, picture in enumerate(origin.pictures):
        inspection = worker.run(EncodedFrame(number, picture.data), SELECTION)
        found.append(inspection.detections)
        used_us.append(inspection.stages.decode_us + inspection.stages.preprocess_us)
    return found, float(np.median(used_us)) / 1000


def main() -> None:
    """Print a line for each origin and way."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--model", default="road-csp-tiny")
    parser.add_argument("--scale", type=float, default=2.5)
    parser.add_argument("--split", default="val")
    parser.add_argument("--pictures", type=int, default=300)
    arguments = parser.parse_args()
    spec = named_bundle(arguments.model, shipped_dir()).spec
    started = time.monotonic()
    for origin in read_split(arguments.data, arguments.split, spec.labels):
        some = origin.pictures[: arguments.pictures]
        large = Origin(
            origin.name,
            origin.labelled,
            tuple(enlarged(picture, arguments.scale) for picture in some),
        )
        for reduced in (False, True):
            found, prepare_ms = detect(spec, large, reduced=reduced)
            mean = average_precision(large, found, spec.labels).mean
            words = "reduced" if reduced else "full size"
            print(
                f"{origin.name}, {len(some)} pictures x{arguments.scale}, {words}: "
                f"AP {mean.ap:.4f} AP50 {mean.ap50:.4f}, decode and letterbox {prepare_ms:.2f} ms",
            )
    print(f"{time.monotonic() - started:.0f} s")


if __name__ == "__main__":
    main()
