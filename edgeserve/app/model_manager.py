"""The models of a server: loaded at its start, and changed while it runs."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

from edgeserve.app.model_loader import ModelLoader
from edgeserve.app.tuned import Tuned
from edgeserve.catalog.bundle import Bundle
from edgeserve.catalog.obtain import obtain
from edgeserve.catalog.repository import Repository, shipped_dir, version_order
from edgeserve.catalog.source import Source, is_source
from edgeserve.catalog.wish import Wish
from edgeserve.domain.credentials import without_credentials
from edgeserve.domain.errors import (
    ConfigurationError,
    EdgeserveError,
    ModelNotFoundError,
    NotAvailableError,
)
from edgeserve.domain.status import ModelStatus, RepositoryEntry
from edgeserve.pipeline.served import ServedModel, ServedModels
from edgeserve.process.memory import give_back

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from edgeserve.config.settings import Settings
    from edgeserve.pipeline.watchdog import Watchdog
    from edgeserve.telemetry.metrics import Metrics

_log = logging.getLogger(__name__)


class ModelManager:
    """Knows what was asked for, and sees to it that it serves; a `ModelControl`.

    Attributes:
        models: that serve.
    """

    def __init__(
        self,
        settings: Settings,
        metrics: Metrics,
        watchdog: Watchdog,
        on_change: Callable[[], None],
    ) -> None:
        """Load and warm up every model of the configuration.

        A model that cannot be loaded is not ready, and the others serve.

        Args:
            settings: of the server.
            metrics: hears of models, and of every frame.
            watchdog: looks after inferences.
            on_change: called from any thread when models have changed.

        Raises:
            ConfigurationError: a manifest is wrong, or a provider is unknown.
            NotAvailableError: strict, and a model's first wish cannot be met; or no model can
                serve.
        """
        self._strict = settings.engines.strict
        self._settings = settings
        self._elsewhere: list[Path] = []
        self._loader = ModelLoader(Tuned(settings, self._repository), metrics, watchdog)
        self._metrics = metrics
        self._on_change = on_change
        # One change at a time, always in this thread: what a model frees there fits the next one.
        self._thread = ThreadPoolExecutor(1, "models")
        self._serving: dict[Wish, ServedModel] = {}
        self._tried: dict[Wish, object] = {}
        try:
            self.models = self._thread.submit(self._start).result()
        except BaseException:
            self._thread.shutdown()
            raise

    @property
    def wishes(self) -> list[Wish]:
        """What was asked for so far."""
        return list(self._serving)

    def sight(self, wish: Wish) -> object:
        """What would be loaded now; it differs when that has changed."""
        try:
            return self._repository.find(wish.name, wish.version).stamp()
        except EdgeserveError as error:
            return str(error)

    def tried(self, wish: Wish) -> object:
        """What `sight` said when the model was last loaded, or could not be."""
        return self._tried.get(wish)

    def index(self) -> list[RepositoryEntry]:
        """See `ModelControl`."""
        found = {
            (bundle.manifest.name, bundle.manifest.version): RepositoryEntry(
                bundle.manifest.name, bundle.manifest.version, served=False, ready=False
            )
            for bundle in self._repository.bundles()
        }
        for status in self.models.statuses():
            found[status.name, status.version] = RepositoryEntry(
                status.name, status.version, served=True, ready=status.ready, reason=status.reason
            )
        return sorted(found.values(), key=lambda one: (one.name, version_order(one.version)))

    def load(self, name: str, version: str = "") -> ModelStatus:
        """See `ModelControl`."""
        return self._thread.submit(self._load, Wish(name, version)).result()

    def reload(self, name: str, version: str = "") -> list[ModelStatus]:
        """See `ModelControl`."""
        return self._thread.submit(self._reload, name, version).result()

    def unload(self, name: str, version: str = "") -> None:
        """See `ModelControl`."""
        self._thread.submit(self._unload, name, version).result()

    def close(self) -> None:
        """Change nothing any more, and stop all lanes after the frames that they are running."""
        self._thread.shutdown()
        self.models.close()

    def _start(self) -> ServedModels:
        """Load the models of the configuration."""
        for text in self._settings.catalog.model:
            self._begin(text)
        found = list(self._serving.values())
        if not any(model.status.ready for model in found):
            text = "no model can serve: " + "; ".join(model.status.reason for model in found)
            raise NotAvailableError(text)
        models = ServedModels(self._distinct(), self._settings.pipeline, self._metrics)
        self._metrics.models.tell(models.statuses())
        return models

    @property
    def _repository(self) -> Repository:
        own = self._settings.catalog.models_dir
        return Repository(own, shipped_dir(), bundles=self._elsewhere)

    def _wish(self, text: str) -> Wish:
        """What an entry of the configuration means; a bundle elsewhere is fetched.

        Raises:
            EdgeserveError: it cannot be had.
        """
        if not is_source(text):
            return Wish.read(text)
        catalog, cache_dir = self._settings.catalog, self._settings.engines.cache_dir
        folder = obtain(Source.read(text), cache_dir, catalog.max_bundle_mb << 20)
        manifest = Bundle.read(folder).manifest
        self._elsewhere.append(folder)
        return Wish(manifest.name, manifest.version)

    def _begin(self, text: str) -> None:
        """Load a model of the configuration."""
        place = without_credentials(Source.read(text).place) if is_source(text) else text
        wish = Wish(place)
        try:
            wish = self._wish(text)
            self._tried[wish] = self.sight(wish)
            bundle = self._repository.find(wish.name, wish.version)
            model = self._served(bundle) or self._loader.load(bundle, strict=self._strict)
        except ConfigurationError:
            raise
        except EdgeserveError as error:
            if self._strict and isinstance(error, NotAvailableError):
                raise
            _log.error("model %s is not ready: %s", wish, error)
            self._metrics.models.refused(wish.name)
            status = ModelStatus(wish.name, wish.version, ready=False, reason=str(error))
            model = ServedModel(status)
        self._serving[wish] = model

    def _reload(self, name: str, version: str) -> list[ModelStatus]:
        wishes = self._wishes_for(name, version)
        found = {self._serving[wish].status.version: wish for wish in wishes}
        return [self._load(wish, version) for version, wish in found.items()]

    def _unload(self, name: str, version: str) -> None:
        for wish in self._wishes_for(name, version):
            del self._serving[wish]
            self._tried.pop(wish, None)
        _log.info("model %s is unloaded", Wish(name, version))
        self._publish()

    def _load(self, wish: Wish, version: str = "") -> ModelStatus:
        """Load what a wish means now, or the version of it that is named."""
        bundle = None
        try:
            bundle = self._repository.find(wish.name, version or wish.version)
            self._tried[wish] = bundle.stamp()
            model = self._loader.load(bundle, strict=True)
        except EdgeserveError as error:
            if bundle is None:
                self._tried[wish] = str(error)
            self._refuse(wish, bundle, error)
            raise
        key = _key(model)
        # No name here for what leaves: its memory would not be free when it is given back.
        self._serving = {w: model if _key(m) == key else m for w, m in self._serving.items()}
        self._serving[wish] = model
        self._publish()
        return model.status

    def _refuse(self, wish: Wish, bundle: Bundle | None, error: EdgeserveError) -> None:
        """What served before a load that failed goes on, and says why."""
        before = self._serving.get(wish)
        if bundle is None and before is None:
            return  # nobody has it
        self._metrics.models.refused(wish.name)
        name = wish if bundle is None else Wish(wish.name, bundle.manifest.version)
        if before is None:
            _log.error("model %s cannot be loaded: %s", name, error)
            return
        reason = str(error)
        if before.status.ready:
            reason = f"{name} does not take its place: {error}"
        _log.error("model %s: %s", before.status.name, reason)
        after = replace(before, status=replace(before.status, reason=reason))
        self._serving = {w: after if m is before else m for w, m in self._serving.items()}
        self._publish()

    def _publish(self) -> None:
        """Let streams go over to what serves now, and let go of what does not."""
        self.models.replace(self._distinct())
        self._metrics.models.tell(self.models.statuses())
        give_back()
        self._on_change()

    def _distinct(self) -> list[ServedModel]:
        """In the order of the wishes; two of them may mean one model."""
        return list({id(model): model for model in self._serving.values()}.values())

    def _served(self, bundle: Bundle) -> ServedModel | None:
        """What was loaded from it already."""
        wanted = (bundle.manifest.name, bundle.manifest.version)
        loaded = (model for model in self._serving.values() if model.detector is not None)
        return next((model for model in loaded if _key(model) == wanted), None)

    def _wishes_for(self, name: str, version: str) -> list[Wish]:
        """Those that a model of that name and version serves.

        Raises:
            ModelNotFoundError: there is none.
        """
        wishes = [
            wish
            for wish, model in self._serving.items()
            if wish.name == name and version in {"", model.status.version}
        ]
        if not wishes:
            known = ", ".join(":".join(_key(model)) for model in self._distinct()) or "none"
            text = f"this server has no model {str(Wish(name, version))!r}; it serves {known}"
            raise ModelNotFoundError(text)
        return wishes


def _key(model: ServedModel) -> tuple[str, str]:
    return model.status.name, model.status.version
