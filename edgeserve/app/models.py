"""From the names in the configuration to models that serve."""

from __future__ import annotations

import logging
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from edgeserve.app.first_check import first_check
from edgeserve.app.lanes import Lanes
from edgeserve.app.tuned import Tuned
from edgeserve.catalog.repository import Repository, shipped_dir
from edgeserve.domain.errors import (
    ConfigurationError,
    EdgeserveError,
    EngineError,
    NotAvailableError,
)
from edgeserve.domain.status import ModelStatus
from edgeserve.engines.registry import runtimes
from edgeserve.engines.resolve import confirm, load_engine
from edgeserve.pipeline.served import ServedModel, ServedModels
from edgeserve.pipeline.warmup import warm_up

if TYPE_CHECKING:
    from edgeserve.catalog.bundle import Bundle
    from edgeserve.config.settings import Settings
    from edgeserve.domain.status import EngineStatus
    from edgeserve.engines.protocol import Engine
    from edgeserve.pipeline.watchdog import Watchdog
    from edgeserve.telemetry.metrics import Metrics

_log = logging.getLogger(__name__)


def load_models(settings: Settings, metrics: Metrics, watchdog: Watchdog) -> ServedModels:
    """Load and warm up every model of the configuration.

    A model that cannot be loaded is not ready, and the others serve.

    Raises:
        ConfigurationError: a manifest is wrong, or a provider is unknown.
        NotAvailableError: strict, and a model's first wish cannot be met; or no model can serve.
    """
    repository = Repository(settings.catalog.models_dir, shipped_dir())
    tuned = Tuned(settings, repository)
    lanes = Lanes(tuned.settings, metrics, watchdog)
    served = []
    for index, name in enumerate(settings.catalog.model):
        started = time.monotonic()
        try:
            model = _load(name, repository, tuned, lanes, metrics)
        except ConfigurationError:
            raise
        except EdgeserveError as error:
            if settings.engines.strict and isinstance(error, NotAvailableError):
                raise
            _log.error("model %s is not ready: %s", name, error)
            model = ServedModel(ModelStatus(name, version="", ready=False, reason=str(error)))
        else:
            metrics.model_loaded(name, time.monotonic() - started)
        served.append(replace(model, status=replace(model.status, is_default=index == 0)))
    if not any(model.status.ready for model in served):
        text = "no model can serve: " + "; ".join(model.status.reason for model in served)
        raise NotAvailableError(text)
    metrics.models(model.status for model in served)
    return ServedModels(served, settings.pipeline, metrics)


def _load(
    name: str,
    repository: Repository,
    tuned: Tuned,
    lanes: Lanes,
    metrics: Metrics,
) -> ServedModel:
    bundle = repository.find(name)
    bundle.verify()
    spec = bundle.spec
    engine, status, settings = _engine(bundle, tuned)
    detector = lanes.detector(spec, engine, settings.engines)
    warm_up(detector)
    status = confirm(engine, status, strict=settings.engines.strict)
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
    problem = first_check(bundle, engine, status, settings)
    if problem is not None:
        metrics.model_verified(spec.name, spec.version, passed=not problem)
    return ServedModel(
        ModelStatus(
            name=spec.name,
            version=spec.version,
            ready=True,
            reason=problem or "",
            input_width_px=spec.input.width_px,
            input_height_px=spec.input.height_px,
            labels=spec.labels,
            thresholds=spec.thresholds,
            engine=status,
        ),
        detector,
        lanes.lane(detector),
    )


def _engine(bundle: Bundle, tuned: Tuned) -> tuple[Engine, EngineStatus, Settings]:
    """The engine of a model, and the settings that it was loaded with."""
    spec = bundle.spec
    settings, words = tuned.for_model(bundle)
    try:
        engine, status = load_engine(spec, settings.engines, runtimes())
    except (NotAvailableError, EngineError) as error:
        if not words:
            raise
        _log.warning("model %s cannot run as tuned (%s): %s", spec.name, words, error)
        settings, words = tuned.settings, ""
        engine, status = load_engine(spec, settings.engines, runtimes())
    requested = tuned.settings.engines.provider
    return engine, replace(status, requested=requested, tuned=words), settings
