"""`--provider`, read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgeserve.domain.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from edgeserve.engines.protocol import Runtime

_ALIASES = {
    "cpu": "CPU",
    "igpu": "openvino:GPU",
    "npu": "openvino:NPU",
    "cuda": "onnxruntime:CUDA",
    "tensorrt": "onnxruntime:Tensorrt",
}


@dataclass(frozen=True, slots=True)
class Wish:
    """One device that the operator would like.

    Attributes:
        text: as it was written.
        runtimes: that may meet it, in order.
        device: of the runtime, in the operator's spelling.
    """

    text: str
    runtimes: tuple[Runtime, ...]
    device: str


def read_wishes(provider: str, runtimes: Mapping[str, Runtime]) -> list[Wish]:
    """The wishes of a list separated by commas, in its order.

    Raises:
        ConfigurationError: there is none, or one names nothing that this program knows. All are
            read before the first is tried: a typing error in a later one shows at once.
    """
    wishes = [_read(text.strip(), runtimes) for text in provider.split(",") if text.strip()]
    if not wishes:
        text = f"provider is empty; expected a list of {', '.join(_ALIASES)} or RUNTIME:DEVICE"
        raise ConfigurationError(text)
    return wishes


def _read(text: str, runtimes: Mapping[str, Runtime]) -> Wish:
    qualified = _ALIASES.get(text.lower(), text)
    if qualified == "CPU":
        return Wish(text, tuple(runtimes.values()), qualified)
    name, _, device = qualified.partition(":")
    named = next((one for key, one in runtimes.items() if key.lower() == name.lower()), None)
    if named is None or not device:
        message = (
            f"provider {text!r} is unknown; expected one of {', '.join(_ALIASES)}, or "
            f"RUNTIME:DEVICE with a runtime of {', '.join(runtimes)}"
        )
        raise ConfigurationError(message)
    return Wish(text, (named,), device)
