"""A configuration that is read anew while the server runs."""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import TYPE_CHECKING

from edgeserve.config.settings import is_reloaded, options
from edgeserve.domain.errors import CameraNotFoundError, ConfigurationError, EdgeserveError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from edgeserve.cameras.options import CameraOptions
    from edgeserve.config.load import Configuration
    from edgeserve.config.settings import Settings
    from edgeserve.pipeline.cameras import Cameras

_log = logging.getLogger(__name__)


class Reloader:
    """Puts what may change into force; the rest needs a restart, and is named.

    All or nothing: what a server cannot take leaves everything as it was.

    Attributes:
        settings: in force.
    """

    def __init__(self, settings: Settings, reread: Callable[[], Configuration]) -> None:
        """Begin with the settings that the server started with.

        Args:
            settings: of the server.
            reread: composes them anew; raises ConfigurationError.
        """
        self.settings = settings
        self._reread = reread

    def reload(self, cameras: Cameras) -> str:
        """Read the configuration and put it into force.

        Returns:
            What changed and what needs a restart, for people.

        Raises:
            ConfigurationError: it is wrong, and nothing has changed.
        """
        configuration = self._reread()
        old, new = self.settings, configuration.settings
        changed = [(section, name) for section, name in _changed(old, new) if _live(section, name)]
        waiting = [name for section, name in _changed(old, new) if not _live(section, name)]
        in_force = _with(old, new, changed)
        said = self._change_cameras(cameras, in_force, configuration.origins)
        logging.getLogger().setLevel(in_force.telemetry.log_level.upper())
        said += [f"{name} = {getattr(getattr(new, section), name)}" for section, name in changed]
        if waiting:
            said.append(f"only a restart changes {', '.join(waiting)}")
        return "; ".join(said) or "nothing changed"

    def _change_cameras(
        self,
        cameras: Cameras,
        new: Settings,
        origins: Mapping[tuple[str | int, ...], str],
    ) -> list[str]:
        """Make `new` the settings in force, and read its cameras."""
        before = {camera.name: camera for camera in self.settings.camera}
        after = {camera.name: camera for camera in new.camera}
        other_tracking = new.tracking != self.settings.tracking
        added = [name for name in after if name not in before]
        removed = [name for name in before if name not in after]
        changed = [
            name
            for name, camera in after.items()
            if name in before and (camera != before[name] or (other_tracking and camera.tracked))
        ]
        for index, (name, camera) in enumerate(after.items()):
            if name in added or name in changed:
                _check(cameras, camera, origins.get(("camera", index), ""), new=name in added)
        # From here on their trackers are of the new options.
        self.settings = new
        for name in (*removed, *changed):
            with suppress(CameraNotFoundError):  # somebody removed it over the admin service
                cameras.remove(name)
        for name in (*added, *changed):
            cameras.add(after[name])
        words = {"added": added, "removed": removed, "changed": changed}
        return [f"cameras {word}: {', '.join(names)}" for word, names in words.items() if names]


def _check(cameras: Cameras, camera: CameraOptions, origin: str, *, new: bool) -> None:
    try:
        cameras.check(camera, new=new)
    except EdgeserveError as error:
        text = f"{origin}: camera {camera.name}: {error}"
        raise ConfigurationError(text) from error


def _changed(old: Settings, new: Settings) -> list[tuple[str, str]]:
    return [
        (section, name)
        for section, name, _ in options()
        if getattr(getattr(old, section), name) != getattr(getattr(new, section), name)
    ]


def _live(section: str, name: str) -> bool:
    return any(
        is_reloaded(field) for where, what, field in options() if (where, what) == (section, name)
    )


def _with(old: Settings, new: Settings, changed: list[tuple[str, str]]) -> Settings:
    """The old settings with the new cameras and the new values of some options."""
    update: dict[str, object] = {"camera": new.camera}
    for section in {section for section, _ in changed}:
        values = {name: getattr(getattr(new, section), name) for s, name in changed if s == section}
        update[section] = getattr(old, section).model_copy(update=values)
    return old.model_copy(update=update)
