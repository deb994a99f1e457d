"""What an operator may say about models."""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, field_validator

from edgeserve.catalog.source import Source, is_source
from edgeserve.domain.errors import ConfigurationError


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
        description="Models to serve, separated by commas, as NAME (its newest version), "
        "NAME:VERSION, or a bundle elsewhere: a folder or an archive (PATH, with a / in it), "
        "http(s)://…#sha256=HEX, oci://HOST/NAME@sha256:HEX; the first is the default.",
    )
    max_bundle_mb: int = Field(
        default=2048,
        ge=1,
        description="Largest bundle that is fetched or unpacked.",
    )
    watch: bool = Field(
        default=False,
        description="Look for newer versions of the models that serve, and for changes of their "
        "files. What is new is verified and warmed up before it takes over; what fails does not.",
    )
    watch_interval: float = Field(
        default=5.0,
        gt=0,
        description="Seconds between two looks. Files must be the same in both before they are "
        "read, so that a copy may be under way.",
    )

    @field_validator("model")
    @classmethod
    def _readable(cls, model: tuple[str, ...]) -> tuple[str, ...]:
        for text in model:
            if is_source(text):
                try:
                    Source.read(text)
                except ConfigurationError as error:
                    raise ValueError(error) from None
        return model
