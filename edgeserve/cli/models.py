"""`edgeserve models`."""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from edgeserve.catalog.bundle import MANIFEST
from edgeserve.catalog.options import default_models_dir
from edgeserve.catalog.repository import Repository, shipped_dir
from edgeserve.catalog.source import Source
from edgeserve.catalog.wish import Wish
from edgeserve.cli.exit_codes import CHECK_FAILED
from edgeserve.cli.json_option import JsonWriter, json_option
from edgeserve.cli.server_options import (
    address_option,
    admin_address,
    admin_option,
    credentials_options,
)
from edgeserve.cli.table import table
from edgeserve.domain.status import ModelStatus

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edgeserve.catalog.bundle import Bundle
    from edgeserve.client import Credentials

models_dir_option = click.option(
    "--models-dir",
    envvar="EDGESERVE_MODELS",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder with bundles of your own. [default: in your data directory]",
)


@click.group()
def models() -> None:
    """List, show and check models; load, reload and unload those of a running server."""


@models.command("list")
@address_option
@credentials_options
@click.option("--local", is_flag=True, help="List the bundles on this machine instead.")
@models_dir_option
@json_option
def list_models(
    *,
    address: str,
    local: bool,
    models_dir: Path | None,
    credentials: Credentials,
    json_path: str | None,
) -> None:
    """List the models of a running server; * marks its default."""
    from edgeserve.client import DetectionClient  # noqa: PLC0415 - not for --help

    if local:
        statuses = [_local_status(bundle) for bundle in _repository(models_dir).bundles()]
    else:
        with DetectionClient(address, credentials=credentials) as client:
            statuses = client.list_models()
    with JsonWriter(json_path) as out:
        out.document({"models": [asdict(status) for status in statuses]})
        if not out.takes_stdout:
            header = ("MODEL", "VERSION", "INPUT", "CLASSES", "DEVICE", "PRECISION", "STATE")
            click.echo(table([header, *(_row(status) for status in statuses)]))


def _local_status(bundle: Bundle) -> ModelStatus:
    spec = bundle.spec
    return ModelStatus(
        name=spec.name,
        version=spec.version,
        ready=False,
        reason=f"on disk at {bundle.folder}",
        input_width_px=spec.input.width_px,
        input_height_px=spec.input.height_px,
        labels=spec.labels,
        thresholds=spec.thresholds,
    )


def _row(status: ModelStatus) -> tuple[str, ...]:
    return (
        f"{status.name}{'*' if status.is_default else ''}",
        status.version,
        f"{status.input_width_px}x{status.input_height_px}",
        str(len(status.labels)),
        status.engine.chosen or "-",
        status.engine.precision or "-",
        "; ".join(filter(None, ("ready" if status.ready else "", status.reason, _tuned(status)))),
    )


def _tuned(status: ModelStatus) -> str:
    return f"tuned: {status.engine.tuned}" if status.engine.tuned else ""


@models.command("show")
@click.argument("name")
@models_dir_option
@json_option
def show_model(*, name: str, models_dir: Path | None, json_path: str | None) -> None:
    """Show what a bundle on this machine says of itself: NAME (its newest) or NAME:VERSION."""
    bundle = _find(_repository(models_dir), name)
    with JsonWriter(json_path) as out:
        out.document(bundle.manifest.model_dump(mode="json"))
        if not out.takes_stdout:
            click.echo(f"# {bundle.folder / MANIFEST}")
            click.echo((bundle.folder / MANIFEST).read_text(encoding="utf-8"), nl=False)


@models.command("check")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@models_dir_option
@json_option
@click.pass_context
def check_models(
    context: click.Context,
    *,
    names: tuple[str, ...],
    models_dir: Path | None,
    json_path: str | None,
) -> None:
    """Check bundles on this machine, NAME or NAME:VERSION; all of them if none is named.

    Each file is compared with its checksum, then loaded by each runtime that it is for and held
    against the manifest's input, head and labels, and run once. Exit code 1 if anything fails.
    """
    from edgeserve.app.check import check  # noqa: PLC0415 - loads runtimes

    repository = _repository(models_dir)
    bundles = [_find(repository, name) for name in names] or repository.bundles()
    findings = [finding for bundle in bundles for finding in check(bundle)]
    with JsonWriter(json_path) as out:
        out.document({"findings": [asdict(finding) for finding in findings]})
        if not out.takes_stdout:
            header = ("MODEL", "RUNTIME", "PRECISION", "RESULT")
            rows = [(f.model, f.runtime, f.precision, f.problem or "good") for f in findings]
            click.echo(table([header, *rows]))
    if any(finding.problem for finding in findings):
        context.exit(CHECK_FAILED)


@models.command()
@click.argument("source")
@models_dir_option
@json_option
def install(*, source: str, models_dir: Path | None, json_path: str | None) -> None:
    """Put the bundle SOURCE into your folder of bundles on this machine.

    SOURCE is a bundle's folder, an archive (.tar.gz, .zip), http(s)://…#sha256=HEX or
    oci://HOST/NAME@sha256:HEX. Its files are compared with their checksums first; a server with
    --watch takes a newer version over by itself, another one by `edgeserve models load`.
    """
    from edgeserve.catalog import obtain  # noqa: PLC0415 - not for --help
    from edgeserve.config.load import load_settings  # noqa: PLC0415 - as above

    settings = load_settings(None, os.environ, {})
    folder = models_dir or settings.catalog.models_dir
    most_bytes = settings.catalog.max_bundle_mb << 20
    bundle = obtain.install(Source.read(source), settings.engines.cache_dir, folder, most_bytes)
    manifest = bundle.manifest
    with JsonWriter(json_path) as out:
        facts = {"model": manifest.name, "version": manifest.version, "folder": str(bundle.folder)}
        out.document(facts)
        if not out.takes_stdout:
            click.echo(f"model {manifest.name}:{manifest.version}: in {bundle.folder}")


@models.command()
@click.argument("name")
@admin_option
@credentials_options
@json_option
def load(*, name: str, admin: str | None, credentials: Credentials, json_path: str | None) -> None:
    """Have a server serve NAME (its newest version) or NAME:VERSION.

    The newest is verified and warmed up, and takes the place of the one that serves without a
    lost frame; if it fails, that one goes on. A version that is named serves beside the others.
    """
    from edgeserve.client import AdminClient  # noqa: PLC0415 - not for --help

    wish = Wish.read(name)
    with AdminClient(admin_address(admin), credentials=credentials) as client:
        version = client.load_model(wish.name, wish.version)
    _say(json_path, wish.name, [version], "loaded")


@models.command()
@click.argument("name")
@admin_option
@credentials_options
@json_option
def reload(
    *, name: str, admin: str | None, credentials: Credentials, json_path: str | None
) -> None:
    """Have a server read NAME or NAME:VERSION anew, which it serves."""
    from edgeserve.client import AdminClient  # noqa: PLC0415 - not for --help

    wish = Wish.read(name)
    with AdminClient(admin_address(admin), credentials=credentials) as client:
        versions = client.reload_model(wish.name, wish.version)
    _say(json_path, wish.name, versions, "reloaded")


@models.command()
@click.argument("name")
@admin_option
@credentials_options
@json_option
def unload(
    *, name: str, admin: str | None, credentials: Credentials, json_path: str | None
) -> None:
    """Have a server serve NAME (all versions) or NAME:VERSION no longer."""
    from edgeserve.client import AdminClient  # noqa: PLC0415 - not for --help

    wish = Wish.read(name)
    with AdminClient(admin_address(admin), credentials=credentials) as client:
        client.unload_model(wish.name, wish.version)
    _say(json_path, wish.name, [wish.version] if wish.version else [], "unloaded")


def _say(json_path: str | None, name: str, versions: Sequence[str], done: str) -> None:
    with JsonWriter(json_path) as out:
        out.document({"model": name, "versions": versions, "done": done})
        if not out.takes_stdout:
            for wish in [Wish(name, version) for version in versions] or [Wish(name)]:
                click.echo(f"model {wish}: {done}")


def _find(repository: Repository, name: str) -> Bundle:
    wish = Wish.read(name)
    return repository.find(wish.name, wish.version)


def _repository(models_dir: Path | None) -> Repository:
    return Repository(models_dir or default_models_dir(), shipped_dir())
