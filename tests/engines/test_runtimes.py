"""The real runtimes where they, a device or a good file is missing."""

from __future__ import annotations

import importlib.util
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from edgeserve.domain.errors import EngineError, NotAvailableError, RuntimeMissingError
from edgeserve.domain.model import ModelFile
from edgeserve.engines import openvino, registry
from edgeserve.engines.onnxruntime import OnnxRuntime
from edgeserve.engines.openvino import OpenVinoRuntime
from edgeserve.engines.options import EngineOptions

if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec

    from edgeserve.engines.protocol import Runtime

BOTH = pytest.mark.parametrize("kind", [OpenVinoRuntime, OnnxRuntime])


def runtime_of(kind: type[OpenVinoRuntime | OnnxRuntime]) -> Runtime:
    if importlib.util.find_spec(kind.name) is None:
        pytest.skip(f"{kind.name} is not installed")
    return kind()


@pytest.fixture
def nothing_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    def find_spec(name: str, package: str | None = None) -> ModuleSpec | None:
        assert package is None
        assert name in {"openvino", "onnxruntime"}
        return None

    monkeypatch.setattr(importlib.util, "find_spec", find_spec)


@BOTH
@pytest.mark.usefixtures("nothing_installed")
def test_a_runtime_that_is_not_installed_says_how_to_install_it(
    kind: type[OpenVinoRuntime | OnnxRuntime],
) -> None:
    runtime, command = kind(), f"pip install 'edgeserve[{kind.name}]'"
    with pytest.raises(RuntimeMissingError) as refusal:
        runtime.load(ModelFile(Path("m.onnx"), (kind.name,), "int8"), "CPU", EngineOptions())
    assert str(refusal.value).endswith(command)
    (device,) = runtime.devices()
    assert device.name == f"{kind.name}:CPU"
    assert not device.available
    assert device.runtime_version == ""
    assert device.missing.endswith(command)


def test_the_registry_has_both_runtimes_and_lists_their_devices() -> None:
    found = registry.runtimes()
    assert {"openvino", "onnxruntime"} <= set(found)
    assert all(runtime.name == name for name, runtime in found.items())
    devices = registry.devices()
    names = [device.name for device in devices]
    assert len(names) == len(set(names))
    assert {"openvino:CPU", "onnxruntime:CPU"} <= set(names)
    for device in devices:
        assert device.name.startswith(f"{device.runtime}:")
        # Either it runs, or it says what is missing.
        assert device.available == (device.missing == "")


@pytest.mark.parametrize(
    ("machine", "first"),
    [("x86_64", "openvino"), ("aarch64", "onnxruntime"), ("armv7l", "onnxruntime")],
)
def test_the_preferred_runtime_is_the_faster_on_the_machine(
    machine: str,
    first: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("platform.machine", lambda: machine)
    assert next(iter(registry.runtimes.__wrapped__())) == first


@BOTH
@pytest.mark.parametrize("content", [b"", b"not a model at all", bytes(range(256)) * 8])
@pytest.mark.parametrize("suffix", [".onnx", ".xml"])
def test_a_file_that_is_no_model_is_an_engine_error(
    kind: type[OpenVinoRuntime | OnnxRuntime],
    content: bytes,
    suffix: str,
    tmp_path: Path,
) -> None:
    runtime, path = runtime_of(kind), tmp_path / f"broken{suffix}"
    path.write_bytes(content)
    with pytest.raises(EngineError, match=rf"broken{suffix}"):
        runtime.load(ModelFile(path, (runtime.name,), "fp32"), "CPU", EngineOptions())


@BOTH
def test_a_file_that_is_not_there_is_an_engine_error(
    kind: type[OpenVinoRuntime | OnnxRuntime],
    tmp_path: Path,
) -> None:
    runtime, file = runtime_of(kind), ModelFile(tmp_path / "absent.onnx", (kind.name,), "fp32")
    with pytest.raises(EngineError, match=r"absent\.onnx"):
        runtime.load(file, "CPU", EngineOptions())


@BOTH
def test_a_device_that_is_not_there_names_those_that_are(
    kind: type[OpenVinoRuntime | OnnxRuntime],
    tmp_path: Path,
) -> None:
    runtime, file = runtime_of(kind), ModelFile(tmp_path / "absent.onnx", (kind.name,), "fp32")
    with pytest.raises(NotAvailableError, match=r"(?i)no .*Abacus.*only .*CPU"):
        runtime.load(file, "Abacus", EngineOptions())


def test_openvino_says_what_an_absent_gpu_needs(tmp_path: Path) -> None:
    runtime = runtime_of(OpenVinoRuntime)
    if any(d.available for d in runtime.devices() if d.name.startswith("openvino:GPU")):
        pytest.skip("an Intel GPU is here")
    file = ModelFile(tmp_path / "absent.onnx", ("openvino",), "fp32")
    with pytest.raises(NotAvailableError, match="intel-opencl-icd"):
        runtime.load(file, "GPU", EngineOptions())


def test_onnx_runtime_tells_its_version_whatever_its_wheel_is_called(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The CUDA build is the distribution onnxruntime-gpu, with the same module in it."""

    def version(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    runtime = runtime_of(OnnxRuntime)
    expected = metadata.version("onnxruntime")
    monkeypatch.setattr(metadata, "version", version)
    versions = {device.runtime_version for device in runtime.devices()}
    assert versions == {expected}


@pytest.mark.parametrize(
    ("device", "precision", "asked_for"),
    [
        ("CPU", "fp32", "f32"),
        ("CPU", "int8", "f32"),
        ("GPU", "fp32", "f32"),
        ("GPU", "int8", None),
    ],
)
def test_openvino_computes_what_is_float_in_fp32(
    device: str,
    precision: str,
    asked_for: str | None,
) -> None:
    """Its own choice on chips with AMX is bf16: only there would the outputs show it."""
    file = ModelFile(Path("m.onnx"), ("openvino",), precision)
    properties = openvino._properties(file, device, EngineOptions())
    assert properties.get("INFERENCE_PRECISION_HINT") == asked_for
