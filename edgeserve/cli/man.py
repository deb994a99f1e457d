"""`edgeserve man` and `edgeserve completion`."""

from __future__ import annotations

from importlib.metadata import version

import click
from click.shell_completion import BashComplete, FishComplete, ShellComplete, ZshComplete

from edgeserve.cli.json_option import JsonWriter, json_option
from edgeserve.cli.manual import PAGES, manual

_SHELLS: dict[str, type[ShellComplete]] = {
    "bash": BashComplete,
    "zsh": ZshComplete,
    "fish": FishComplete,
}


@click.command()
@click.argument("page", type=click.Choice(PAGES), default=PAGES[0])
@json_option
def man(*, page: str, json_path: str | None) -> None:
    """Print a manual page: edgeserve.1, of the program, or edgeserve.toml.5, of its options.

    `edgeserve man edgeserve.toml.5 | man -l -` shows it.
    """
    _print(page, page_text(page), json_path)


@click.command()
@click.argument("shell", type=click.Choice(list(_SHELLS)))
@json_option
def completion(*, shell: str, json_path: str | None) -> None:
    """Print what makes a shell complete the words of this program.

    For bash: `edgeserve completion bash > ~/.local/share/bash-completion/completions/edgeserve`.
    """
    _print(shell, completion_text(shell), json_path)


def page_text(page: str) -> str:
    """A manual page of `PAGES`."""
    return manual(page, _program(), version("edgeserve"))


def completion_text(shell: str) -> str:
    """A script for bash, zsh or fish."""
    complete = _SHELLS[shell](_program(), {}, "edgeserve", "_EDGESERVE_COMPLETE")
    # Not `source()`, which starts a bash to ask for its version.
    return complete.source_template % complete.source_vars()


def _program() -> click.Group:
    from edgeserve.cli.main import edgeserve  # noqa: PLC0415 - it names this module

    return edgeserve


def _print(name: str, text: str, json_path: str | None) -> None:
    with JsonWriter(json_path) as out:
        out.document({"name": name, "text": text})
        if not out.takes_stdout:
            click.echo(text, nl=False)
