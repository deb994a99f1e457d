"""`edgeserve config`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from edgeserve.cli.json_option import JsonWriter, json_option
from edgeserve.cli.settings_flags import settings_flags, settings_of
from edgeserve.config.settings import Settings
from edgeserve.config.text import example, show

if TYPE_CHECKING:
    from pathlib import Path


@click.command()
@click.option(
    "--example",
    "action",
    flag_value="example",
    help="Print every option with its default and its meaning, as TOML.",
)
@click.option(
    "--check",
    "action",
    flag_value="check",
    help="Only say whether the configuration is good; exit 2 if not.",
)
@click.option(
    "--show",
    "action",
    flag_value="show",
    default="show",
    help="Print the options in force, as TOML (the default).",
)
@settings_flags
@json_option
def config(
    *,
    action: str,
    config_path: Path | None,
    json_path: str | None,
    **flags: Any,  # noqa: ANN401 - one for each option
) -> None:
    """Print or check a server's configuration."""
    settings = Settings() if action == "example" else settings_of(config_path, flags)
    texts = {"example": example(), "check": "the configuration is good\n", "show": show(settings)}
    with JsonWriter(json_path) as out:
        out.document(settings.model_dump(mode="json"))
        if not out.takes_stdout:
            click.echo(texts[action], nl=False)
