"""What this server says of itself and of its models."""

from __future__ import annotations

import asyncio
from importlib import metadata
from typing import TYPE_CHECKING

from edgeserve.domain.errors import ModelNotFoundError, ModelNotReadyError, UnsupportedError
from edgeserve.domain.status import RepositoryEntry
from edgeserve.oip.tensors import ModelTensors
from edgeserve.wire.oip.description import (
    InputConfig,
    ModelConfig,
    ModelIndex,
    ModelMetadata,
    ModelStatistics,
    OutputConfig,
    ParameterConfig,
    ServerMetadata,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edgeserve.domain.status import ModelStatus
    from edgeserve.oip.inference import Inference
    from edgeserve.pipeline.detector import Detector
    from edgeserve.pipeline.model_control import ModelControl

_NAME = "edgeserve"
_BACKEND = "edgeserve"
_EXTENSIONS = ("binary_tensor_data", "model_configuration", "parameters", "statistics")
_TYPES = {"BYTES": "TYPE_STRING"}


class Descriptions:
    """Answers all requests but inferences."""

    def __init__(self, inference: Inference, control: ModelControl | None = None) -> None:
        """Describe these models.

        Args:
            inference: that runs on them.
            control: by which they are loaded and unloaded; None: not at all.
        """
        self._models = inference.models
        self._places = inference.places
        self._statistics = inference.statistics
        self._control = control

    @property
    def ready(self) -> bool:
        """Whether the server takes requests, and every model can serve."""
        return self._models.ready and not self._places.closed

    def server(self) -> ServerMetadata:
        """The server."""
        loads = ("model_repository",) if self._control is not None else ()
        return ServerMetadata(_NAME, metadata.version("edgeserve"), _EXTENSIONS + loads)

    def model_ready(self, name: str, version: str) -> bool:
        """Whether a model can serve; one that is unknown cannot."""
        try:
            status = self._models.find(name, version).status_now()
        except ModelNotFoundError:
            return False
        return status.ready and not self._places.closed

    def model(self, name: str, version: str) -> ModelMetadata:
        """A model's inputs and outputs.

        Raises:
            ModelNotFoundError: there is no such model.
            ModelNotReadyError: it was never loaded.
        """
        status, detector = self._find(name, version)
        tensors = ModelTensors.of(detector)
        versions = [one.version for one in self._models.statuses() if one.name == status.name]
        return ModelMetadata(
            name=status.name,
            versions=tuple(versions),
            platform=_platform(status),
            inputs=tensors.inputs,
            outputs=tensors.outputs,
        )

    def config(self, name: str, version: str) -> ModelConfig:
        """A model's configuration.

        Raises:
            ModelNotFoundError: there is no such model.
            ModelNotReadyError: it was never loaded.
        """
        status, detector = self._find(name, version)
        tensors = ModelTensors.of(detector)
        own = f"FORMAT_{detector.input.layout}"
        return ModelConfig(
            name=status.name,
            platform=_platform(status),
            backend=_BACKEND,
            max_batch_size=0,
            input=tuple(
                InputConfig(
                    name=one.name,
                    data_type=_type(one.datatype),
                    format=own if one == tensors.tensor else "FORMAT_NONE",
                    dims=one.shape,
                    # A request has one of them.
                    optional=True,
                )
                for one in tensors.inputs
            ),
            output=tuple(
                OutputConfig(one.name, _type(one.datatype), one.shape) for one in tensors.outputs
            ),
            parameters={
                key: ParameterConfig(value) for key, value in _facts(status, detector).items()
            },
        )

    def statistics(self, name: str, version: str) -> list[ModelStatistics]:
        """The counts of one model, or of all where the name is empty.

        Raises:
            ModelNotFoundError: there is no such model.
        """
        if name:
            status = self._models.find(name, version).status
            return [self._statistics.of(status.name, status.version)]
        return [self._statistics.of(one.name, one.version) for one in self._models.statuses()]

    async def index(self, *, ready_only: bool) -> list[ModelIndex]:
        """The models that serve, and those that could be loaded."""
        if self._control is None:
            entries: Sequence[RepositoryEntry] = [
                RepositoryEntry(one.name, one.version, True, one.ready, one.reason)  # noqa: FBT003
                for one in self._models.statuses()
            ]
        else:
            entries = await asyncio.to_thread(self._control.index)
        return [
            ModelIndex(one.name, one.version, _state(one), one.reason)
            for one in entries
            if one.ready or not ready_only
        ]

    async def load(self, name: str) -> None:
        """Have a model serve, or read it anew.

        Raises:
            UnsupportedError: models of this server are not loaded by its clients.
            EdgeserveError: there is no such model, or it cannot serve.
        """
        await asyncio.to_thread(self._controlled().load, name)

    async def unload(self, name: str) -> None:
        """Serve a model no longer.

        Raises:
            UnsupportedError: models of this server are not unloaded by its clients.
            ModelNotFoundError: it does not serve.
        """
        await asyncio.to_thread(self._controlled().unload, name)

    def _controlled(self) -> ModelControl:
        if self._control is None:
            text = "this server has no extension model_repository: it serves what it started with"
            raise UnsupportedError(text)
        return self._control

    def _find(self, name: str, version: str) -> tuple[ModelStatus, Detector]:
        model = self._models.find(name, version)
        if model.detector is None:
            text = f"model {model.status.name} is not ready: {model.status.reason}"
            raise ModelNotReadyError(text)
        return model.status_now(), model.detector


def _platform(status: ModelStatus) -> str:
    return f"{_NAME}_{status.engine.runtime}"


def _type(datatype: str) -> str:
    return _TYPES.get(datatype, f"TYPE_{datatype}")


def _state(entry: RepositoryEntry) -> str:
    if entry.ready:
        return "READY"
    return "UNAVAILABLE"


def _facts(status: ModelStatus, detector: Detector) -> dict[str, str]:
    spec, thresholds = detector.spec, detector.spec.thresholds
    return {
        "version": spec.version,
        "labels": ",".join(spec.labels),
        "color_order": spec.input.color_order.value,
        "score_threshold": str(thresholds.score),
        "iou_threshold": str(thresholds.iou),
        "max_detections": str(thresholds.max_detections),
        "device": status.engine.chosen,
        "precision": status.engine.precision,
    }
