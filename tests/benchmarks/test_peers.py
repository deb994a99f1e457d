"""The servers that ours is compared with do the same job."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgeserve.domain.request import DetectOptions
from edgeserve.engines.options import EngineOptions
from edgeserve.engines.registry import runtimes
from edgeserve.engines.resolve import load_engine
from edgeserve.geometry.boxes import iou_matrix
from edgeserve.pipeline.detector import Detector
from edgeserve.pipeline.selection import select
from edgeserve.tooling.bench.load import pictures
from edgeserve.tooling.named_bundle import named_bundle
from tests.benchmarks.peers.job import MODEL
from tests.benchmarks.peers.plain_opencv import PlainDetector


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("blob", [False, True], ids=["bytes", "blob"])
def test_what_a_user_would_write_finds_what_our_detector_finds(blob: bool) -> None:  # noqa: FBT001
    spec = named_bundle(MODEL, Path()).spec
    options = EngineOptions.model_validate({"provider": "openvino:CPU"})
    engine, _ = load_engine(spec, options, runtimes())
    worker = Detector(spec, engine, max_pixels=10**7, reduced_decode=True).create_worker()
    selection = select(spec, DetectOptions(score_threshold=0.5))
    plain = PlainDetector(MODEL, blob=blob)
    request = plain.create_request()
    compared = 0
    for picture in pictures("sample")[::8]:
        ours = worker.run(picture, selection).detections
        boxes_xyxy, _, class_ids = plain.run(request, bytes(picture.data))
        overlaps = iou_matrix(ours.boxes_xyxy, boxes_xyxy)
        same = ours.class_ids[:, None] == class_ids[None]
        assert ((overlaps > 0.75) & same).any(axis=1).all()
        compared += len(ours.boxes_xyxy)
    assert compared > 0
