"""OpenVINO takes over what the manifest leaves to the server."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from edgeserve.domain.frame import EncodedFrame, Encoding
from edgeserve.domain.model import InputSpec, ModelFile, TensorSpec
from edgeserve.domain.request import DetectOptions
from edgeserve.engines.fake import FakeEngine
from edgeserve.engines.openvino import OpenVinoRuntime
from edgeserve.engines.options import EngineOptions
from edgeserve.geometry.letterbox import Letterbox
from edgeserve.pipeline.detector import Detector
from edgeserve.pipeline.selection import select
from edgeserve.preprocess.tensor import TensorWriter
from tests import fakes

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from edgeserve.engines.openvino_engine import OpenVinoEngine

pytest.importorskip("openvino")
PICTURE = replace(
    fakes.model_spec().input,
    width_px=20,
    height_px=12,
    layout="NCHW",
    dtype="float32",
    mean=(10.0, 20.0, 30.0),
    std=(1.0, 2.0, 4.0),
)


def write(path: Path, shape: list[int | str], dtype: int = TensorProto.FLOAT) -> ModelFile:
    """A 1x1 convolution that hands each channel on, whatever the size."""
    nodes = [helper.make_node("Conv", ["images", "weights"], ["channels"])]
    if dtype != TensorProto.FLOAT:
        nodes[0].input[0] = "real"
        nodes.insert(0, helper.make_node("Cast", ["images"], ["real"], to=TensorProto.FLOAT))
    weights = np.eye(3, dtype=np.float32).reshape(3, 3, 1, 1)
    graph = helper.make_graph(
        nodes,
        "channels",
        [helper.make_tensor_value_info("images", dtype, shape)],
        [helper.make_tensor_value_info("channels", TensorProto.FLOAT, ["n", 3, "h", "w"])],
        [numpy_helper.from_array(weights, "weights")],
    )
    opset = [helper.make_opsetid("", 13)]
    onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=8), path)
    return ModelFile(path, ("openvino",), "fp32")


def load(file: ModelFile, picture: InputSpec | None) -> OpenVinoEngine:
    options = EngineOptions(max_cache_mb=0, threads=2)
    return OpenVinoRuntime().load(file, "CPU", options, picture)


def pixels() -> NDArray[np.uint8]:
    return np.random.default_rng(3).integers(0, 256, (12, 20, 3), dtype=np.uint8)


def by_server(picture: InputSpec) -> NDArray[np.float64]:
    """What the server would write into the tensor, NCHW."""
    writer = TensorWriter(picture)
    written = writer.write(pixels(), Letterbox.plan(20, 12, 20, 12, picture.fit))
    return written.astype(np.float64)


@pytest.mark.parametrize("shape", [[1, 3, 12, 20], ["n", 3, "h", "w"]])
def test_normalisation_and_layout_move_into_the_graph(
    shape: list[int | str],
    tmp_path: Path,
) -> None:
    engine = load(write(tmp_path / "m.onnx", shape), PICTURE)
    assert engine.normalises
    assert engine.input == TensorSpec("images", (1, 12, 20, 3), "uint8")
    (output,) = engine.create_request().infer(pixels()[np.newaxis]).values()
    np.testing.assert_allclose(output.astype(np.float64), by_server(PICTURE), atol=1e-4)


def test_a_file_that_differs_from_the_manifest_is_left_alone(tmp_path: Path) -> None:
    picture = replace(PICTURE, layout="NHWC")
    file = write(tmp_path / "m.onnx", [1, 3, 12, 20])
    engine = load(file, picture)
    # The manifest and the file differ: nothing is guessed, and the detector will say so.
    assert not engine.normalises
    assert engine.input.shape == (1, 3, 12, 20)


def test_open_dimensions_are_fixed_whatever_the_type(tmp_path: Path) -> None:
    picture = replace(PICTURE, dtype="uint8", mean=(0, 0, 0), std=(1, 1, 1))
    engine = load(write(tmp_path / "m.onnx", ["n", 3, "h", "w"], TensorProto.UINT8), picture)
    assert not engine.normalises
    assert engine.input == TensorSpec("images", (1, 3, 12, 20), "uint8")
    assert [output.shape for output in engine.outputs] == [(1, 3, 12, 20)]


def test_without_a_manifest_the_file_is_left_as_it_is(tmp_path: Path) -> None:
    engine = load(write(tmp_path / "m.onnx", [1, 3, 12, 20]), None)
    assert not engine.normalises
    assert engine.input == TensorSpec("images", (1, 3, 12, 20), "float32")


def test_the_detector_feeds_such_an_engine_with_the_picture_as_it_is() -> None:
    """The manifest says float32 NCHW, and what arrives is the letterboxed picture."""
    seen: list[NDArray[np.generic]] = []

    class Taking(FakeEngine):
        normalises = True

    def answer(tensor: NDArray[np.generic]) -> dict[str, NDArray[np.float32]]:
        seen.append(tensor.copy())
        return dict(fakes.one_object(tensor))

    spec = fakes.model_spec()
    spec = replace(spec, input=replace(spec.input, layout="NCHW", dtype="float32", mean=(9, 9, 9)))
    engine = Taking(
        TensorSpec("images", (1, fakes.SIDE_PX, fakes.SIDE_PX, 3), "uint8"),
        fakes.detector().engine.outputs,
        answer,
    )
    worker = Detector(spec, engine, max_pixels=1_000_000).create_worker()
    side = fakes.SIDE_PX
    frame = EncodedFrame(0, bytes([77]) * side * side, Encoding.GRAY, side, side)
    worker.run(frame, select(spec, DetectOptions()))
    (tensor,) = seen
    assert (tensor.dtype.name, tensor.shape) == ("uint8", (1, side, side, 3))
    assert set(np.unique(tensor)) == {77}


@pytest.mark.parametrize("device", ["auto", "AUTO:CPU", "hetero:cpu", "MULTI:CPU"])
def test_openvinos_own_choice_says_which_device_it_took(device: str, tmp_path: Path) -> None:
    if any(d.available and d.name != "openvino:CPU" for d in OpenVinoRuntime().devices()):
        pytest.skip("it has a choice here")
    file = write(tmp_path / "m.onnx", [1, 3, 12, 20])
    options = EngineOptions(max_cache_mb=0, threads=2, strict=True)
    engine = OpenVinoRuntime().load(file, device, options, PICTURE)
    engine.create_request().infer(pixels()[np.newaxis])
    assert engine.confirm_device() == "openvino:CPU"
    assert engine.precision == "fp32"
