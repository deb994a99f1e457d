"""What is to be done, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING

from edgeserve.catalog.repository import Repository, shipped_dir
from edgeserve.catalog.wish import Wish
from edgeserve.config.settings import Settings
from edgeserve.pipeline.selection import select

if TYPE_CHECKING:
    from pathlib import Path

    from edgeserve.domain.request import DetectOptions


@dataclass(frozen=True, slots=True)
class Order:
    """What to look for in every file.

    Attributes:
        options: with name and version of the model.
        settings: where bundles lie, how engines are opened, what is decoded.
    """

    options: DetectOptions
    settings: Settings

    @classmethod
    def of(cls, options: DetectOptions, settings: Settings) -> Order:
        """Complete what the user wishes by the settings of a server that would do it.

        Raises:
            ModelNotFoundError: there is no such model; the text names those that exist.
            RequestError: a threshold is out of range, or a label is not one of the model's.
        """
        default = Wish.read(settings.catalog.model[0])
        wish = Wish(options.model, options.version) if options.model else default
        repository = Repository(settings.catalog.models_dir, shipped_dir())
        spec = repository.find(wish.name, options.version or wish.version).spec
        complete = replace(options, model=spec.name, version=spec.version)
        select(spec, complete)
        # The order travels: what a server tells nobody, such as a broker's password, stays here.
        needed = ("catalog", "engines", "checks", "pipeline", "access")
        return cls(complete, Settings(**{name: getattr(settings, name) for name in needed}))


@dataclass(frozen=True, slots=True)
class Task:
    """One file of the archive.

    Attributes:
        source: the picture or video, an absolute path.
        result: where its result belongs.
    """

    source: Path
    result: Path


class Ending(str, Enum):
    """How a task ended."""

    DONE = "done"
    UNREADABLE = "unreadable"
    """The file is at fault: its result says why, and it is not tried again."""
    FAILED = "failed"
    """The machine is at fault: there is no result, and the next run tries again."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a task.

    Attributes:
        task: the task.
        ending: how it ended.
        frames: that were looked at.
        objects: found in them.
        message: why, where it is not DONE.
    """

    task: Task
    ending: Ending
    frames: int = 0
    objects: int = 0
    message: str = ""
