from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edgeserve.catalog.bundle import Bundle
from edgeserve.postprocess.finalize import Selection
from edgeserve.tooling.dataset import read_split
from edgeserve.tooling.evaluate import detect, evaluate, open_engine
from edgeserve.tooling.golden import FILE

BUNDLES = Path(__file__).resolve().parents[2] / "models" / "bundles"
"""In the sources: an installed package leaves the FP32 form out."""
FORMS = [(r, p) for r in ("openvino", "onnxruntime") for p in ("int8", "fp32")]


@pytest.fixture(params=sorted(path.parent.name for path in BUNDLES.glob("*/model.toml")))
def shipped(request: pytest.FixtureRequest) -> Bundle:
    return Bundle.read(BUNDLES / request.param)


def test_files_are_those_of_the_manifest(shipped: Bundle) -> None:
    shipped.verify()
    assert shipped.manifest.golden is not None
    assert shipped.manifest.training is not None


def test_no_published_form_lost_more_than_it_may(shipped: Bundle) -> None:
    figures = {(a.runtime, a.precision, a.split, a.origin): a.ap for a in shipped.manifest.accuracy}
    for runtime in ("openvino", "onnxruntime"):
        for origin in ("highway", "people"):
            reference = figures["onnxruntime", "fp32", "val", origin]
            assert reference - figures[runtime, "int8", "val", origin] <= 0.005
            assert (runtime, "int8", "test", origin) in figures


@pytest.mark.parametrize(("runtime", "precision"), FORMS)
def test_every_form_finds_what_the_golden_file_holds(
    shipped: Bundle, runtime: str, precision: str
) -> None:
    golden = np.load(shipped.folder / FILE, allow_pickle=False)
    stored = golden["picture_bytes"].tobytes()
    pieces = np.split(np.frombuffer(stored, dtype=np.uint8), golden["picture_ends"][:-1])
    score, iou, most = golden["selection"].tolist()
    engine = open_engine(shipped.spec, runtime=runtime, precision=precision)
    found = detect(
        shipped.spec,
        engine,
        [one.tobytes() for one in pieces],
        Selection(score, iou, int(most)),
        "",
    )
    tolerance = 1e-3 if precision == "fp32" else 0.15
    for number, detections in enumerate(found):
        wanted = golden["scores"][golden["picture_ids"] == number]
        assert detections.scores[:1] == pytest.approx(wanted[:1], abs=tolerance)


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize("split", ["val", "test"])
@pytest.mark.parametrize(("runtime", "precision"), FORMS)
def test_the_cards_figures_come_out_again(
    shipped: Bundle, data_dir: Path, runtime: str, precision: str, split: str
) -> None:
    origins = read_split(data_dir / "road", split, shipped.manifest.labels)
    found = evaluate(
        shipped.spec, origins, split=split, runtime=runtime, precision=precision
    ).origins
    lines = [
        line
        for line in shipped.manifest.accuracy
        if (line.runtime, line.precision, line.split) == (runtime, precision, split)
    ]
    assert {line.origin for line in lines} == {"highway", "people"}
    for line in lines:
        assert found[line.origin].mean.ap == pytest.approx(line.ap, abs=0.001)
        assert found[line.origin].mean.ap50 == pytest.approx(line.ap50, abs=0.001)
