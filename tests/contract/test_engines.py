"""What every engine owes the pipeline: one suite, run over each device that is here.

A device that is listed and not available is skipped once, with what it says is missing.
"""

from __future__ import annotations

import itertools
import threading
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from edgeserve.domain.errors import EngineError, NotAvailableError
from edgeserve.domain.model import ModelFile, TensorSpec
from edgeserve.engines import registry
from edgeserve.engines.options import EngineOptions
from edgeserve.geometry.letterbox import Letterbox
from edgeserve.preprocess.tensor import TensorWriter
from tests.fakes import model_spec

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from edgeserve.domain.model import InputSpec
    from edgeserve.domain.status import DeviceStatus
    from edgeserve.engines.protocol import Engine, Runtime

HEIGHT_PX, WIDTH_PX, FILTERS = 12, 20, 4
WEIGHTS = np.random.default_rng(0).normal(size=(FILTERS, 3, 3, 3)).astype(np.float32)
BIAS = np.arange(FILTERS, dtype=np.float32)


DEVICES = registry.devices()
every_device = pytest.mark.parametrize(
    "device",
    [pytest.param(device, id=device.name) for device in DEVICES if device.available],
)


@dataclass(frozen=True)
class Expected:
    features: NDArray[np.float64]
    brightness: NDArray[np.float64]


def picture(seed: int) -> NDArray[np.uint8]:
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (1, HEIGHT_PX, WIDTH_PX, 3), dtype=np.uint8)


def by_hand(tensor: NDArray[np.uint8]) -> Expected:
    """The model of `write_model` in float64: a padded 3x3 convolution, and a mean."""
    planes = tensor[0].astype(np.float64).transpose(2, 0, 1) / 255
    padded = np.pad(planes, ((0, 0), (1, 1), (1, 1)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(1, 2))
    features = np.einsum("chwij,fcij->fhw", windows, WEIGHTS) + BIAS[:, None, None]
    return Expected(features[None], planes.mean(axis=(1, 2))[None])


def write_model(path: Path, *, inputs: int = 1, batch: int | str = 1) -> None:
    """uint8 NHWC in; `features` (1, 4, H, W) and `brightness` (1, 3) out, in this order."""
    shape = [batch, HEIGHT_PX, WIDTH_PX, 3]
    names = ["images", "others"][:inputs]
    nodes = [
        helper.make_node("Cast", ["images"], ["real"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["real", "scale"], ["scaled"]),
        helper.make_node("Transpose", ["scaled"], ["planes"], perm=[0, 3, 1, 2]),
        helper.make_node("Conv", ["planes", "weights", "bias"], ["features"], pads=[1, 1, 1, 1]),
        helper.make_node("ReduceMean", ["planes"], ["mean"], axes=[2, 3], keepdims=0),
    ]
    if inputs == 1:
        nodes.append(helper.make_node("Identity", ["mean"], ["brightness"]))
    else:
        nodes.append(helper.make_node("Cast", ["others"], ["real2"], to=TensorProto.FLOAT))
        nodes.append(helper.make_node("ReduceMean", ["real2"], ["mean2"], axes=[1, 2], keepdims=0))
        nodes.append(helper.make_node("Add", ["mean", "mean2"], ["brightness"]))
    graph = helper.make_graph(
        nodes,
        "contract",
        [helper.make_tensor_value_info(name, TensorProto.UINT8, shape) for name in names],
        [
            helper.make_tensor_value_info(
                "features", TensorProto.FLOAT, [batch, FILTERS, HEIGHT_PX, WIDTH_PX]
            ),
            helper.make_tensor_value_info("brightness", TensorProto.FLOAT, [batch, 3]),
        ],
        [
            numpy_helper.from_array(np.array(1 / 255, dtype=np.float32), "scale"),
            numpy_helper.from_array(WEIGHTS, "weights"),
            numpy_helper.from_array(BIAS, "bias"),
        ],
    )
    opset = [helper.make_opsetid("", 13)]
    model = helper.make_model(graph, opset_imports=opset, ir_version=8)
    onnx.checker.check_model(model)
    onnx.save(model, path)


def write_float_model(path: Path) -> None:
    """float32 NCHW in; `features` as in `write_model` out."""
    nodes = [
        helper.make_node("Conv", ["images", "weights", "bias"], ["features"], pads=[1, 1, 1, 1])
    ]
    tensors = [
        numpy_helper.from_array(WEIGHTS, "weights"),
        numpy_helper.from_array(BIAS, "bias"),
    ]
    save(
        path,
        nodes,
        ("images", [1, 3, HEIGHT_PX, WIDTH_PX]),
        ("features", [1, FILTERS, HEIGHT_PX, WIDTH_PX]),
        tensors,
    )


LONG_CHANNELS, LONG_SIDE_PX, LONG_STEPS = 16, 64, 40


def write_long_model(path: Path) -> None:
    """Convolution after convolution: long enough for a cancellation to find one running."""
    names = ["images", *(f"step{number}" for number in range(1, LONG_STEPS)), "result"]
    nodes = [
        helper.make_node("Conv", [start, "weights"], [end], pads=[1, 1, 1, 1])
        for start, end in itertools.pairwise(names)
    ]
    weights = np.full((LONG_CHANNELS, LONG_CHANNELS, 3, 3), 1e-3, dtype=np.float32)
    shape = [1, LONG_CHANNELS, LONG_SIDE_PX, LONG_SIDE_PX]
    tensors = [numpy_helper.from_array(weights, "weights")]
    save(path, nodes, ("images", shape), ("result", shape), tensors)


def save(
    path: Path,
    nodes: list[onnx.NodeProto],
    entry: tuple[str, list[int]],
    end: tuple[str, list[int]],
    tensors: list[onnx.TensorProto],
) -> None:
    graph = helper.make_graph(
        nodes,
        "contract",
        [helper.make_tensor_value_info(entry[0], TensorProto.FLOAT, entry[1])],
        [helper.make_tensor_value_info(end[0], TensorProto.FLOAT, end[1])],
        tensors,
    )
    opset = [helper.make_opsetid("", 13)]
    model = helper.make_model(graph, opset_imports=opset, ir_version=8)
    onnx.checker.check_model(model)
    onnx.save(model, path)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("contract") / "contract.onnx"
    write_model(path)
    return path


def load(
    device: DeviceStatus,
    path: Path,
    options: EngineOptions | None = None,
    picture: InputSpec | None = None,
) -> Engine:
    runtime: Runtime = registry.runtimes()[device.runtime]
    file = ModelFile(path, (device.runtime,), "fp32")
    options = options or EngineOptions(threads=2, max_cache_mb=0)
    return runtime.load(file, device.name.partition(":")[2], options, picture)


def check(outputs: object, tensor: NDArray[np.uint8]) -> None:
    assert isinstance(outputs, dict)
    expected = by_hand(tensor)
    # FP32: bf16 would be off by a hundredth, fp16 by a thousandth.
    np.testing.assert_allclose(outputs["features"], expected.features, atol=2e-5)
    np.testing.assert_allclose(outputs["brightness"], expected.brightness, atol=2e-6)


@pytest.mark.parametrize("device", [pytest.param(device, id=device.name) for device in DEVICES])
def test_loads_the_model_or_says_why_it_is_not_tried(device: DeviceStatus, path: Path) -> None:
    if not device.available:
        pytest.skip(f"{device.name}: {device.missing}")
    assert load(device, path).device == device.name


@pytest.mark.parametrize("device", [pytest.param(device, id=device.name) for device in DEVICES])
def test_is_described_alone_as_among_the_others(device: DeviceStatus) -> None:
    runtime = registry.runtimes()[device.runtime]
    assert runtime.describe(device.name.partition(":")[2]) == device
    assert runtime.describe("nowhere") is None


@every_device
def test_tells_its_precision(device: DeviceStatus, path: Path) -> None:
    assert load(device, path).precision == "fp32"


@every_device
def test_tells_names_shapes_and_types_of_input_and_outputs(
    device: DeviceStatus,
    path: Path,
) -> None:
    engine = load(device, path)
    assert engine.input == TensorSpec("images", (1, HEIGHT_PX, WIDTH_PX, 3), "uint8")
    assert list(engine.outputs) == [
        TensorSpec("features", (1, FILTERS, HEIGHT_PX, WIDTH_PX), "float32"),
        TensorSpec("brightness", (1, 3), "float32"),
    ]


@every_device
@pytest.mark.parametrize("hint", ["auto", "throughput", "latency"])
def test_computes_what_the_model_says_to_fp32(device: DeviceStatus, path: Path, hint: str) -> None:
    options = EngineOptions.model_validate({"hint": hint, "threads": 2, "max_cache_mb": 0})
    request = load(device, path, options).create_request()
    for seed in range(3):
        outputs = request.infer(picture(seed))
        assert set(outputs) == {"features", "brightness"}
        assert {output.dtype for output in outputs.values()} == {np.dtype(np.float32)}
        check(outputs, picture(seed))


@every_device
@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_computes_an_fp32_file_in_another_precision_where_it_says_so(
    device: DeviceStatus, path: Path, precision: str
) -> None:
    runtime = registry.runtimes()[device.runtime]
    if precision not in runtime.float_precisions(device.name.partition(":")[2]):
        pytest.skip(f"{device.name} computes no {precision}")
    options = EngineOptions.model_validate(
        {"precision": precision, "threads": 2, "max_cache_mb": 0}
    )
    try:
        engine = load(device, path, options)
    except NotAvailableError as error:
        assert precision in str(error)  # noqa: PT017 - a chip may list what a cap then forbids
        return
    assert engine.precision == precision
    outputs = engine.create_request().infer(picture(0))
    assert {output.dtype for output in outputs.values()} == {np.dtype(np.float32)}
    np.testing.assert_allclose(outputs["features"], by_hand(picture(0)).features, atol=0.1)


@every_device
def test_a_tensor_that_was_filled_anew_is_seen_anew(device: DeviceStatus, path: Path) -> None:
    """The pipeline writes every frame into the same memory."""
    request, tensor = load(device, path).create_request(), picture(0).copy()
    check(request.infer(tensor), tensor)
    tensor[:] = picture(1)
    check(request.infer(tensor), picture(1))


@every_device
def test_outputs_are_valid_until_the_next_call(device: DeviceStatus, path: Path) -> None:
    engine = load(device, path)
    mine, others = engine.create_request(), engine.create_request()
    tensor = picture(5).copy()
    outputs = mine.infer(tensor)
    # Neither another request nor the end of the input takes them away.
    for seed in range(6, 10):
        others.infer(picture(seed))
    tensor[:] = 0
    check(outputs, picture(5))


@every_device
def test_requests_of_two_threads_do_not_mix(device: DeviceStatus, path: Path) -> None:
    engine = load(device, path)
    together = threading.Barrier(2, timeout=60)
    done: Counter[int] = Counter()

    def work(first_seed: int) -> None:
        request = engine.create_request()
        for seed in range(first_seed, first_seed + 50):
            together.wait()
            check(request.infer(picture(seed)), picture(seed))
            done[first_seed] += 1

    threads = [threading.Thread(target=work, args=(seed,)) for seed in (0, 1000)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert done == {0: 50, 1000: 50}


@every_device
@pytest.mark.parametrize(
    "tensor",
    [
        np.zeros((1, HEIGHT_PX - 1, WIDTH_PX, 3), dtype=np.uint8),
        np.zeros((2, HEIGHT_PX, WIDTH_PX, 3), dtype=np.uint8),
        np.zeros((1, 3, HEIGHT_PX, WIDTH_PX), dtype=np.uint8),
        np.zeros((HEIGHT_PX, WIDTH_PX, 3), dtype=np.uint8),
        np.zeros((1, HEIGHT_PX, WIDTH_PX, 3), dtype=np.float32),
    ],
    ids=["height", "batch", "order", "rank", "type"],
)
def test_a_wrong_tensor_is_an_engine_error_and_the_next_one_runs(
    device: DeviceStatus,
    path: Path,
    tensor: NDArray[np.generic],
) -> None:
    request = load(device, path).create_request()
    with pytest.raises(EngineError):
        request.infer(tensor)
    check(request.infer(picture(0)), picture(0))


@every_device
def test_whoever_normalises_the_outcome_is_the_same(device: DeviceStatus, tmp_path: Path) -> None:
    """A float32 NCHW file whose manifest leaves normalisation to the server."""
    path = tmp_path / "float.onnx"
    write_float_model(path)
    wanted = replace(
        model_spec().input,
        width_px=WIDTH_PX,
        height_px=HEIGHT_PX,
        layout="NCHW",
        dtype="float32",
        std=(255.0, 255.0, 255.0),
    )
    engine = load(device, path, picture=wanted)
    fed = replace(wanted, layout="NHWC", dtype="uint8") if engine.normalises else wanted
    size = (WIDTH_PX, HEIGHT_PX)
    for seed in range(2):
        placement = Letterbox.plan(*size, *size, wanted.fit)
        tensor = TensorWriter(fed).write(picture(seed)[0], placement)
        assert (engine.input.shape, engine.input.dtype) == (tensor.shape, tensor.dtype.name)
        outputs = engine.create_request().infer(tensor)
        np.testing.assert_allclose(
            outputs["features"],
            by_hand(picture(seed)).features,
            atol=2e-5,
        )


@every_device
def test_a_running_inference_can_be_cancelled_and_the_request_used_again(
    device: DeviceStatus,
    tmp_path: Path,
) -> None:
    path = tmp_path / "long.onnx"
    write_long_model(path)
    request = load(device, path).create_request()
    tensor = np.ones((1, LONG_CHANNELS, LONG_SIDE_PX, LONG_SIDE_PX), dtype=np.float32)
    refusals: list[EngineError] = []

    def work() -> None:
        try:
            while True:
                request.infer(tensor)
        except EngineError as error:
            refusals.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    while thread.is_alive():
        request.cancel()
        thread.join(timeout=0.01)
    assert len(refusals) == 1
    for _ in range(2):  # a cancellation that came too late may hit the next inference
        try:
            outputs = request.infer(tensor)
        except EngineError:
            continue
        break
    assert np.isfinite(outputs["result"]).all()


@every_device
def test_confirms_the_device_that_it_named(device: DeviceStatus, path: Path) -> None:
    engine = load(device, path)
    engine.create_request().infer(picture(0))
    assert engine.confirm_device() == engine.device == device.name


@every_device
def test_a_model_with_a_closed_batch_axis_takes_one_frame(device: DeviceStatus, path: Path) -> None:
    assert load(device, path).max_batch == 1


@every_device
def test_an_open_batch_axis_takes_several_frames(device: DeviceStatus, tmp_path: Path) -> None:
    path = tmp_path / "open.onnx"
    write_model(path, batch="N")
    engine = load(device, path)
    assert engine.max_batch > 1
    assert engine.input.shape[0] == -1
    request = engine.create_request()
    for size in (3, 1, 5):
        batch = np.concatenate([picture(seed) for seed in range(size)])
        outputs = request.infer(batch)
        for seed in range(size):
            check({name: one[seed : seed + 1] for name, one in outputs.items()}, picture(seed))


@every_device
def test_a_model_with_two_inputs_is_refused(device: DeviceStatus, tmp_path: Path) -> None:
    path = tmp_path / "two.onnx"
    write_model(path, inputs=2)
    with pytest.raises(EngineError, match=r"two\.onnx has inputs images, others; expected one"):
        load(device, path)
