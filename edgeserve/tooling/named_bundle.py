"""The bundle that a tool's user means."""

from __future__ import annotations

from pathlib import Path

from edgeserve.catalog.bundle import MANIFEST, Bundle
from edgeserve.catalog.repository import Repository, shipped_dir
from edgeserve.domain.errors import NotAvailableError


def named_bundle(model: str, models_dir: Path, precision: str = "") -> Bundle:
    """Find a bundle and compare its files with their checksums.

    Args:
        model: a folder with a `model.toml`, or NAME or NAME:VERSION.
        models_dir: the user's bundles, which come beside the shipped ones.
        precision: of the form that is needed; empty if any will do.

    Raises:
        ModelNotFoundError: there is none; the text names those that exist.
        ConfigurationError: its manifest is wrong.
        ModelNotReadyError: one of its files is damaged.
        NotAvailableError: this installation has left that form out.
    """
    folder = Path(model)
    if (folder / MANIFEST).is_file():
        bundle = Bundle.read(folder)
    else:
        name, _, version = model.partition(":")
        bundle = Repository(models_dir, shipped_dir()).find(name, version)
    bundle.verify()
    listed = {file.precision for file in bundle.manifest.files}
    present = {file.precision for file in bundle.spec.files}
    if precision in listed - present:
        text = (
            f"{bundle.folder} lacks its {precision} form (an installed package carries the INT8 "
            f"forms only): name the bundle's folder in the sources, as in "
            f"models/bundles/{bundle.manifest.name}"
        )
        raise NotAvailableError(text)
    return bundle
