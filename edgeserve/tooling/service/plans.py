"""What is done to install, upgrade, take back and remove the service, in order."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from edgeserve.domain.errors import EdgeserveError
from edgeserve.tooling.service import release, system_files, systemd
from edgeserve.tooling.service.step import Step, command

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from edgeserve.tooling.service.layout import Layout
    from edgeserve.tooling.service.release import Ingredients


def install(layout: Layout, ingredients: Ingredients, *, start: bool) -> Iterator[Step]:
    """Set the service up; an existing configuration stays as it is."""
    yield from _new_version(layout, ingredients)
    yield _files(layout)
    if systemd.is_there(layout):
        yield from systemd.set_up(layout)
        yield systemd.systemctl("enable")
        if start:
            yield systemd.systemctl("restart")


def upgrade(layout: Layout, ingredients: Ingredients) -> Iterator[Step]:
    """Put another version into force; if it does not start, the old one again."""
    yield from _new_version(layout, ingredients)
    yield _files(layout)
    if systemd.is_there(layout):
        yield from systemd.set_up(layout)
        restart = systemd.systemctl("try-restart")
        yield Step(restart.text, lambda: _restart_or_go_back(layout, restart))


def roll_back(layout: Layout) -> Iterator[Step]:
    """Put the previous version into force, with its own unit and pages."""
    text = f"make {layout.previous} the current version"
    yield Step(text, lambda: release.go_back(layout))
    yield _files(layout)
    if systemd.is_there(layout):
        yield systemd.read_units()
        yield systemd.systemctl("try-restart")


def remove(layout: Layout, *, purge: bool) -> Iterator[Step]:
    """Stop the service and take away what was installed.

    Args:
        layout: of it.
        purge: configuration and data, too.
    """
    if systemd.is_there(layout):
        yield systemd.systemctl("disable", "--now")
    gone = [layout.unit, layout.sysusers, layout.tmpfiles, *layout.generated.values()]
    if system_files.is_ours(layout.command, layout):
        gone.append(layout.command)
    gone.append(layout.home)
    if purge:
        gone += [layout.configuration.parent, *layout.data]
    yield from (_gone(path) for path in gone)
    if systemd.is_there(layout):
        yield systemd.read_units()


def _new_version(layout: Layout, ingredients: Ingredients) -> Iterator[Step]:
    wanted = " ".join((ingredients.requirement, *ingredients.others))
    yield Step(
        f"make a virtual environment of {ingredients.python}",
        lambda: release.make_environment(layout, ingredients),
    )
    locked = f" as locked in {ingredients.lock}" if ingredients.lock else ""
    yield Step(
        f"install {wanted}{locked} in it", lambda: release.fill_environment(layout, ingredients)
    )
    if layout.configuration.exists():
        yield Step(f"try {layout.configuration} with it", lambda: release.try_configuration(layout))
    yield Step(f"point {layout.current} to it", lambda: release.put_in_force(layout))


def _files(layout: Layout) -> Step:
    """All that lies outside of the environment, as the version in force wants it."""
    words: list[str | Path] = [layout.program, "service", "files", "--root", layout.root]
    return Step("have it write its unit, manual pages and completions", lambda: command(words))


def _restart_or_go_back(layout: Layout, restart: Step) -> None:
    try:
        restart.act()
    except EdgeserveError as error:
        if not release.record_of(layout.previous):
            raise
        for step in roll_back(layout):
            step.act()
        text = f"the new version did not start, the previous one is in force again: {error}"
        raise EdgeserveError(text) from error


def _gone(path: Path) -> Step:
    """Without a file, or a folder and what is in it."""

    def act() -> None:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)

    return Step(f"remove {path}", act)
