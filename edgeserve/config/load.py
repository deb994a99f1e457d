"""Settings from a file, the environment and flags, in rising order."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, get_origin

from pydantic import ValidationError

from edgeserve.catalog.manifest import explain
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


def load_settings(
    path: Path | None,
    environment: Mapping[str, str],
    flags: Mapping[str, object],
) -> Settings:
    """Compose the settings of a server.

    Args:
        path: a TOML file with a table a section, or None.
        environment: of the process; `EDGESERVE_` and an option's name.
        flags: options by name that the command line gave.

    Raises:
        ConfigurationError: one line that names the file, variable or flag, the key, and what was
            expected.
    """
    tables = {} if path is None else _read(path)
    _check("" if path is None else str(path), tables)
    for section, name, field in options():
        for origin, given in ((variable(name, field), environment), (name, flags)):
            if origin not in given:
                continue
            value = given[origin]
            if isinstance(value, str) and get_origin(field.annotation) is tuple:
                value = [part.strip() for part in value.split(",") if part.strip()]
            tables.setdefault(section, {})[name] = value
            shown = origin if given is environment else f"--{name.replace('_', '-')}"
            _check(shown, {section: {name: value}})
    return Settings.model_validate(tables)


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        text = f"{path}: cannot be read: {error}"
        raise ConfigurationError(text) from error
    except tomllib.TOMLDecodeError as error:
        text = f"{path}: not valid TOML: {error}"
        raise ConfigurationError(text) from error


def _check(origin: str, tables: dict[str, Any]) -> None:
    try:
        Settings.model_validate(tables)
    except ValidationError as error:
        raise ConfigurationError(explain(origin, error)) from error
