"""All options of a server, a section a room.

Each room declares its options once. An option's name is unique over all sections, so that its
flag (`--http-listen`) and its variable (`EDGESERVE_HTTP_LISTEN`) need no section.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, get_origin

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from edgeserve.access.options import AccessOptions
from edgeserve.cameras.options import CameraOptions
from edgeserve.catalog.options import CatalogOptions
from edgeserve.checks.options import CheckOptions
from edgeserve.engines.options import EngineOptions
from edgeserve.pipeline.options import PipelineOptions
from edgeserve.serving.options import ServingOptions
from edgeserve.sinks.options import JsonlOptions, MqttOptions, WebhookOptions
from edgeserve.telemetry.options import TelemetryOptions
from edgeserve.tracking.options import TrackingOptions
from edgeserve.web.options import WebOptions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic.fields import FieldInfo


class Settings(BaseModel):
    """A server's whole configuration."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    serving: ServingOptions = Field(default_factory=ServingOptions)
    web: WebOptions = Field(default_factory=WebOptions)
    catalog: CatalogOptions = Field(default_factory=CatalogOptions)
    engines: EngineOptions = Field(default_factory=EngineOptions)
    checks: CheckOptions = Field(default_factory=CheckOptions)
    pipeline: PipelineOptions = Field(default_factory=PipelineOptions)
    access: AccessOptions = Field(default_factory=AccessOptions)
    telemetry: TelemetryOptions = Field(default_factory=TelemetryOptions)
    tracking: TrackingOptions = Field(default_factory=TrackingOptions)
    mqtt: MqttOptions = Field(default_factory=MqttOptions)
    jsonl: JsonlOptions = Field(default_factory=JsonlOptions)
    webhook: WebhookOptions = Field(default_factory=WebhookOptions)
    camera: tuple[CameraOptions, ...] = ()
    """One table `[[camera]]` each; file only, since a flag could not say which."""

    @field_validator("camera")
    @classmethod
    def _distinct(cls, cameras: tuple[CameraOptions, ...]) -> tuple[CameraOptions, ...]:
        names = [camera.name for camera in cameras]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            text = (
                f"more than one is called {', '.join(twice)}; expected a name of its own for each"
            )
            raise ValueError(text)
        return cameras


def options() -> Iterator[tuple[str, str, FieldInfo]]:
    """Every option as section, name and declaration."""
    for section, declaration in Settings.model_fields.items():
        room = declaration.annotation
        # Python 3.10 takes tuple[...] for a type, and then fails to say of what.
        if get_origin(room) is None and isinstance(room, type) and issubclass(room, BaseModel):
            for name, field in room.model_fields.items():
                yield section, name, field


def has_flag(field: FieldInfo) -> bool:
    """Whether an option has a flag: a secret has none, as everybody sees a command line."""
    return field.annotation is not SecretStr


def is_reloaded(field: FieldInfo) -> bool:
    """Whether a running server takes an option's new value on SIGHUP."""
    extra = field.json_schema_extra
    return isinstance(extra, dict) and extra.get("reloaded") is True
