"""The models that serve, and the streams that run on them."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from weakref import WeakSet

from edgeserve.catalog.repository import version_order
from edgeserve.domain.errors import EdgeserveError, ModelNotFoundError, ModelNotReadyError
from edgeserve.domain.origin import current_origin
from edgeserve.pipeline.admission import Caller, FrameStream
from edgeserve.pipeline.budget import Budget

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

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
    """All models of a server, by name and version; `replace` changes them under running streams.

    A stream that names no version runs on the newest that could be loaded; one that names no
    model, on the first model's name.
    """

    def __init__(
        self,
        models: Iterable[ServedModel],
        options: PipelineOptions,
        observer: Observer,
    ) -> None:
        """Serve these models; the name of the first is the default from now on."""
        self._models = tuple(models)
        self._default = self._models[0].status.name if self._models else ""
        self.options = options
        self._observer = observer
        self._budget = Budget(options.max_waiting_bytes, observer)
        # Guards the models and the set of streams together: no stream opens between two states.
        self._lock = threading.Lock()
        self._streams: WeakSet[FrameStream] = WeakSet()
        self._lanes = {id(m.lane): m.lane for m in self._models if m.lane is not None}

    @property
    def ready(self) -> bool:
        """Whether there are models, and every one that was asked for can serve."""
        statuses = self.statuses()
        return bool(statuses) and all(status.ready for status in statuses)

    def statuses(self) -> list[ModelStatus]:
        """The state of each model."""
        models = self._models
        named = [model for model in models if model.status.name == self._default]
        default = max(named, key=_rank, default=None)
        return [replace(m.status_now(), is_default=m is default) for m in models]

    def ready_by_name(self) -> dict[str, bool]:
        """Whether streams that name a model and no version find it ready, for each name."""
        models = self._models
        best = {m.status.name: m for m in sorted(models, key=_rank)}
        return {name: model.status_now().ready for name, model in best.items()}

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
        with self._lock:
            model = self.find(options.detect.model, options.detect.version)
            lane, detector = _loaded(model)
            if detector.out_of_service:
                raise _not_ready(model)
            stream = FrameStream(
                lane,
                detector,
                options,
                self.options,
                caller=Caller(source, weight, deadline_ns, current_origin.get()),
                budget=self._budget,
                observer=observer or self._observer,
                on_change=on_change,
            )
            self._streams.add(stream)
        return stream

    def replace(self, models: Iterable[ServedModel]) -> None:
        """Serve these models and no others; called by one thread at a time.

        Every open stream goes over to what its options now mean: frames that wait run there, and
        those in work end where they began. A stream whose model is not there any more answers
        with errors until it is. Returns when the last frame of the models that left has ended.
        """
        with self._lock:
            before, self._models = self._models, tuple(models)
            self._lanes |= {id(m.lane): m.lane for m in self._models if m.lane is not None}
            for stream in tuple(self._streams):
                self._route(stream)
        staying = {id(model.detector) for model in self._models}
        for model in before:
            if model.detector is not None and id(model.detector) not in staying:
                lane, detector = _loaded(model)
                lane.remove(detector)

    def close(self) -> None:
        """Stop all lanes after the frames that they are running."""
        for lane in self._lanes.values():
            lane.close()

    def _route(self, stream: FrameStream) -> None:
        detect = stream.options.detect
        try:
            stream.move(*_loaded(self.find(detect.model, detect.version)))
        except EdgeserveError as error:
            stream.refuse(error)

    def find(self, name: str = "", version: str = "") -> ServedModel:
        """A model, ready or not; "" stands for the default, and for the newest version.

        Raises:
            ModelNotFoundError: there is no such model; the text names those that exist.
        """
        models = self._models
        fitting = [
            model
            for model in models
            if model.status.name == (name or self._default)
            and version in {"", model.status.version}
        ]
        if len(fitting) == 1:
            return fitting[0]
        if fitting:
            return max(fitting, key=_rank)
        wanted = f"{name or 'default'}:{version}" if version else name or self._default
        known = ", ".join(f"{m.status.name}:{m.status.version}" for m in models)
        text = f"this server has no model {wanted!r}; it serves {known or 'none'}"
        raise ModelNotFoundError(text)


def _rank(model: ServedModel) -> tuple[bool, list[tuple[int, str]]]:
    """What could be loaded before what could not, then the newest: the last is the best."""
    return model.detector is not None, version_order(model.status.version)


def _loaded(model: ServedModel) -> tuple[DeviceLane, Detector]:
    """Its lane and detector.

    Raises:
        ModelNotReadyError: it has none.
    """
    if model.lane is None or model.detector is None:
        raise _not_ready(model)
    return model.lane, model.detector


def _not_ready(model: ServedModel) -> ModelNotReadyError:
    status = model.status_now()
    return ModelNotReadyError(f"model {status.name} is not ready: {status.reason}")
