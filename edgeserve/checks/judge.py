"""What is right and what is wrong, by comparison with FP32.

Measured on the golden frames of `road-csp-tiny`: the share of boxes over its default score that
match, and the mean difference of their scores.

| form                                                  | matched      | score MAE    |
|-------------------------------------------------------|--------------|--------------|
| FP32, both runtimes                                   | 1.000        | 0.0000       |
| FP32 computed in bf16 and in fp16 on OpenVINO         | 1.000, 1.000 | 0.002, 0.000 |
| INT8 on OpenVINO (on AVX2: 0.015), ONNX Runtime       | 1.000, 1.000 | 0.013, 0.020 |
| the same two on 167 pictures of the road data's val   | 0.999, 0.992 | 0.017, 0.022 |
| weight scales shuffled, 1st and 33rd convolution      | 0.733, 0.833 | 0.238, 0.200 |
| weights of the last convolutions in 4 and in 3 bits   | 1.000, 0.100 | 0.041, 0.555 |
| pixels not divided by 255, or by 510                  | 0.188, 1.000 | 0.555, 0.077 |
| colour order, INT8 on both runtimes                   | 0.900, 0.842 | 0.164, 0.192 |
| stretched, INT8 on both runtimes                      | 0.933, 0.938 | 0.149, 0.127 |
| top-left, INT8 on both runtimes                       | 0.944, 0.947 | 0.059, 0.059 |

The limits lie between: a good form differs by 0.022 at most, the least of these faults by 0.041.
What changes hardly any score is not found: shuffled scales of the 11th or 31st convolution (0.025).
Own pictures show more.
`edgeserve verify` shows the first lines, `pytest tests/checks --log-level=INFO -rP` the others.
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

_QUICK_PICTURES = 6


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


def limits(precision: str, reference: str = "fp32") -> Limits:
    """What a file may differ from a reference, by the precisions of both."""
    return _EXACT if precision == reference == "fp32" else _ROUNDED


def judge(golden: Golden, detect: Detect, allowed: Limits, score_threshold: float) -> Judgement:
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
        problem = f"{agreement.matched:.0%} of the boxes match, {allowed.matched:.0%} are expected"
    elif agreement.score_mae > allowed.score_mae:
        problem = (
            f"scores differ by {agreement.score_mae:.3f} on average, {allowed.score_mae} is allowed"
        )
    return Judgement(agreement.matched, agreement.score_mae, problem)


def judge_quickly(
    golden: Golden, detect: Detect, allowed: Limits, score_threshold: float
) -> Judgement:
    """Judge by a few of the pictures; what fails there is judged by all."""
    few = judge(golden.spread(_QUICK_PICTURES), detect, allowed, score_threshold)
    return judge(golden, detect, allowed, score_threshold) if few.problem else few
