"""A version of the program in a virtual environment of its own, and which of them is in force."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

from edgeserve.domain.errors import ConfigurationError, EdgeserveError, NotAvailableError
from edgeserve.tooling.service.step import command

if TYPE_CHECKING:
    from edgeserve.tooling.service.layout import Layout

_RECORD = "service.json"
# Finds its interpreter beside itself: the environment may be moved, and is entered over links.
_LAUNCHER = """\
#!/bin/sh
'''exec' "$(dirname -- "$(realpath -- "$0")")/python" "$0" "$@"
' '''
from edgeserve.__main__ import main

main()
"""


@dataclass(frozen=True)
class Ingredients:
    """What a version is made of.

    Attributes:
        package: a wheel or a source folder, a version to get from the package index, or empty for
            the newest one there.
        extras: of the package.
        others: further requirements, plug-ins say.
        python: makes the environment.
        lock: file of requirements with hashes to install first; empty for none.
    """

    package: str
    extras: tuple[str, ...]
    others: tuple[str, ...]
    python: str
    lock: str = ""

    @property
    def requirement(self) -> str:
        """The package in pip's words."""
        name = f"edgeserve[{','.join(self.extras)}]" if self.extras else "edgeserve"
        path = Path(self.package)
        if self.package and path.exists():
            return f"{name} @ {path.resolve().as_uri()}"
        if path.suffix == ".whl" or "/" in self.package:
            text = f"{self.package}: there is no such file"
            raise NotAvailableError(text)
        return f"{name}=={self.package}" if self.package else name


class Record(TypedDict):
    """What is kept of a version's ingredients beside it."""

    version: str
    extras: list[str]
    others: list[str]
    python: str


def building(layout: Layout) -> Path:
    """Where a version lies until it is complete."""
    return layout.versions / ".new"


def make_environment(layout: Layout, ingredients: Ingredients) -> None:
    """Make an empty environment in the place of an unfinished one.

    Raises:
        EdgeserveError: the interpreter cannot; on Debian it may lack python3-venv.
    """
    folder = building(layout)
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    command([ingredients.python, "-m", "venv", folder])


def fill_environment(layout: Layout, ingredients: Ingredients) -> None:
    """Install the package, with pip's settings of this machine.

    Raises:
        EdgeserveError: pip could not, or the program does not start.
    """
    folder = building(layout)
    python = folder / "bin" / "python"
    quiet = os.environ | {"PIP_ROOT_USER_ACTION": "ignore", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    install: list[str | Path] = [python, "-m", "pip", "install", "-q"]
    if ingredients.lock:
        command([*install, "--require-hashes", "-r", ingredients.lock], quiet)
    command([*install, ingredients.requirement, *ingredients.others], quiet)
    stale = bytes(folder)
    for script in (folder / "bin").iterdir():
        if not script.is_symlink() and stale in script.read_bytes():
            script.unlink()
    launcher = folder / "bin" / "edgeserve"
    launcher.write_text(_LAUNCHER, encoding="utf-8")
    launcher.chmod(0o755)
    version = command([launcher, "--version"]).split()[-1]
    record = {"version": version, **asdict(ingredients)}
    (folder / _RECORD).write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


def try_configuration(layout: Layout) -> None:
    """Have the new version read the configuration that is there.

    Raises:
        ConfigurationError: it refuses it; nothing has been changed.
    """
    program = building(layout) / "bin" / "edgeserve"
    try:
        command([program, "config", "--check", layout.configuration])
    except EdgeserveError as error:
        text = f"nothing was changed, as the new version does not take the configuration: {error}"
        raise ConfigurationError(text) from error


def put_in_force(layout: Layout) -> None:
    """Name the finished version, make it the current one and forget those before the previous."""
    unfinished = building(layout)
    version = json.loads((unfinished / _RECORD).read_text(encoding="utf-8"))["version"]
    taken = {path.name for path in layout.versions.iterdir()}
    name, number = version, 1
    while name in taken:
        number += 1
        name = f"{version}-{number}"
    folder = layout.versions / name
    unfinished.rename(folder)
    if layout.current.exists():
        link(layout.previous, layout.current.resolve().relative_to(layout.home.resolve()))
    link(layout.current, folder.relative_to(layout.home))
    kept = {layout.current.resolve(), layout.previous.resolve()}
    for old in layout.versions.iterdir():
        if old.resolve() not in kept:
            shutil.rmtree(old)


def go_back(layout: Layout) -> None:
    """Make the previous version the current one, and the other way round."""
    current, previous = (path.readlink() for path in (layout.current, layout.previous))
    link(layout.current, previous)
    link(layout.previous, current)


def link(path: Path, target: Path) -> None:
    """Make a symbolic link, in one step in the place of one that is there."""
    fresh = path.with_name(f"{path.name}.new")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(target)
    fresh.replace(path)


def record_of(folder: Path) -> Record | None:
    """What a version was made of, and its number; None where no version is."""
    try:
        record: Record = json.loads((folder / _RECORD).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return record


def discard_unfinished(layout: Layout) -> None:
    """Delete what was not put into force."""
    shutil.rmtree(building(layout), ignore_errors=True)
