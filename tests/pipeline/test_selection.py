"""A client's wishes held against a model."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pytest

from edgeserve.domain.errors import RequestError
from edgeserve.domain.request import DetectOptions, StreamOptions
from edgeserve.pipeline.selection import select
from tests import fakes

if TYPE_CHECKING:
    from tests.pipeline.conftest import Benches


def test_what_is_left_open_is_the_models_default() -> None:
    selection = select(fakes.model_spec(), DetectOptions())
    assert (selection.score_threshold, selection.iou_threshold) == (0.5, 0.5)
    assert selection.max_detections == 10
    assert selection.wanted is None


def test_what_is_asked_for_is_taken_zero_too() -> None:
    options = DetectOptions(
        score_threshold=0.0,
        iou_threshold=1.0,
        max_detections=1000,
        labels=("car", "car"),
    )
    selection = select(fakes.model_spec(), options)
    assert (selection.score_threshold, selection.iou_threshold) == (0.0, 1.0)
    assert selection.max_detections == 1000
    assert selection.wanted is not None
    assert selection.wanted.tolist() == [False, True]


@pytest.mark.parametrize("name", ["score_threshold", "iou_threshold"])
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, -0.01, 1.01, 50.0])
def test_thresholds_out_of_range_are_named(name: str, value: float) -> None:
    options: dict[str, Any] = {name: value}
    with pytest.raises(RequestError) as refusal:
        select(fakes.model_spec(), DetectOptions(**options))
    assert str(refusal.value) == f"{name} is {value}; expected a number from 0 to 1"


@pytest.mark.parametrize("most", [0, -1, 1001, 2**32 - 1])
def test_max_detections_out_of_range_is_named(most: int) -> None:
    with pytest.raises(RequestError, match=f"max_detections is {most}; expected 1 to 1000"):
        select(fakes.model_spec(), DetectOptions(max_detections=most))


def test_unknown_labels_are_named_beside_the_models() -> None:
    with pytest.raises(RequestError) as refusal:
        select(fakes.model_spec(), DetectOptions(labels=("car", "zebra", "Person")))
    assert str(refusal.value) == "model fake has no label 'Person', 'zebra'; it has person, car"


def test_labels_at_and_over_the_limit() -> None:
    select(fakes.model_spec(), DetectOptions(labels=("car",) * 10_000))
    with pytest.raises(RequestError, match="10001 labels are asked for; expected 10000 at most"):
        select(fakes.model_spec(), DetectOptions(labels=("car",) * 10_001))


def test_a_stream_that_is_refused_is_not_counted_as_open(bench: Benches) -> None:
    made = bench()
    with pytest.raises(RequestError):
        made.open(StreamOptions(DetectOptions(labels=("zebra",))))
    assert made.watcher.open_streams == 0
