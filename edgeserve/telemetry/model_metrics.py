"""The Prometheus metrics of models: which engine serves each, and what became of loads."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Info

from edgeserve.telemetry.series import remove_series

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from edgeserve.domain.status import ModelStatus

_OUTCOMES = ("good", "refused")
_LONGEST_REASON = 300
"""Characters of the label that says why a device was not taken; the log has all of them."""


class ModelMetrics:
    """Tells of the models that serve, and forgets those that left."""

    def __init__(self, registry: CollectorRegistry, on_gone: Callable[[str, str], None]) -> None:
        """Create the families.

        Args:
            registry: for them.
            on_gone: called with the name and the device of a model no version of which serves.
        """
        self._on_gone = on_gone
        self._engine = Info(
            "edgeserve_engine",
            "The engine of a model: what was asked for and what serves",
            ["model", "version"],
            registry=registry,
        )
        self._fallback = Gauge(
            "edgeserve_engine_fallback",
            "Whether a model runs on another device than the first of its provider list",
            ["model", "version"],
            registry=registry,
        )
        self._ready = Gauge(
            "edgeserve_model_ready",
            "Whether a model can serve",
            ["model", "version"],
            registry=registry,
        )
        self._verified = Gauge(
            "edgeserve_model_verified",
            "Whether a model found on its device what its FP32 form finds; absent if not compared",
            ["model", "version"],
            registry=registry,
        )
        self._load = Gauge(
            "edgeserve_model_load_seconds",
            "Time to load and warm up a model",
            ["model"],
            registry=registry,
        )
        self._loads = Counter(
            "edgeserve_model_loads",
            "Models that were loaded (good) or could not be (refused)",
            ["model", "outcome"],
            registry=registry,
        )
        self._lock = threading.Lock()
        self._served: dict[tuple[str, str], str] = {}
        """The device of each model, by name and version."""

    def tell(self, statuses: Iterable[ModelStatus]) -> None:
        """Tell which engine each model got and whether it is ready; forget all others."""
        with self._lock:
            before, self._served = self._served, {}
            for status in statuses:
                self._served[status.name, status.version] = status.engine.chosen
                self._show(status)
            names = {name for name, _ in self._served}
            for (name, version), device in before.items():
                if (name, version) not in self._served:
                    for by_version in (self._ready, self._verified, self._engine, self._fallback):
                        remove_series(by_version, name, version)
                if name not in names:
                    remove_series(self._load, name)
                    self._on_gone(name, device)

    def loaded(self, name: str, seconds: float) -> None:
        """Tell how long a model took to load."""
        self._load.labels(name).set(seconds)
        self._loads_of(name)["good"].inc()

    def refused(self, name: str) -> None:
        """Count a model that could not be loaded."""
        self._loads_of(name)["refused"].inc()

    def verified(self, name: str, version: str, *, passed: bool) -> None:
        """Tell what came of comparing a model with FP32."""
        self._verified.labels(name, version).set(int(passed))

    def _show(self, status: ModelStatus) -> None:
        model, engine = (status.name, status.version), status.engine
        self._ready.labels(*model).set(int(status.ready))
        self._fallback.labels(*model).set(int(bool(engine.reason)))
        self._engine.labels(*model).info(
            {
                "runtime": engine.runtime,
                "requested": engine.requested,
                "chosen": engine.chosen,
                "precision": engine.precision,
                "reason": engine.reason[:_LONGEST_REASON],
            },
        )

    def _loads_of(self, model: str) -> dict[str, Counter]:
        """Both outcomes from the first on: a rate needs the zero before."""
        return {outcome: self._loads.labels(model, outcome) for outcome in _OUTCOMES}
