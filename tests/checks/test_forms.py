from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from edgeserve.catalog.bundle import Bundle
from edgeserve.catalog.repository import shipped_dir
from edgeserve.checks.forms import forms
from edgeserve.checks.judge import limits
from edgeserve.domain.model import ModelFile
from edgeserve.domain.status import DeviceStatus

if TYPE_CHECKING:
    from edgeserve.domain.model import InputSpec, ModelSpec
    from edgeserve.engines.options import EngineOptions
    from edgeserve.engines.protocol import Engine


class Runtime:
    """Has a CPU, an NPU, and no GPU."""

    def __init__(self, name: str) -> None:
        self.name = name

    def devices(self) -> list[DeviceStatus]:
        return [
            DeviceStatus(f"{self.name}:CPU", self.name, available=True),
            DeviceStatus(f"{self.name}:GPU", self.name, missing="a driver"),
            DeviceStatus(f"{self.name}:NPU", self.name, available=True),
        ]

    def describe(self, device: str) -> None:
        raise NotImplementedError

    def precisions(self, device: str) -> tuple[str, ...]:
        raise NotImplementedError

    def float_precisions(self, device: str) -> tuple[str, ...]:
        return ("bf16", "fp16") if (self.name, device) == ("a", "CPU") else ()

    def load(
        self,
        file: ModelFile,
        device: str,
        options: EngineOptions,
        picture: InputSpec | None = None,
    ) -> Engine:
        raise NotImplementedError


def spec(*files: ModelFile) -> ModelSpec:
    return replace(Bundle.read(shipped_dir() / "road-csp-tiny").spec, files=files)


def test_each_file_on_each_runtime_for_it_on_each_device_that_is_here() -> None:
    both = ModelFile(Path("both.onnx"), ("a", "b"), "fp32")
    one = ModelFile(Path("one.onnx"), ("a",), "int8")
    made_for = ModelFile(Path("npu.onnx"), ("b:Npu",), "int8")
    found = forms(spec(both, one, made_for), {name: Runtime(name) for name in ("a", "b", "c")})
    assert [(form.file.path.name, form.device.name, form.precision) for form in found] == [
        ("both.onnx", "a:CPU", "fp32"),
        ("both.onnx", "a:CPU", "bf16"),
        ("both.onnx", "a:CPU", "fp16"),
        ("both.onnx", "a:NPU", "fp32"),
        ("both.onnx", "b:CPU", "fp32"),
        ("both.onnx", "b:NPU", "fp32"),
        ("one.onnx", "a:CPU", "int8"),
        ("one.onnx", "a:NPU", "int8"),
        ("npu.onnx", "b:NPU", "int8"),
    ]


def test_a_file_of_its_own_comes_before_computing_the_fp32_one_in_its_precision() -> None:
    files = (ModelFile(Path(f"{one}.onnx"), ("a",), one) for one in ("fp32", "fp16"))
    found = forms(spec(*files), {"a": Runtime("a")})
    on_cpu = [form for form in found if form.device.name == "a:CPU"]
    assert [(form.file.precision, form.precision) for form in on_cpu] == [
        ("fp32", "fp32"),
        ("fp32", "bf16"),
        ("fp16", "fp16"),
    ]


@pytest.mark.parametrize(
    ("precision", "reference"), [("int8", "fp32"), ("fp32", "int8"), ("fp16", "fp32")]
)
def test_only_fp32_against_fp32_is_held_to_be_exact(precision: str, reference: str) -> None:
    exact, rounded = limits("fp32"), limits(precision, reference)
    assert exact.score_mae < rounded.score_mae
    assert exact.matched > rounded.matched
