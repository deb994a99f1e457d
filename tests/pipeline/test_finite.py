"""Answers that are not made of numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from edgeserve.domain.request import Policy, StreamOptions
from edgeserve.domain.result import ErrorCode, Status
from edgeserve.engines.finite import check_finite
from tests import fakes
from tests.pipeline.harness import Feeder, frame

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray


@pytest.mark.parametrize("fault", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("output", ["boxes", "scores"])
def test_one_value_that_is_no_number_is_an_error_of_that_frame(fault: float, output: str) -> None:
    def answer(tensor: NDArray[np.generic]) -> Mapping[str, NDArray[np.float32]]:
        outputs = fakes.one_object(tensor)
        if tensor[0, 32, 32, 0] == 7:
            outputs[output][0, 1, -1] = fault
        return outputs

    models = fakes.served_models(answer)
    try:
        feeder = Feeder(
            lambda notify: models.open_stream(
                StreamOptions(policy=Policy.BLOCK), source="test", on_change=notify
            )
        )
        for number in (6, 7, 8):
            feeder.stream.submit(frame(number))
        results = feeder.collect(3)
    finally:
        models.close()
    assert [result.status for result in results] == [Status.OK, Status.ERROR, Status.OK]
    assert results[1].error_code is ErrorCode.ENGINE_FAILED
    assert f"fake:CPU returned NaN or infinity in output {output}" in results[1].message


def test_large_numbers_are_numbers() -> None:
    most = np.finfo(np.float32).max
    outputs = {"a": np.array([most, -most, most]), "b": np.zeros((0, 3), dtype=np.float32)}
    check_finite(outputs, "fake:CPU")
