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

    def precisions(self, device: str) -> tuple[str, ...]:
        raise NotImplementedError

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
    assert [(form.file.path.name, form.device.name) for form in found] == [
        ("both.onnx", "a:CPU"),
        ("both.onnx", "a:NPU"),
        ("both.onnx", "b:CPU"),
        ("both.onnx", "b:NPU"),
        ("one.onnx", "a:CPU"),
        ("one.onnx", "a:NPU"),
        ("npu.onnx", "b:NPU"),
    ]


@pytest.mark.parametrize(
    ("precision", "reference"), [("int8", "fp32"), ("fp32", "int8"), ("fp16", "fp32")]
)
def test_only_fp32_against_fp32_is_held_to_be_exact(precision: str, reference: str) -> None:
    exact, rounded = limits("fp32"), limits(precision, reference)
    assert exact.score_mae < rounded.score_mae
    assert exact.matched > rounded.matched
