"""Where bundles are found: the user's, then the shipped ones."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from edgeserve.catalog.bundle import MANIFEST, Bundle
from edgeserve.domain.errors import ConfigurationError, ModelNotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_PACKAGE = Path(__file__).resolve().parent.parent


def shipped_dir() -> Path:
    """The bundles that came with the program: inside the wheel, or in the checkout."""
    installed = _PACKAGE / "bundles"
    return installed if installed.is_dir() else _PACKAGE.parent / "models" / "bundles"


class Repository:
    """Bundles in one or more folders; an earlier folder wins by name and version."""

    def __init__(self, *folders: Path, bundles: Sequence[Path] = ()) -> None:
        """Look into folders of bundles; absent ones count as empty.

        Args:
            folders: each with bundles at NAME/model.toml or NAME/VERSION/model.toml.
            bundles: folders of single bundles beside them, which win over all.
        """
        self._folders = folders
        self._bundles = tuple(bundles)

    def bundles(self) -> list[Bundle]:
        """All bundles with a readable manifest, by name and version."""
        found = {
            (bundle.manifest.name, bundle.manifest.version): bundle
            for path in reversed(list(self._paths()))
            if (bundle := _readable(path)) is not None
        }
        return sorted(found.values(), key=_by_name_and_version)

    def find(self, name: str, version: str = "") -> Bundle:
        """The bundle of that name; the newest version when none is named.

        Raises:
            ModelNotFoundError: there is none; the text names those that exist.
            ConfigurationError: its manifest is wrong.
        """
        # The manifest's name counts. Where the folder has it too, a broken manifest is no secret.
        candidates = [
            Bundle.read(path) if name in {path.name, path.parent.name} else _readable(path)
            for path in self._paths()
        ]
        named = [b for b in candidates if b is not None and b.manifest.name == name]
        fitting = [b for b in named if version in {"", b.manifest.version}]
        if not fitting:
            known = ", ".join(f"{b.manifest.name}:{b.manifest.version}" for b in self.bundles())
            places = ", ".join(str(folder) for folder in self._folders)
            wanted = f"{name}:{version}" if version else name
            text = f"there is no model {wanted!r} in {places}; there is: {known or 'none'}"
            raise ModelNotFoundError(text)
        return max(fitting, key=_by_name_and_version)

    def _paths(self) -> Iterator[Path]:
        yield from self._bundles
        for folder in self._folders:
            for depth in ("*", "*/*"):
                found = sorted(path.parent for path in folder.glob(f"{depth}/{MANIFEST}"))
                # What is hidden is being written.
                yield from (path for path in found if not _hidden(path.relative_to(folder)))


def _hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def _readable(path: Path) -> Bundle | None:
    try:
        return Bundle.read(path)
    except ConfigurationError:
        return None


def _by_name_and_version(bundle: Bundle) -> tuple[str, list[tuple[int, str]]]:
    return bundle.manifest.name, version_order(bundle.manifest.version)


def version_order(version: str) -> list[tuple[int, str]]:
    """Sorts versions in the order people mean: 2 before 10, v2 before v10."""
    parts = re.split(r"(\d+)", version)
    return [(int(part), "") if part.isdigit() else (0, part) for part in parts]
