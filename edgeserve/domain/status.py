"""What the server says of its models and of the devices of its machine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edgeserve.domain.model import Thresholds


@dataclass(frozen=True, slots=True)
class EngineStatus:
    """Which engine a model got.

    Attributes:
        runtime: "openvino", "onnxruntime" or a third party's name.
        requested: the provider list that was asked for.
        chosen: the device that serves, as in "openvino:CPU".
        reason: why each earlier wish was not met; empty when the first was.
        precision: the precision that really runs.
        tuned: what `edgeserve tune` chose on this machine, in words, where the model runs so.
    """

    runtime: str = ""
    requested: str = ""
    chosen: str = ""
    reason: str = ""
    precision: str = ""
    tuned: str = ""


@dataclass(frozen=True, slots=True)
class ModelStatus:
    """A model of the repository, serving or not.

    Attributes:
        reason: why it is not ready; or, where it is, what its check against FP32 found wrong, or
            why a newer version does not take its place.
    """

    name: str
    version: str
    ready: bool
    reason: str = ""
    is_default: bool = False
    input_width_px: int = 0
    input_height_px: int = 0
    labels: tuple[str, ...] = ()
    thresholds: Thresholds | None = None
    engine: EngineStatus = EngineStatus()


@dataclass(frozen=True, slots=True)
class RepositoryEntry:
    """A bundle that the server can find, or a model that it serves.

    Attributes:
        served: whether streams may name it now.
        ready: whether it can serve now.
        reason: see `ModelStatus`; of a bundle that is not served, empty.
    """

    name: str
    version: str
    served: bool
    ready: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class DeviceStatus:
    """A device that a runtime could use.

    Attributes:
        name: what `--provider` takes, as in "openvino:CPU".
        runtime: the runtime's name.
        runtime_version: empty when it is not installed.
        description: the chip, in the runtime's words.
        available: whether it can run a model now.
        missing: what is missing, and the command that installs it.
        precisions: that the device says it runs well.
    """

    name: str
    runtime: str
    runtime_version: str = ""
    description: str = ""
    available: bool = False
    missing: str = ""
    precisions: tuple[str, ...] = ()
