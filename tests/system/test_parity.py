"""Both engines find the same on real pictures.

Each rounds to 8 bits in its own way, and so each draws a box a little differently: at an overlap of
0.9 with its partner lie 0.92 of them, at 0.8 0.98, at 0.5 all.
"""

from __future__ import annotations

import tarfile
from typing import TYPE_CHECKING

import numpy as np
import pytest

from edgeserve.catalog.repository import Repository, shipped_dir
from edgeserve.domain.frame import EncodedFrame
from edgeserve.domain.request import DetectOptions
from edgeserve.engines.options import EngineOptions
from edgeserve.engines.registry import runtimes
from edgeserve.engines.resolve import load_engine
from edgeserve.geometry.boxes import iou_matrix
from edgeserve.pipeline.detector import Detector
from edgeserve.pipeline.selection import select

if TYPE_CHECKING:
    from pathlib import Path

    from edgeserve.domain.detections import Detections

PICTURES = 100
SURE = 0.4
OVERLAP = 0.8


def pictures(data_dir: Path) -> list[EncodedFrame]:
    """Every sixth picture of the test split."""
    frames: list[EncodedFrame] = []
    with tarfile.open(data_dir / "road" / "test-0.tar") as archive:
        members = sorted(name for name in archive.getnames() if name.endswith(".jpg"))
        for name in members[:: len(members) // PICTURES][:PICTURES]:
            file = archive.extractfile(name)
            assert file is not None
            frames.append(EncodedFrame(len(frames), file.read()))
    return frames


def detect(provider: str, frames: list[EncodedFrame]) -> list[Detections]:
    spec = Repository(shipped_dir()).find("road-csp-tiny").spec
    options = EngineOptions(provider=provider, strict=True)
    engine, _ = load_engine(spec, options, runtimes())
    worker = Detector(spec, engine, max_pixels=10_000_000, reduced_decode=True).create_worker()
    # A partner may score just below the line: it is looked for with a lower threshold.
    selection = select(spec, DetectOptions(score_threshold=SURE / 2))
    return [worker.run(frame, selection).detections for frame in frames]


def matched(ours: Detections, theirs: Detections) -> tuple[int, int]:
    """How many sure boxes of ours have a partner among theirs, and how many there are."""
    sure = ours.scores >= SURE
    fits = iou_matrix(ours.boxes_xyxy[sure], theirs.boxes_xyxy) >= OVERLAP
    fits &= ours.class_ids[sure][:, None] == theirs.class_ids[None, :]
    return int(fits.any(axis=1).sum()), int(np.count_nonzero(sure))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("openvino:CPU", "onnxruntime:CPU"),
        ("onnxruntime:CPU", "openvino:CPU"),
    ],
)
def test_sure_boxes_of_one_engine_are_found_by_the_other(
    data_dir: Path,
    first: str,
    second: str,
) -> None:
    frames = pictures(data_dir)
    assert len(frames) == PICTURES
    pairs = [
        matched(ours, theirs)
        for ours, theirs in zip(detect(first, frames), detect(second, frames), strict=True)
    ]
    hits, total = (sum(column) for column in zip(*pairs, strict=True))
    assert total > PICTURES
    assert hits / total >= 0.95, f"{hits} of {total} boxes"
