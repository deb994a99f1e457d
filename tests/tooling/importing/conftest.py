"""Imported bundles, and what they find in a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from edgeserve.cameras.open import open_source
from edgeserve.catalog.bundle import Bundle
from edgeserve.cli.main import run
from edgeserve.domain.request import DetectOptions
from edgeserve.engines.options import EngineOptions
from edgeserve.engines.registry import runtimes
from edgeserve.pipeline.detector import Detector
from edgeserve.pipeline.selection import select

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from onnx import ModelProto

    from edgeserve.domain.detections import Detections
    from edgeserve.domain.model import ModelFile

OUR_PICTURE = ("--color-order=BGR", "--fit=center", "--pad=114", "--mean=0")


def find(
    bundle: Bundle,
    runtime: str = "onnxruntime",
    file: ModelFile | None = None,
) -> Detections:
    """What a bundle finds in the first sample picture, over a score that none is close to."""
    spec = bundle.spec
    engine = runtimes()[runtime].load(file or spec.files[-1], "CPU", EngineOptions())
    worker = Detector(spec, engine, max_pixels=1 << 24).create_worker()
    options = DetectOptions(score_threshold=0.24)
    with open_source("sample", limit=1) as source:
        return worker.run(next(iter(source)), select(spec, options)).detections


@pytest.fixture
def bring(tmp_path: Path) -> Callable[..., Bundle]:
    """Save an ONNX model and import it by the command: `bring(model, "--head=v5")`."""

    def imported(model: ModelProto, *options: str) -> Bundle:
        import onnx  # noqa: PLC0415 - its tests are skipped where it is absent

        path = tmp_path / "mine.onnx"
        onnx.save(model, str(path))
        out = tmp_path / "models"
        assert run(["import", str(path), f"--out={out}", *options]) == 0
        newest = max((out / "mine").iterdir(), key=lambda folder: int(folder.name))
        return Bundle.read(newest)

    return imported
