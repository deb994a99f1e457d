"""From a list of wishes to an engine, and the reasons on the way."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from edgeserve.domain.errors import ConfigurationError, EngineError, NotAvailableError
from edgeserve.domain.model import InputSpec, ModelFile, ModelSpec, TensorSpec
from edgeserve.domain.status import DeviceStatus, EngineStatus
from edgeserve.engines.fake import FakeEngine
from edgeserve.engines.options import EngineOptions
from edgeserve.engines.resolve import confirm, load_engine
from tests import fakes

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass
class FakeRuntime:
    """Has some devices and refuses others; remembers what it was asked to load."""

    name: str
    has: tuple[str, ...] = ("CPU",)
    fails: Exception | None = None
    loaded: list[tuple[ModelFile, str]] = field(default_factory=list)

    def devices(self) -> Sequence[DeviceStatus]:
        return [DeviceStatus(f"{self.name}:{device}", self.name) for device in self.has]

    def describe(self, device: str) -> None:
        raise NotImplementedError

    def precisions(self, device: str) -> Sequence[str]:
        return ("fp16", "fp32") if device == "CUDA" else ("int8", "fp16", "fp32")

    def float_precisions(self, device: str) -> Sequence[str]:
        return ("bf16",) if (self.name, device) == ("openvino", "CPU") else ()

    def load(
        self,
        file: ModelFile,
        device: str,
        options: EngineOptions,
        picture: InputSpec | None = None,
    ) -> FakeEngine:
        assert options.precision in {"auto", "bf16", file.precision}
        assert picture == SPEC.input
        if device not in self.has:
            text = f"no {device} here"
            raise NotAvailableError(text)
        if self.fails is not None:
            raise self.fails
        self.loaded.append((file, device))
        engine = FakeEngine(TensorSpec("images", (1,), "uint8"), (), fakes.one_object)
        engine.device = f"{self.name}:{device}"
        engine.precision = file.precision
        return engine


def file(runtime: str, precision: str) -> ModelFile:
    return ModelFile(Path(f"{runtime}-{precision}"), (runtime,), precision)


SPEC = replace(
    fakes.model_spec(),
    files=(
        file("openvino", "fp32"),
        file("openvino", "int8"),
        file("onnxruntime", "int8"),
    ),
)


def resolve(
    provider: str,
    *runtimes: FakeRuntime,
    spec: ModelSpec = SPEC,
    strict: bool = False,
    precision: str = "int8",
) -> EngineStatus:
    options = EngineOptions.model_validate(
        {"provider": provider, "strict": strict, "precision": precision},
    )
    _, status = load_engine(spec, options, {runtime.name: runtime for runtime in runtimes})
    return status


def test_cpu_means_the_first_runtime_that_takes_the_model() -> None:
    first, second = FakeRuntime("openvino"), FakeRuntime("onnxruntime")
    status = resolve("cpu", first, second)
    assert status == EngineStatus(
        runtime="openvino",
        requested="cpu",
        chosen="openvino:CPU",
        reason="",
        precision="int8",
    )
    assert first.loaded == [(file("openvino", "int8"), "CPU")]
    assert second.loaded == []


def test_cpu_goes_on_to_the_next_runtime_and_says_why() -> None:
    broken = FakeRuntime("openvino", fails=EngineError("it refuses the file"))
    status = resolve("cpu", broken, FakeRuntime("onnxruntime"))
    assert status.chosen == "onnxruntime:CPU"
    assert status.reason == "openvino:CPU: it refuses the file"


@pytest.mark.parametrize(
    ("alias", "chosen"),
    [
        ("igpu", "openvino:GPU"),
        ("NPU", "openvino:NPU"),
        ("cuda", "onnxruntime:CUDA"),
        ("TensorRT", "onnxruntime:Tensorrt"),
        ("openvino:GPU.1", "openvino:GPU.1"),
        ("onnxruntime:CPU", "onnxruntime:CPU"),
    ],
)
def test_aliases_and_qualified_names(alias: str, chosen: str) -> None:
    runtimes = (
        FakeRuntime("openvino", ("CPU", "GPU", "GPU.1", "NPU")),
        FakeRuntime("onnxruntime", ("CPU", "CUDA", "Tensorrt")),
    )
    status = resolve(alias, *runtimes)
    assert (status.requested, status.chosen) == (alias, chosen)


def test_wishes_are_tried_in_order_and_every_unmet_one_is_recorded() -> None:
    status = resolve(
        " cuda, igpu ,,openvino:CPU, onnxruntime:CPU",
        FakeRuntime("openvino"),
        FakeRuntime("onnxruntime"),
    )
    assert status.chosen == "openvino:CPU"
    assert status.reason == "onnxruntime:CUDA: no CUDA here; openvino:GPU: no GPU here"


def test_no_wish_met_tells_them_all() -> None:
    with pytest.raises(NotAvailableError) as refusal:
        resolve("cuda,igpu", FakeRuntime("openvino"), FakeRuntime("onnxruntime"))
    text = str(refusal.value)
    assert text.startswith("no device for model fake (nothing else to try): ")
    assert text.endswith("onnxruntime:CUDA: no CUDA here; openvino:GPU: no GPU here")


def test_strict_tries_the_first_wish_alone() -> None:
    runtimes = (FakeRuntime("openvino"), FakeRuntime("onnxruntime"))
    with pytest.raises(NotAvailableError, match="strict, so nothing else was tried") as refusal:
        resolve("igpu,cpu", *runtimes, strict=True)
    assert "openvino:GPU: no GPU here" in str(refusal.value)
    assert [runtime.loaded for runtime in runtimes] == [[], []]


def test_strict_is_content_where_the_first_wish_is_met() -> None:
    runtimes = (FakeRuntime("openvino"), FakeRuntime("onnxruntime"))
    status = resolve("openvino:CPU,cuda", *runtimes, strict=True)
    assert (status.chosen, status.reason) == ("openvino:CPU", "")


@pytest.mark.parametrize("wish", ["gpu", "openvino", "openvino:", ":CPU", "tflite:CPU", "cuda"])
def test_an_unknown_wish_names_what_is_known(wish: str) -> None:
    with pytest.raises(ConfigurationError) as refusal:
        resolve(wish, FakeRuntime("openvino"))
    text = str(refusal.value)
    assert text.startswith(f"provider {wish!r} is unknown; expected one of cpu, igpu, npu, cuda")
    assert text.endswith("RUNTIME:DEVICE with a runtime of openvino")


def test_an_unknown_wish_is_found_even_behind_one_that_is_met() -> None:
    runtime = FakeRuntime("openvino")
    with pytest.raises(ConfigurationError, match="provider 'gpuu' is unknown"):
        resolve("cpu,gpuu", runtime)
    assert runtime.loaded == []


@pytest.mark.parametrize("provider", ["", " , "])
def test_no_wish_at_all_is_refused(provider: str) -> None:
    with pytest.raises(ConfigurationError, match="provider is empty; expected a list of cpu"):
        resolve(provider, FakeRuntime("openvino"))


def test_a_runtime_gets_its_own_file_of_the_precision_asked_for() -> None:
    openvino, onnx = FakeRuntime("openvino"), FakeRuntime("onnxruntime")
    assert resolve("cpu", openvino, onnx, precision="fp32").precision == "fp32"
    assert openvino.loaded == [(file("openvino", "fp32"), "CPU")]


def test_a_runtime_may_compute_the_fp32_file_in_the_precision_asked_for() -> None:
    openvino, onnx = FakeRuntime("openvino"), FakeRuntime("onnxruntime")
    resolve("cpu", openvino, onnx, precision="bf16")
    assert openvino.loaded == [(file("openvino", "fp32"), "CPU")]
    with pytest.raises(NotAvailableError, match="has no bf16 file for it, only"):
        resolve("onnxruntime:CPU", openvino, onnx, precision="bf16")


def test_a_model_without_a_file_for_a_runtime_goes_to_the_next() -> None:
    spec = replace(SPEC, files=SPEC.files[1:])
    with pytest.raises(NotAvailableError, match="model fake has no fp32 file for it") as refusal:
        resolve("onnxruntime:CPU", FakeRuntime("onnxruntime"), spec=spec, precision="fp32")
    assert "only int8 for openvino, int8 for onnxruntime" in str(refusal.value)
    status = resolve("tiny:CPU,openvino:CPU", FakeRuntime("tiny"), FakeRuntime("openvino"))
    assert status.chosen == "openvino:CPU"
    assert status.reason.startswith("tiny:CPU: model fake has no int8 file for it")


def test_a_fault_that_is_no_refusal_is_not_swallowed() -> None:
    broken = FakeRuntime("openvino", fails=ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        resolve("cpu", broken, FakeRuntime("onnxruntime"))


def with_files(*files: ModelFile) -> ModelSpec:
    return replace(SPEC, files=files)


@pytest.mark.parametrize(
    ("provider", "loaded"),
    [("onnxruntime:CPU", "int8"), ("cuda", "fp16")],
)
def test_auto_takes_the_form_that_the_device_likes_best(provider: str, loaded: str) -> None:
    runtime = FakeRuntime("onnxruntime", ("CPU", "CUDA"))
    spec = with_files(*(file("onnxruntime", one) for one in ("fp32", "int8", "fp16")))
    assert resolve(provider, runtime, spec=spec, precision="auto").precision == loaded


def test_auto_takes_what_there_is() -> None:
    runtime = FakeRuntime("onnxruntime", ("CPU", "CUDA"))
    spec = with_files(file("onnxruntime", "fp32"))
    assert resolve("cpu", runtime, spec=spec, precision="auto").precision == "fp32"
    with pytest.raises(NotAvailableError, match="has no file for it, only fp32 for openvino"):
        resolve("cpu", runtime, spec=with_files(file("openvino", "fp32")), precision="auto")


def test_a_file_made_for_the_very_device_comes_first() -> None:
    """As an INT8 file with symmetric zero points for TensorRT."""
    runtime = FakeRuntime("onnxruntime", ("CPU", "CUDA", "Tensorrt"))
    own = file("onnxruntime:TensorRT", "int8")
    spec = with_files(file("onnxruntime", "fp16"), file("onnxruntime", "int8"), own)
    for provider in ("tensorrt", "cuda", "cpu"):
        resolve(provider, runtime, spec=spec, precision="auto")
    assert [one for one, _ in runtime.loaded] == [own, spec.files[0], spec.files[1]]


def test_a_fallback_is_a_warning_and_a_met_wish_is_none(
    caplog: pytest.LogCaptureFixture,
) -> None:
    runtimes = (FakeRuntime("openvino"), FakeRuntime("onnxruntime"))
    resolve("cpu,cuda", *runtimes)
    assert not caplog.records
    resolve("cuda,npu,cpu", *runtimes)
    (record,) = caplog.records
    assert record.levelname == "WARNING"
    assert record.getMessage() == (
        "model fake falls back to openvino:CPU, wanted cuda,npu,cpu: "
        "onnxruntime:CUDA: no CUDA here; openvino:NPU: no NPU here"
    )


class Moved(FakeEngine):
    """Was loaded on one device and computes on another, as OpenVINO's AUTO may."""

    def confirm_device(self) -> str:
        self.device = "fake:OTHER"
        return self.device


def test_a_model_that_moved_while_it_warmed_up_is_reported_or_refused(
    caplog: pytest.LogCaptureFixture,
) -> None:
    engine = Moved(TensorSpec("images", (1,), "uint8"), (), fakes.one_object)
    status = EngineStatus(runtime="fake", requested="fake:ANY", chosen="fake:CPU")
    with pytest.raises(NotAvailableError, match=r"strict.*moved the model from fake:CPU"):
        confirm(engine, status, strict=True)
    told = confirm(engine, status, strict=False)
    assert told.chosen == "fake:OTHER"
    assert told.reason == "the runtime moved the model from fake:CPU to fake:OTHER"
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert confirm(engine, told, strict=True) is told
