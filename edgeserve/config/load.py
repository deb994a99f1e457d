"""Settings from a file, the environment and flags, in rising order."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, get_origin

from pydantic import ValidationError

from edgeserve.catalog.manifest import explain
from edgeserve.config.lines import line_numbers, line_of
from edgeserve.config.settings import Settings, options
from edgeserve.domain.errors import ConfigurationError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pydantic.fields import FieldInfo

PREFIX = "EDGESERVE_"


def variable(name: str, field: FieldInfo) -> str:
    """The environment variable of an option."""
    extra = field.json_schema_extra
    own = extra.get("variable") if isinstance(extra, dict) else None
    return str(own or PREFIX + name.upper())


@dataclass(frozen=True)
class Configuration:
    """Settings, and who said what of them.

    Attributes:
        settings: in force.
        origins: by section and name of an option, and by "camera" and a position: FILE:LINE, the
            name of a variable, or a flag. What is not there is a default.
    """

    settings: Settings
    origins: Mapping[tuple[str | int, ...], str]


def load_settings(
    path: Path | None,
    environment: Mapping[str, str],
    flags: Mapping[str, object],
) -> Settings:
    """The settings of `load_configuration`."""
    return load_configuration(path, environment, flags).settings


def load_configuration(
    path: Path | None,
    environment: Mapping[str, str],
    flags: Mapping[str, object],
) -> Configuration:
    """Compose the settings of a server.

    Args:
        path: a TOML file with a table a section, or None.
        environment: of the process; `EDGESERVE_` and an option's name.
        flags: options by name that the command line gave.

    Raises:
        ConfigurationError: one line that names the file and line, the variable or the flag, the
            key, and what was expected.
    """
    tables, lines = ({}, {}) if path is None else _read(path)
    _check("" if path is None else str(path), tables, lines)
    origins = {place: f"{path}:{line}" for place, line in lines.items()}
    for section, name, field in options():
        for origin, given in ((variable(name, field), environment), (name, flags)):
            if origin not in given:
                continue
            value = given[origin]
            if isinstance(value, str) and get_origin(field.annotation) is tuple:
                value = [part.strip() for part in value.split(",") if part.strip()]
            tables.setdefault(section, {})[name] = value
            shown = origin if given is environment else f"--{name.replace('_', '-')}"
            origins[section, name] = shown
            _check(shown, {section: {name: value}})
    return Configuration(Settings.model_validate(tables), origins)


def _read(path: Path) -> tuple[dict[str, Any], dict[tuple[str | int, ...], int]]:
    try:
        text = path.read_text(encoding="utf-8")
        return tomllib.loads(text), line_numbers(text)
    except (OSError, UnicodeDecodeError) as error:
        said = f"{path}: cannot be read: {error}"
        raise ConfigurationError(said) from error
    except tomllib.TOMLDecodeError as error:
        said = f"{path}: not valid TOML: {error}"
        raise ConfigurationError(said) from error


def _check(
    origin: str,
    tables: dict[str, Any],
    lines: Mapping[tuple[str | int, ...], int] | None = None,
) -> None:
    try:
        Settings.model_validate(tables)
    except ValidationError as error:
        line = line_of(error.errors()[0]["loc"], lines or {})
        place = origin if line is None else f"{origin}:{line}"
        raise ConfigurationError(explain(place, error)) from error
