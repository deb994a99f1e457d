"""The models that serve, and the streams that run on them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from edgeserve.domain.errors import ModelNotFoundError, ModelNotReadyError
from edgeserve.domain.origin import current_origin
from edgeserve.pipeline.admission import Caller, FrameStream
from edgeserve.pipeline.budget import Budget

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from edgeserve.domain.request import StreamOptions
    from edgeserve.domain.status import ModelStatus
    from edgeserve.pipeline.detector import Detector
    from edgeserve.pipeline.feed import DeviceLane
    from edgeserve.pipeline.observer import Observer
    from edgeserve.pipeline.options import PipelineOptions


@dataclass(frozen=True, slots=True)
class ServedModel:
    """A model that was asked for: its status, and its detector and lane where it is ready."""

    status: ModelStatus
    detector: Detector | None = None
    lane: DeviceLane | None = None

    def status_now(self) -> ModelStatus:
        """The status, not ready while the model is out of service."""
        reason = "" if self.detector is None else self.detector.out_of_service
        return replace(self.status, ready=False, reason=reason) if reason else self.status


class ServedModels:
    """All models of a server. The first is the default."""

    def __init__(
        self,
        models: Sequence[ServedModel],
        options: PipelineOptions,
        observer: Observer,
    ) -> None:
        """Serve these models."""
        self._models = tuple(models)
        self._options = options
        self._observer = observer
        self._budget = Budget(options.max_waiting_bytes, observer)

    @property
    def ready(self) -> bool:
        """Whether every model that was asked for can serve."""
        return all(status.ready for status in self.statuses())

    def statuses(self) -> list[ModelStatus]:
        """The state of each model."""
        return [model.status_now() for model in self._models]

    def open_stream(
        self,
        options: StreamOptions,
        *,
        source: str,
        on_change: Callable[[], None],
        weight: float = 1.0,
        deadline_ns: int | None = None,
        observer: Observer | None = None,
    ) -> FrameStream:
        """Open a stream on the model that the options name, for the current origin.

        Args:
            options: the client's wishes.
            source: see `Caller`.
            on_change: see `FrameStream`.
            weight: see `Caller`.
            deadline_ns: see `Caller`.
            observer: hears of its frames; by default the one that hears of all.

        Raises:
            ModelNotFoundError: there is no such model; the text names those that exist.
            ModelNotReadyError: it exists and cannot serve; the text says why.
            RequestError: the options do not fit the model, or ask for more than the server allows.
        """
        model = self._find(options.detect.model, options.detect.version)
        status = model.status_now()
        if model.detector is None or model.lane is None or not status.ready:
            text = f"model {status.name} is not ready: {status.reason}"
            raise ModelNotReadyError(text)
        return FrameStream(
            model.lane,
            model.detector,
            options,
            self._options,
            caller=Caller(source, weight, deadline_ns, current_origin.get()),
            budget=self._budget,
            observer=observer or self._observer,
            on_change=on_change,
        )

    def close(self) -> None:
        """Stop all lanes after the frames that they are running."""
        for lane in {id(m.lane): m.lane for m in self._models if m.lane is not None}.values():
            lane.close()

    def _find(self, name: str, version: str) -> ServedModel:
        for model in self._models:
            status = model.status
            if name in {"", status.name} and version in {"", status.version}:
                return model
        wanted = f"{name or 'default'}:{version}" if version else name
        known = ", ".join(f"{m.status.name}:{m.status.version}" for m in self._models)
        text = f"this server has no model {wanted!r}; it serves {known or 'none'}"
        raise ModelNotFoundError(text)
