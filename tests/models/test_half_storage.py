"""Half the bytes, the same boxes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")

from models.export import export  # noqa: E402
from models.half_storage import store_half  # noqa: E402
from models.recipe import load_recipe  # noqa: E402
from models.zoo.network import Network  # noqa: E402

RECIPE = Path(__file__).parents[2] / "models" / "recipes" / "road-csp-tiny.toml"


def test_a_file_of_half_the_size_computes_nearly_the_same(tmp_path: Path) -> None:
    recipe = load_recipe(RECIPE)
    torch.manual_seed(0)
    whole, half = tmp_path / "whole.onnx", tmp_path / "half.onnx"
    export(recipe, Network(recipe.model).state_dict(), whole)
    onnx.save(store_half(onnx.load(str(whole))), str(half))
    onnx.checker.check_model(str(half), full_check=True)
    assert half.stat().st_size < 0.6 * whole.stat().st_size
    picture = np.random.default_rng(0).random((1, 3, 320, 320), dtype=np.float32)
    answers = [
        onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"]).run(
            None, {"images": picture}
        )
        for path in (whole, half)
    ]
    for one, other in zip(*answers, strict=True):
        np.testing.assert_allclose(one, other, atol=2e-3 * np.abs(one).max())


def test_a_weight_that_float16_cannot_hold_is_refused() -> None:
    weight = onnx.numpy_helper.from_array(np.full(2000, 1e6, np.float32), "w")
    graph = onnx.helper.make_graph([], "g", [], [], [weight])
    with pytest.raises(ValueError, match="w: a weight is beyond"):
        store_half(onnx.helper.make_model(graph))
