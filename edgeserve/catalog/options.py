"""What an operator may say about models."""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field


def default_models_dir() -> Path:
    """`edgeserve/models` in the user's data directory (XDG base directory specification)."""
    base = os.environ.get("XDG_DATA_HOME")
    if not base:
        try:
            base = str(Path.home() / ".local" / "share")
        except RuntimeError:  # a container's user without a home
            base = "/var/lib"
    return Path(base) / "edgeserve" / "models"


class CatalogOptions(BaseModel):
    """Options of the room `catalog`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    models_dir: Path = Field(
        default_factory=default_models_dir,
        json_schema_extra={"variable": "EDGESERVE_MODELS"},
        description="Folder with bundles of your own, NAME/VERSION/model.toml, beside the "
        "shipped ones. Of a name the newest version serves, of equal versions yours.",
    )
    model: tuple[str, ...] = Field(
        default=("road-csp-tiny",),
        min_length=1,
        description="Models to serve, separated by commas; the first is the default.",
    )
