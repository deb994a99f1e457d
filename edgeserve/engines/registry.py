"""Which runtimes there are: ours and third parties', by entry point."""

from __future__ import annotations

import logging
import platform
from functools import cache
from importlib import metadata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from edgeserve.domain.status import DeviceStatus
    from edgeserve.engines.protocol import Runtime

_log = logging.getLogger(__name__)
_GROUP = "edgeserve.engines"


@cache
def runtimes() -> Mapping[str, Runtime]:
    """All runtimes by name, the one to prefer on this machine first.

    OpenVINO's kernels are the faster on x86; on ARM its CPU plug-in runs INT8 models as fp16,
    while ONNX Runtime uses the chip's dot-product instructions.
    """
    points = metadata.entry_points(group=_GROUP)
    found = {point.name: runtime for point in points if (runtime := _load(point)) is not None}
    first = "openvino" if platform.machine() in {"x86_64", "AMD64"} else "onnxruntime"
    return dict(sorted(found.items(), key=lambda item: (item[0] != first, item[0])))


def _load(point: metadata.EntryPoint) -> Runtime | None:
    try:
        runtime: Runtime = point.load()()
    except Exception as error:  # noqa: BLE001 - a third party's fault must not stop the others
        _log.warning("engine plug-in %s cannot be loaded: %s", point.name, error)
        return None
    return runtime


def devices() -> list[DeviceStatus]:
    """Every device of every runtime."""
    return [device for runtime in runtimes().values() for device in runtime.devices()]
