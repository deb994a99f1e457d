"""How `--provider` is written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from edgeserve.engines.onnxruntime import OnnxRuntime
from edgeserve.engines.openvino import OpenVinoRuntime
from edgeserve.engines.wishes import read_wishes

if TYPE_CHECKING:
    from edgeserve.engines.protocol import Runtime

RUNTIMES: dict[str, Runtime] = {"openvino": OpenVinoRuntime(), "onnxruntime": OnnxRuntime()}


@pytest.mark.parametrize(
    ("provider", "read"),
    [
        ("cpu", [("openvino onnxruntime", "CPU")]),
        ("CPU, Igpu", [("openvino onnxruntime", "CPU"), ("openvino", "GPU")]),
        ("OpenVINO:gpu.1", [("openvino", "gpu.1")]),
        ("openvino:AUTO:GPU+CPU", [("openvino", "AUTO:GPU+CPU")]),
        (
            "onnxruntime:CUDAExecutionProvider,tensorrt,cuda",
            [
                ("onnxruntime", "CUDAExecutionProvider"),
                ("onnxruntime", "Tensorrt"),
                ("onnxruntime", "CUDA"),
            ],
        ),
    ],
)
def test_a_list_is_read_in_its_order_and_in_any_case(
    provider: str,
    read: list[tuple[str, str]],
) -> None:
    wishes = read_wishes(provider, RUNTIMES)
    names = [" ".join(runtime.name for runtime in wish.runtimes) for wish in wishes]
    assert list(zip(names, (wish.device for wish in wishes), strict=True)) == read
