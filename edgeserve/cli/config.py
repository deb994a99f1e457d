"""`edgeserve config`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from edgeserve.cli.json_option import JsonWriter, json_option
from edgeserve.cli.settings_flags import configuration_of, settings_flags
from edgeserve.config.load import Configuration
from edgeserve.config.settings import Settings
from edgeserve.config.text import example, show


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
    help="Print the options in force, as TOML, and where each comes from (the default).",
)
@click.argument("file", required=False, type=click.Path(path_type=Path, dir_okay=False))
@settings_flags
@json_option
def config(
    *,
    action: str,
    file: Path | None,
    config_path: Path | None,
    json_path: str | None,
    **flags: Any,  # noqa: ANN401 - one for each option
) -> None:
    """Print or check a server's configuration, of FILE or of --config FILE."""
    if file and config_path and file != config_path:
        text = f"two files, {file} and --config {config_path}; expected one"
        raise click.UsageError(text)
    if action == "example":
        configuration = Configuration(Settings(), {})
    else:
        configuration = configuration_of(file or config_path, flags)
    document = configuration.settings.model_dump(mode="json")
    if action == "example":
        text = example()
    elif action == "check":
        _check(configuration.settings)
        text = "the configuration is good\n"
    else:
        text = show(configuration.settings, configuration.origins)
        document["origins"] = _origins(configuration)
    with JsonWriter(json_path) as out:
        out.document(document)
        if not out.takes_stdout:
            click.echo(text, nl=False)


def _check(settings: Settings) -> None:
    """Refuse what the server would refuse before it loads models."""
    try:
        from edgeserve.app.server import Server  # noqa: PLC0415 - not in the base install
    except ImportError:
        return
    Server(settings)


def _origins(configuration: Configuration) -> dict[str, str]:
    """Where what is no default comes from, by `section.name` or `camera[0]`."""
    return {
        f"camera[{place[1]}]" if place[0] == "camera" else f"{place[0]}.{place[1]}": origin
        for place, origin in configuration.origins.items()
        if len(place) == 2  # noqa: PLR2004 - a section and a name
    }
