"""What is right and what is wrong, by comparison with FP32.

Measured on the golden frames of the shipped bundle, over its default score, as the share of boxes
matched and the mean difference of scores:

| form                                                          | matched   | score MAE     |
|---------------------------------------------------------------|-----------|---------------|
@MEASURED@
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgeserve.checks.agreement import compare
from edgeserve.domain.detections import Detections
from edgeserve.domain.errors import EngineError
from edgeserve.postprocess.finalize import Selection

if TYPE_CHECKING:
    from edgeserve.checks.golden import Golden

Detect = Callable[[Sequence[bytes], Selection], Sequence[Detections]]
"""From encoded pictures to what one engine finds in them, boxes in pixels of each picture."""

_QUICK_PICTURES = 3


@dataclass(frozen=True, slots=True)
class Limits:
    """What a form may differ from FP32.

    Attributes:
        matched: least share of matched boxes.
        score_mae: largest mean difference of scores.
    """

    matched: float
    score_mae: float


_EXACT = Limits(matched=0.98, score_mae=0.005)
_ROUNDED = Limits(matched=0.9, score_mae=0.035)


@dataclass(frozen=True, slots=True)
class Judgement:
    """What came of one comparison.

    Attributes:
        matched: share of boxes with a partner, 0..1; None if the engine failed.
        score_mae: mean difference of scores; None if the engine failed.
        problem: what is wrong; empty when nothing is.
    """

    matched: float | None
    score_mae: float | None
    problem: str = ""


def limits(precision: str) -> Limits:
    """What a file of that precision may differ from FP32."""
    return _EXACT if precision == "fp32" else _ROUNDED


def judge(
    golden: Golden, detect: Detect, allowed: Limits, score_threshold: float
) -> Judgement:
    """Compare what an engine finds with what is known.

    Args:
        golden: pictures and what the reference found in them.
        detect: the engine to judge.
        allowed: see `limits`.
        score_threshold: boxes that score less than it are looked at as partners only.
    """
    try:
        found = detect(golden.pictures, golden.selection)
    except EngineError as error:
        return Judgement(None, None, str(error))
    agreement = compare(golden.detections, found, score_threshold)
    problem = ""
    if not any(len(one) for one in found) and any(len(one) for one in golden.detections):
        problem = "it finds nothing in any picture"
    elif agreement.matched < allowed.matched:
        problem = (
            f"{agreement.matched:.0%} of the boxes match those of FP32, "
            f"{allowed.matched:.0%} are expected"
        )
    elif agreement.score_mae > allowed.score_mae:
        problem = (
            f"scores differ from those of FP32 by {agreement.score_mae:.3f} on average, "
            f"{allowed.score_mae} is allowed"
        )
    return Judgement(agreement.matched, agreement.score_mae, problem)


def judge_quickly(
    golden: Golden, detect: Detect, allowed: Limits, score_threshold: float
) -> Judgement:
    """Judge by a few of the pictures; what fails there is judged by all."""
    few = judge(golden.spread(_QUICK_PICTURES), detect, allowed, score_threshold)
    return judge(golden, detect, allowed, score_threshold) if few.problem else few
