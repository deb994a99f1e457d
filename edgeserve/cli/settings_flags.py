"""Flags for every option of a server, derived from the rooms' declarations."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, get_args, get_origin

import click

from edgeserve.config.load import PREFIX, load_configuration
from edgeserve.config.settings import has_flag, options

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydantic.fields import FieldInfo

    from edgeserve.config.load import Configuration

_F = TypeVar("_F", bound="Callable[..., object]")


def settings_flags(command: _F) -> _F:
    """Add `--config` and a flag for each option to a command."""
    for _, name, field in reversed(list(options())):
        if has_flag(field):
            command = _flag(name, field)(command)
    return click.option(
        "--config",
        "config_path",
        type=click.Path(path_type=Path, dir_okay=False),
        help="TOML file with options; see `edgeserve config --example`.",
    )(command)


def configuration_of(config_path: Path | None, flags: dict[str, Any]) -> Configuration:
    """The settings of a command that has `settings_flags`, and who said what.

    Raises:
        ConfigurationError: file, environment or flags are wrong.
    """
    given = {name: value for name, value in flags.items() if value is not None}
    return load_configuration(chosen_path(config_path), os.environ, given)


def chosen_path(config_path: Path | None) -> Path | None:
    """The file of --config, or of EDGESERVE_CONFIG."""
    path = os.environ.get(f"{PREFIX}CONFIG")
    return config_path or (Path(path) if path else None)


def _flag(name: str, field: FieldInfo) -> Callable[[_F], _F]:
    default = field.get_default(call_default_factory=True)
    flag = f"--{name.replace('_', '-')}"
    if field.annotation is bool:
        shown = f"{flag}/--no-{name.replace('_', '-')}"
        return click.option(shown, name, default=None, help=field.description)
    if isinstance(default, tuple):
        default = ",".join(default)
    help_text = f"{field.description} [default: {default}]"
    if get_origin(field.annotation) is not None and isinstance(default, str):
        choices = [choice for choice in get_args(field.annotation) if isinstance(choice, str)]
        if choices:
            return click.option(flag, name, type=click.Choice(choices), help=help_text)
    return click.option(flag, name, metavar="VALUE", help=help_text)
