"""What `edgeserve tune` chose, where the operator left it open."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from edgeserve.catalog.wish import Wish
from edgeserve.checks.choice import Choices
from edgeserve.checks.machine import facts
from edgeserve.domain.errors import EdgeserveError
from edgeserve.engines.registry import runtimes
from edgeserve.engines.wishes import read_wishes

if TYPE_CHECKING:
    from edgeserve.catalog.bundle import Bundle
    from edgeserve.catalog.repository import Repository
    from edgeserve.checks.choice import Choice
    from edgeserve.config.settings import Settings

_log = logging.getLogger(__name__)


class Tuned:
    """Settings of a server with its choices in them.

    A choice is for a form of a model, so it counts as a whole: where the operator asks for another
    device, precision or number of threads it is left out. Hint, streams and workers can be
    replaced one by one.

    Attributes:
        settings: with the hint and the workers that were chosen for the default model: all models
            of a device share them.
    """

    def __init__(self, settings: Settings, repository: Repository) -> None:
        """Look for choices in the cache directory of these settings, as the operator wrote them."""
        self._given = settings
        self._choices: dict[str, Choice | None] = {}
        self.settings = settings
        try:
            wish = Wish.read(settings.catalog.model[0])
            choice = self._choice(repository.find(wish.name, wish.version))
        except EdgeserveError:
            return  # whoever loads it says what is wrong
        if choice is not None:
            self.settings = settings.model_copy(
                update={
                    "engines": settings.engines.model_copy(update=self._open(choice, "hint")),
                    "pipeline": settings.pipeline.model_copy(update=self._open(choice, "workers")),
                }
            )

    def for_model(self, bundle: Bundle) -> tuple[Settings, str]:
        """The settings to load a model with, and what was chosen for it, in words, or ""."""
        choice = self._choice(bundle)
        if choice is None:
            return self.settings, ""
        form = {"provider": choice.device, "precision": choice.precision}
        counts = self._open(choice, "threads", "streams")
        engines = self.settings.engines.model_copy(update=form | counts)
        real = {name: getattr(engines, name) for name in ("hint", "threads", "streams")}
        real["workers"] = self.settings.pipeline.workers
        words = str(choice.model_copy(update=real))
        return self.settings.model_copy(update={"engines": engines}), words

    def _choice(self, bundle: Bundle) -> Choice | None:
        manifest, engines = bundle.manifest, self._given.engines
        name = f"{manifest.name}:{manifest.version}"
        if not engines.tuned:
            return None
        text = manifest.model_dump_json()  # a bundle that is read anew may be another one
        if text not in self._choices:
            choice = Choices(engines.cache_dir).find(name, lambda: facts(text))
            if choice is not None and (asked := self._other_wish(choice)):
                _log.info(
                    "model %s: what `edgeserve tune` chose is not used, since %s: %s",
                    *(name, asked, choice),
                )
                choice = None
            self._choices[text] = choice
        return self._choices[text]

    def _other_wish(self, choice: Choice) -> str:
        """What the operator asks for that the choice does not meet; empty if it meets all."""
        engines = self._given.engines
        given = engines.model_fields_set
        if "provider" in given:
            device = choice.device.partition(":")[2].lower()
            first = read_wishes(engines.provider, runtimes())[0]
            names = {f"{runtime.name}:{first.device.lower()}" for runtime in first.runtimes}
            if f"{choice.device.partition(':')[0]}:{device}" not in names:
                return f"provider is {engines.provider}"
        if "precision" in given and engines.precision not in {"auto", choice.precision}:
            return f"precision is {engines.precision}"
        if "threads" in given and engines.threads not in {0, choice.threads}:
            return f"threads is {engines.threads}"
        return ""

    def _open(self, choice: Choice, *names: str) -> dict[str, object]:
        """Those of the chosen options that the operator says nothing of."""
        given = self._given.engines.model_fields_set | self._given.pipeline.model_fields_set
        return {name: getattr(choice, name) for name in names if name not in given}
