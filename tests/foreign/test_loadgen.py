"""MLPerf's load generator on Triton's client: `tests/benchmarks/loadgen.py` in short."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from edgeserve.catalog.bundle import Bundle
from edgeserve.catalog.repository import shipped_dir
from edgeserve.tooling.dataset import read_split
from edgeserve.tooling.evaluate import SELECTION, detect, open_engine
from tests.benchmarks import loadgen

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = [pytest.mark.foreign, pytest.mark.timeout(1200)]

LOADGEN = ("mlcommons-loadgen>=6.0", "tritonclient[grpc]>=2.60")
PICTURES = 12


@pytest.fixture
def pictures(data_dir: Path) -> list[bytes]:
    """Of the validation split."""
    labels = Bundle.read(shipped_dir() / loadgen.MODEL).spec.labels
    return [one.data for one in read_split(data_dir / "road", "val", labels)[0].pictures[:PICTURES]]


def test_accuracy_mode_logs_what_evaluate_finds(
    environment: Callable[[tuple[str, ...]], Path], pictures: list[bytes], tmp_path: Path
) -> None:
    python = environment(LOADGEN)
    loadgen.store(pictures, tmp_path / "pictures")
    with loadgen.server("--no-reduced-decode") as server:
        flags = ("--scenario", "Offline", "--mode", "accuracy")
        loadgen.drive(python, server.address, tmp_path / "pictures", tmp_path / "logs", *flags)
    spec = Bundle.read(shipped_dir() / loadgen.MODEL).spec
    engine = open_engine(spec, runtime="openvino", precision="int8")
    expected = detect(spec, engine, pictures, SELECTION, "test")
    found = loadgen.answers(tmp_path / "logs")
    assert len(found) == PICTURES
    for got, wanted in zip(found, expected, strict=True):
        np.testing.assert_array_equal(got.class_ids, wanted.class_ids)
        np.testing.assert_allclose(got.scores, wanted.scores, atol=1e-3)
        np.testing.assert_allclose(got.boxes_xyxy, wanted.boxes_xyxy, atol=0.5)


def test_a_single_stream_of_the_load_generator_is_valid(
    environment: Callable[[tuple[str, ...]], Path], pictures: list[bytes], tmp_path: Path
) -> None:
    python = environment(LOADGEN)
    loadgen.store(pictures, tmp_path / "pictures")
    with loadgen.server() as server:
        flags = ("--scenario", "SingleStream", "--mode", "performance", "--seconds", "2")
        loadgen.drive(python, server.address, tmp_path / "pictures", tmp_path / "logs", *flags)
    assert loadgen.is_valid(tmp_path / "logs"), loadgen.summary(tmp_path / "logs")
