"""ONNX Runtime's execution providers: what each takes, and what is missing where it is not."""

from __future__ import annotations

import ctypes
import platform
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from edgeserve.domain.model import ModelFile

SUFFIX = "ExecutionProvider"
HIDDEN = f"Azure{SUFFIX}"
"""A client of a cloud service, not a device of this box."""
_NVIDIA_NODES = ("/proc/driver/nvidia/version", "/dev/nvidiactl", "/dev/nvhost-gpu", "/dev/nvmap")
_NVIDIA_GPUS = Path("/proc/driver/nvidia/gpus")


@dataclass(frozen=True, slots=True)
class Provider:
    """What is known of an execution provider.

    Attributes:
        precisions: that it runs well, for people.
        forms: of a model that it takes, the best first.
        extra: of this package, that brings it; empty where the plain wheel does.
        nvidia: whether it needs an NVIDIA driver.
        in_whole: whether it compiles graphs, so that single nodes say nothing of its precision.
    """

    precisions: tuple[str, ...] = ("FP32",)
    forms: tuple[str, ...] = ("int8", "fp16", "fp32")
    extra: str = ""
    nvidia: bool = False
    in_whole: bool = False


_KNOWN = {
    "CPU": Provider(("FP32", "INT8")),
    # It has kernels for few INT8 operators, and copies to the CPU for the others.
    "CUDA": Provider(("FP32", "FP16"), ("fp16", "fp32", "int8"), "cuda", nvidia=True),
    # It takes INT8 with symmetric zero points only: a file that names onnxruntime:Tensorrt.
    "Tensorrt": Provider(
        ("FP32", "FP16", "INT8"), ("fp16", "fp32"), "cuda", nvidia=True, in_whole=True
    ),
    "OpenVINO": Provider(("FP32", "FP16", "INT8"), in_whole=True),
}
EXPECTED = ("CPU", "CUDA", "Tensorrt")
"""Listed as missing where the wheel has them not."""


def provider_of(name: str) -> Provider:
    """What is known of a provider, its name without the suffix, case no matter."""
    return next((one for key, one in _KNOWN.items() if key.lower() == name.lower()), Provider())


def bare(name: str) -> str:
    """A provider's name without the suffix, in whatever case it is written."""
    return name[: -len(SUFFIX)] if name.lower().endswith(SUFFIX.lower()) else name


def missing(name: str) -> str:
    """Why the wheel has no such provider, and the commands that bring it."""
    provider = provider_of(name)
    if not provider.extra:
        return f"the installed ONNX Runtime was built without {name}"
    install = f"pip uninstall -y onnxruntime && pip install 'edgeserve[{provider.extra}]'"
    if platform.machine() == "aarch64":
        install = (
            "pip uninstall -y onnxruntime, then install NVIDIA's onnxruntime-gpu wheel for your "
            "JetPack (there is none for aarch64 on PyPI)"
        )
    driver = ""
    if provider.nvidia and not any(Path(node).exists() for node in _NVIDIA_NODES):
        driver = (
            "no NVIDIA driver is visible (Debian: apt install nvidia-driver; a container needs "
            "--gpus all), and "
        )
    return f"{driver}the installed ONNX Runtime was built without {name}: {install}"


def library_fault(folder: Path, name: str) -> str:
    """What the system's loader says of a provider's library; empty when it has nothing to say.

    Args:
        folder: of ONNX Runtime's package.
        name: of the provider.
    """
    path = folder / "capi" / f"libonnxruntime_providers_{name.lower()}.so"
    if not path.exists():
        return ""
    try:
        ctypes.CDLL(str(path.with_name("libonnxruntime_providers_shared.so")), ctypes.RTLD_GLOBAL)
        ctypes.CDLL(str(path))
    except OSError as error:
        return str(error)
    return ""


def unloadable(name: str, reason: str = "") -> str:
    """What to do for a provider that the wheel lists and that cannot be loaded."""
    detail = f" ({' '.join(reason.split())})" if reason else ""
    needs = {
        "CUDA": "CUDA and cuDNN: pip install 'edgeserve[cuda]', and an NVIDIA driver",
        "Tensorrt": "TensorRT's libraries: pip install tensorrt, and an NVIDIA driver",
    }.get(name, "its libraries")
    return f"{name} is listed and cannot be loaded{detail}; it needs {needs}"


def description(name: str) -> str:
    """The chip that a provider computes on, as Linux calls it; empty where it does not say."""
    if provider_of(name).nvidia:
        for path in sorted(_NVIDIA_GPUS.glob("*/information")):
            return _field(path, "Model")
        return _text(Path("/proc/device-tree/model"))
    return _field(Path("/proc/cpuinfo"), "model name") or _text(Path("/proc/device-tree/model"))


def provider_options(
    name: str,
    file: ModelFile,
    cache: Path | None,
) -> dict[str, Any]:
    """Options of an execution provider for a model file."""
    if name == "CUDA":
        # TF32 would be another precision than the one that is reported.
        return {"use_tf32": "0"}
    if name == "Tensorrt":
        chosen = {
            "trt_fp16_enable": str(int(file.precision in {"fp16", "int8"})),
            "trt_int8_enable": str(int(file.precision == "int8")),
        }
        if cache is not None:
            chosen |= {
                "trt_engine_cache_enable": "1",
                "trt_engine_cache_path": str(cache),
                "trt_timing_cache_enable": "1",
                "trt_timing_cache_path": str(cache),
            }
        return chosen
    if name == "OpenVINO":
        chosen = {"device_type": "CPU"}
        return chosen if cache is None else chosen | {"cache_dir": str(cache)}
    return {}


def _field(path: Path, name: str) -> str:
    for line in _text(path).splitlines():
        key, _, value = line.partition(":")
        if key.strip().lower() == name.lower():
            return value.strip()
    return ""


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip("\0\n ")
    except OSError:
        return ""
