"""Bundles on their way to the disk: checksums, entries, the manifest."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from edgeserve.catalog.bundle import MANIFEST, Bundle
from edgeserve.catalog.manifest import Accuracy, Checked, File
from edgeserve.tooling.manifest_text import manifest_text

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from edgeserve.catalog.manifest import Manifest
    from edgeserve.tooling.evaluate import Evaluation
    from edgeserve.tooling.quantize import Form

_DIGITS = 5


def checked(path: Path) -> Checked:
    """A file's entry."""
    return Checked(path=path.name, sha256=_sha256(path))


def form_entry(folder: Path, form: Form) -> File:
    """The entry of a form whose files lie in the folder."""
    return File(
        path=form.file,
        sha256=_sha256(folder / form.file),
        runtimes=(form.made_for,),
        precision=form.precision,
        companions=tuple(checked(folder / name) for name in form.companions),
    )


def accuracy_entries(evaluations: Iterable[Evaluation]) -> tuple[Accuracy, ...]:
    """A line for each origin of each evaluation."""
    return tuple(
        Accuracy.model_validate(
            {
                "runtime": one.runtime,
                "precision": one.precision,
                "split": one.split,
                "origin": name,
                "ap": round(origin.mean.ap, _DIGITS),
                "ap50": round(origin.mean.ap50, _DIGITS),
            }
        )
        for one in evaluations
        for name, origin in one.origins.items()
    )


def write_manifest(folder: Path, manifest: Manifest) -> Bundle:
    """Write `model.toml`, read it back and compare every file with it.

    Raises:
        ModelNotReadyError: a file is missing or not the one that the manifest means.
    """
    (folder / MANIFEST).write_text(manifest_text(manifest), encoding="utf-8")
    bundle = Bundle.read(folder)
    bundle.verify()
    return bundle


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
