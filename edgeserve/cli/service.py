"""`edgeserve service`."""

from __future__ import annotations

from dataclasses import asdict
from importlib.metadata import version as version_of
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from edgeserve.cli.exit_codes import CHECK_FAILED, NOT_THERE
from edgeserve.cli.json_option import JsonWriter, json_option
from edgeserve.cli.man import completion_text, page_text
from edgeserve.cli.table import table
from edgeserve.config.settings import Settings
from edgeserve.config.text import example
from edgeserve.domain.errors import NotAvailableError, RequestError
from edgeserve.tooling.service import plans, release, system_files
from edgeserve.tooling.service.layout import Layout
from edgeserve.tooling.service.python import in_a_home, service_python
from edgeserve.tooling.service.release import Ingredients
from edgeserve.tooling.service.status import status
from edgeserve.tooling.service.step import carry_out

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from edgeserve.tooling.service.step import Step

    _F = TypeVar("_F", bound="Callable[..., object] | click.Command")

_SERVICE = Settings.model_validate(
    {
        "catalog": {"models_dir": "/var/lib/edgeserve/models"},
        "engines": {"cache_dir": "/var/cache/edgeserve"},
    }
)
"""The defaults that are others for a service than for a person."""

_root = click.option(
    "--root",
    type=click.Path(path_type=Path, file_okay=False),
    default="/",
    show_default=True,
    help="The system's root folder, or that of an image; then nothing is started.",
)
_dry_run = click.option("--dry-run", is_flag=True, help="Only say what would be done.")


def _ingredients(command: _F) -> _F:
    """Add what a version is made of."""
    for add in reversed(
        (
            click.argument("package", default="", metavar="[WHEEL|FOLDER|VERSION]"),
            click.option(
                "--extra", "extras", multiple=True, help="An extra; repeatable. [default: server]"
            ),
            click.option(
                "--with", "others", multiple=True, help="A further package, say a plug-in."
            ),
            click.option(
                "--lock",
                type=click.Path(exists=True, dir_okay=False, resolve_path=True),
                help="File of requirements with hashes to install first.",
            ),
            click.option(
                "--python",
                type=click.Path(path_type=Path, exists=True, dir_okay=False),
                help="Interpreter to use. [default: this one or /usr/bin/python3]",
            ),
        )
    ):
        command = add(command)
    return command


@click.group()
def service() -> None:
    """Run edgeserve as a service of systemd.

    The program goes into /opt/edgeserve, its configuration is /etc/edgeserve/edgeserve.toml.
    """


@service.command()
@_ingredients
@click.option("--start/--no-start", default=True, help="Start it now. [default: start]")
@_root
@_dry_run
@json_option
def install(  # noqa: PLR0913 - an argument for each flag
    *,
    package: str,
    extras: tuple[str, ...],
    others: tuple[str, ...],
    lock: str | None,
    python: Path | None,
    start: bool,
    root: Path,
    dry_run: bool,
    json_path: str | None,
) -> None:
    """Install the service: a wheel, a source folder, or a version (default: this one) by pip.

    It gets an environment of its own, a user, a unit that is enabled and started, manual pages
    and completion, and a configuration with every option commented out, if there is none.
    """
    layout = _layout(root)
    if release.record_of(layout.current):
        text = f"{layout.current} is there already; expected `edgeserve service upgrade`"
        raise RequestError(text)
    ingredients = Ingredients(
        package or version_of("edgeserve"),
        extras or ("server",),
        others,
        str(_checked(python) or service_python()),
        lock or "",
    )
    _carry_out(layout, plans.install(layout, ingredients, start=start), json_path, dry=dry_run)


@service.command()
@_ingredients
@_root
@_dry_run
@json_option
def upgrade(
    *,
    package: str,
    extras: tuple[str, ...],
    others: tuple[str, ...],
    lock: str | None,
    python: Path | None,
    root: Path,
    dry_run: bool,
    json_path: str | None,
) -> None:
    """Put another version into force: a wheel, a source folder, or a version (default: newest).

    It is made beside the old one, must take the configuration that is there, and is switched to in
    one step; extras and further packages are those of the old one, unless you give others. A
    service that runs is restarted and, if the new version does not start, the old one is in force
    again.
    """
    layout = _layout(root)
    old = _installed(layout, layout.current)
    ingredients = Ingredients(
        package,
        extras or tuple(old["extras"]),
        others or tuple(old["others"]),
        str(_checked(python) or old["python"]),
        lock or "",
    )
    _carry_out(layout, plans.upgrade(layout, ingredients), json_path, dry=dry_run)


@service.command()
@_root
@_dry_run
@json_option
def rollback(*, root: Path, dry_run: bool, json_path: str | None) -> None:
    """Put the version before the last upgrade into force again."""
    layout = _layout(root)
    _installed(layout, layout.previous)
    _carry_out(layout, plans.roll_back(layout), json_path, dry=dry_run)


@service.command()
@click.option("--purge", is_flag=True, help="Remove configuration, models and caches, too.")
@_root
@_dry_run
@json_option
def remove(*, purge: bool, root: Path, dry_run: bool, json_path: str | None) -> None:
    """Stop the service and remove it; configuration and data stay, and so does the user."""
    layout = _layout(root)
    _carry_out(layout, plans.remove(layout, purge=purge), json_path, dry=dry_run)


@service.command("status")
@_root
@json_option
@click.pass_context
def show_status(context: click.Context, *, root: Path, json_path: str | None) -> None:
    """Tell what is installed and how it does.

    Exit codes: 0 installed and, where systemd can tell, running; 1 not running; 3 not installed.
    """
    found = status(_layout(root))
    with JsonWriter(json_path) as out:
        out.document(asdict(found))
        if not out.takes_stdout:
            rows = [(name, str(value)) for name, value in asdict(found).items() if value != ""]
            click.echo(table(rows))
    if not found.version:
        context.exit(NOT_THERE)
    if not found.good:
        context.exit(CHECK_FAILED)


@service.command(hidden=True)
@_root
@json_option
def files(*, root: Path, json_path: str | None) -> None:
    """Write this version's unit, manual pages and completions."""
    layout = _layout(root)
    printers = {"man": page_text, "completion": completion_text}
    texts = {words: printers[words[0]](words[1]) for words in layout.generated}
    written = system_files.write(layout, texts, example(_SERVICE))
    with JsonWriter(json_path) as out:
        out.document({"written": [str(path) for path in written]})


def _layout(root: Path) -> Layout:
    return Layout(root.resolve())


def _checked(python: Path | None) -> Path | None:
    """Warn of an interpreter that the service cannot read."""
    if python is None:
        return None
    python = python.absolute()
    if in_a_home(python):
        text = f"warning: {python} is in a home folder, which the unit hides from the service"
        click.echo(f"{text} (ProtectHome)", err=True)
    return python


def _installed(layout: Layout, version: Path) -> release.Record:
    record = release.record_of(version)
    if not record:
        text = f"{version} is not there; `edgeserve service status --root {layout.root}` tells more"
        raise NotAvailableError(text)
    return record


def _carry_out(layout: Layout, steps: Iterable[Step], json_path: str | None, *, dry: bool) -> None:
    done: list[str] = []
    with JsonWriter(json_path) as out:

        def say(text: str) -> None:
            done.append(text)
            if not out.takes_stdout:
                click.echo(f"would {text}" if dry else text)

        try:
            carry_out(steps, say, dry=dry)
        finally:
            release.discard_unfinished(layout)
        out.document({"dry_run": dry, "steps": done})
