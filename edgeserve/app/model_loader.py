"""From a bundle to a model that can serve: verified, compiled, warm, compared with FP32."""

from __future__ import annotations

import logging
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from edgeserve.app.first_check import first_check
from edgeserve.app.lanes import Lanes
from edgeserve.domain.errors import EngineError, NotAvailableError
from edgeserve.domain.status import ModelStatus
from edgeserve.engines.registry import runtimes
from edgeserve.engines.resolve import confirm, load_engine
from edgeserve.pipeline.served import ServedModel
from edgeserve.pipeline.warmup import warm_up

if TYPE_CHECKING:
    from edgeserve.app.tuned import Tuned
    from edgeserve.catalog.bundle import Bundle
    from edgeserve.config.settings import Settings
    from edgeserve.domain.status import EngineStatus
    from edgeserve.engines.protocol import Engine
    from edgeserve.pipeline.watchdog import Watchdog
    from edgeserve.telemetry.metrics import Metrics

_log = logging.getLogger(__name__)


class ModelLoader:
    """Loads models onto the lanes of their devices."""

    def __init__(self, tuned: Tuned, metrics: Metrics, watchdog: Watchdog) -> None:
        """Begin without lanes."""
        self._tuned = tuned
        self._metrics = metrics
        self._lanes = Lanes(tuned.settings, metrics, watchdog)

    def load(self, bundle: Bundle, *, strict: bool) -> ServedModel:
        """Load a bundle.

        Args:
            bundle: what to load.
            strict: refuse a model that does not find what its FP32 form finds.

        Raises:
            ConfigurationError: the manifest does not fit its files, or a provider is unknown.
            NotAvailableError: no device takes it.
            EdgeserveError: it cannot serve; the text says why.
        """
        started = time.monotonic()
        bundle.verify()
        spec = bundle.spec
        engine, status, settings = self._engine(bundle)
        detector = self._lanes.detector(spec, engine, settings.engines)
        warm_up(detector)
        status = confirm(engine, status, strict=settings.engines.strict)
        problem = first_check(bundle, engine, status, settings, strict=strict)
        lane = self._lanes.lane(detector)
        _log.info(
            "model %s:%s on %s (%s), requested %s%s%s",
            spec.name,
            spec.version,
            status.chosen,
            status.precision,
            status.requested,
            f"; {status.reason}" if status.reason else "",
            f"; tuned: {status.tuned}" if status.tuned else "",
        )
        self._metrics.models.loaded(spec.name, time.monotonic() - started)
        if problem is not None:
            self._metrics.models.verified(spec.name, spec.version, passed=not problem)
        known = ModelStatus(
            name=spec.name,
            version=spec.version,
            ready=True,
            reason=problem or "",
            input_width_px=spec.input.width_px,
            input_height_px=spec.input.height_px,
            labels=spec.labels,
            thresholds=spec.thresholds,
            engine=status,
        )
        return ServedModel(known, detector, lane)

    def _engine(self, bundle: Bundle) -> tuple[Engine, EngineStatus, Settings]:
        """The engine of a model, and the settings that it was loaded with."""
        spec = bundle.spec
        settings, words = self._tuned.for_model(bundle)
        try:
            engine, status = load_engine(spec, settings.engines, runtimes())
        except (NotAvailableError, EngineError) as error:
            if not words:
                raise
            _log.warning("model %s cannot run as tuned (%s): %s", spec.name, words, error)
            settings, words = self._tuned.settings, ""
            engine, status = load_engine(spec, settings.engines, runtimes())
        requested = self._tuned.settings.engines.provider
        return engine, replace(status, requested=requested, tuned=words), settings
