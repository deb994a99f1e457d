from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import onnxruntime
import pytest

from edgeserve.domain.errors import ConfigurationError
from edgeserve.tooling.input_u8 import CAST, MUL, SUB, add_u8_input
from tests.tooling.synthetic import SIDE_PX, network

if TYPE_CHECKING:
    import onnx


def _run(model: onnx.ModelProto, tensor: np.ndarray) -> list[np.ndarray]:
    session = onnxruntime.InferenceSession(model.SerializeToString())
    return [np.asarray(output) for output in session.run(None, {"images": tensor})]


@pytest.mark.parametrize(
    ("mean", "std"),
    [((0, 0, 0), (255, 255, 255)), ((103.5, 116.3, 123.7), (57.4, 57.1, 58.4))],
)
def test_computes_what_the_float_model_computes(
    mean: tuple[float, ...], std: tuple[float, ...]
) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (1, SIDE_PX, SIDE_PX, 3), dtype=np.uint8)
    normalised = ((pixels - np.array(mean)) / np.array(std)).astype(np.float32)

    found = _run(add_u8_input(network(), mean=mean, std=std), pixels)
    expected = _run(network(), normalised.transpose(0, 3, 1, 2))

    for answer, wanted in zip(found, expected, strict=True):
        np.testing.assert_allclose(answer, wanted, atol=2e-5)


def test_leaves_out_what_does_nothing() -> None:
    names = {node.name for node in add_u8_input(network(), mean=[0] * 3, std=[255] * 3).graph.node}
    assert {CAST, MUL} <= names
    assert SUB not in names


def test_does_not_touch_its_argument() -> None:
    model = network()
    before = model.SerializeToString()
    add_u8_input(model, mean=[0] * 3, std=[255] * 3)
    assert model.SerializeToString() == before


def test_refuses_another_input() -> None:
    once = add_u8_input(network(), mean=[0] * 3, std=[255] * 3)
    with pytest.raises(ConfigurationError, match=r"expected one float32 \[1, 3, height, width\]"):
        add_u8_input(once, mean=[0] * 3, std=[255] * 3)
