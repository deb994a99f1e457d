"""`edgeserve token`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from edgeserve.cli.json_option import JsonWriter, json_option
from edgeserve.cli.table import table
from edgeserve.domain.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable

    _F = TypeVar("_F", bound="Callable[..., object] | click.Command")


def _file_options(command: _F) -> _F:
    command = click.option(
        "--tokens-file",
        help="The server's file of tokens. [default: what the configuration says]",
    )(command)
    return click.option(
        "--config",
        "config_path",
        type=click.Path(path_type=Path, dir_okay=False),
        help="The server's configuration.",
    )(command)


@click.group()
def token() -> None:
    """Make, list and revoke the tokens that clients show to a server.

    They are in the server's file tokens_file, as hashes only. A server that runs takes changes
    within seconds, and ends the calls of a token that was revoked.
    """


@token.command()
@click.argument("name")
@click.option(
    "--rights",
    default="infer",
    show_default=True,
    help="What it opens: infer, watch, admin, joined by +.",
)
@_file_options
@json_option
def create(
    *,
    name: str,
    rights: str,
    tokens_file: str | None,
    config_path: Path | None,
    json_path: str | None,
) -> None:
    """Make a token for NAME and print it: it cannot be shown again."""
    from edgeserve.access.rights import rights_from_text  # noqa: PLC0415 - not for --help
    from edgeserve.access.token_file import create_token  # noqa: PLC0415 - as above

    path = _path(tokens_file, config_path)
    try:
        given = rights_from_text(rights)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    made = create_token(path, name, given)
    with JsonWriter(json_path) as out:
        out.document({"name": name, "rights": rights.split("+"), "token": made})
        if not out.takes_stdout:
            click.echo(made)
            click.echo(f"{name} ({rights}) is in {path}; the token is not kept anywhere", err=True)


@token.command(name="list")
@_file_options
@json_option
def list_tokens(
    *, tokens_file: str | None, config_path: Path | None, json_path: str | None
) -> None:
    """List names and rights."""
    from edgeserve.access.rights import rights_to_text  # noqa: PLC0415 - not for --help
    from edgeserve.access.token_file import read_tokens  # noqa: PLC0415 - as above

    entries = read_tokens(_path(tokens_file, config_path))
    with JsonWriter(json_path) as out:
        out.document(
            {
                "tokens": [
                    {"name": one.name, "rights": rights_to_text(one.rights).split("+")}
                    for one in entries
                ]
            }
        )
        if not out.takes_stdout:
            rows = [(one.name, rights_to_text(one.rights)) for one in entries]
            click.echo(table([("NAME", "RIGHTS"), *rows]))


@token.command()
@click.argument("name")
@_file_options
@json_option
def revoke(
    *, name: str, tokens_file: str | None, config_path: Path | None, json_path: str | None
) -> None:
    """Take the token of NAME out of the file."""
    from edgeserve.access.token_file import revoke_token  # noqa: PLC0415 - not for --help

    path = _path(tokens_file, config_path)
    revoke_token(path, name)
    with JsonWriter(json_path) as out:
        out.document({"name": name, "done": "revoked"})
        if not out.takes_stdout:
            click.echo(f"{name}: revoked in {path}")


def _path(tokens_file: str | None, config_path: Path | None) -> Path:
    """The file that the server reads, however it was told."""
    from edgeserve.cli.settings_flags import configuration_of  # noqa: PLC0415 - not for --help

    found = tokens_file or configuration_of(config_path, {}).settings.access.tokens_file
    if not found:
        text = (
            "there is no file of tokens; name one with --tokens-file, and in the server's "
            "configuration (tokens_file)"
        )
        raise ConfigurationError(text)
    return Path(found)
