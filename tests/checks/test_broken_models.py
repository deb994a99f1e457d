"""What is broken on purpose is found out, by the command and at load."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

from edgeserve.app.verify import detecting, verify
from edgeserve.checks.golden import read_golden
from edgeserve.checks.judge import judge_quickly, limits
from edgeserve.checks.report import FAILED, PASSED
from edgeserve.engines.options import EngineOptions
from edgeserve.engines.registry import runtimes

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from edgeserve.catalog.bundle import Bundle
    from edgeserve.checks.judge import Judgement

broken = pytest.importorskip("tests.checks.broken", exc_type=ImportError)
_log = logging.getLogger(__name__)

QUANTIZED = {
    "weight scales of the first convolution shuffled": lambda: broken.roll_weight_scales(0),
    "weight scales of a later convolution shuffled": lambda: broken.roll_weight_scales(32),
    "head in 4 bits": lambda: broken.round_head(4),
    "head in 3 bits": lambda: broken.round_head(3),
    "pixels not divided": lambda: broken.scale_pixels(255),
    "pixels half as bright": lambda: broken.scale_pixels(0.5),
    "NaN": lambda: broken.put_into_head(float("nan")),
}
DESCRIBED = {
    "colour order": ('color_order = "BGR"', 'color_order = "RGB"'),
    "stretched": ('fit = "center"', 'fit = "stretch"'),
    "top-left": ('fit = "center"', 'fit = "top-left"'),
}


def at_load(bundle: Bundle, runtime: str) -> Judgement:
    """The quick check of a bundle's INT8 form."""
    spec = bundle.spec
    (file,) = (f for f in spec.files if runtime in f.runtimes and f.precision == "int8")
    engine = runtimes()[runtime].load(file, "CPU", EngineOptions())
    golden = read_golden(bundle.folder / "golden.npz")
    return judge_quickly(golden, detecting(spec, engine), limits("int8"), spec.thresholds.score)


@pytest.mark.parametrize("change", QUANTIZED.values(), ids=QUANTIZED.keys())
def test_a_broken_quantization_fails_and_the_other_forms_pass(
    tmp_path: Path, change: Callable[[], Callable[..., None]]
) -> None:
    bundle = broken.change_onnx(tmp_path / "bundle", change())
    bundle.verify()
    report = verify(bundle)
    verdicts = {(one.device, one.precision): one for one in report.devices}
    wrong = verdicts.pop(("onnxruntime:CPU", "int8"))
    _log.info("all %s", wrong)
    assert (report.verdict, wrong.verdict) == (FAILED, FAILED)
    assert wrong.reason
    assert {one.verdict for one in verdicts.values()} == {PASSED}
    quick = at_load(bundle, "onnxruntime")
    _log.info("at load %s", quick)
    assert quick.problem


@pytest.mark.parametrize("replaced", DESCRIBED.values(), ids=DESCRIBED.keys())
def test_a_wrong_description_fails_on_every_form(tmp_path: Path, replaced: tuple[str, str]) -> None:
    bundle = broken.copy_bundle(tmp_path / "bundle", replaced)
    report = verify(bundle)
    _log.info("all %s", report.devices)
    assert {one.verdict for one in report.devices} == {FAILED}
    for runtime in ("openvino", "onnxruntime"):
        quick = at_load(bundle, runtime)
        _log.info("at load %s", quick)
        assert quick.problem


def test_nan_is_named(tmp_path: Path) -> None:
    bundle = broken.change_onnx(tmp_path / "bundle", broken.put_into_head(float("nan")))
    wrong = next(one for one in verify(bundle).devices if one.verdict == FAILED)
    assert "NaN" in wrong.reason
    assert (wrong.matched, wrong.score_mae) == (None, None)


def test_a_form_that_finds_nothing_is_named(tmp_path: Path) -> None:
    bundle = broken.change_onnx(tmp_path / "bundle", broken.put_into_head(0))
    wrong = next(one for one in verify(bundle).devices if one.verdict == FAILED)
    assert wrong.reason == "it finds nothing in any picture"
