"""`edgeserve devices`."""

from __future__ import annotations

import os
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from edgeserve.cli.json_option import JsonWriter, json_option
from edgeserve.cli.missing import missing
from edgeserve.cli.server_options import credentials_options
from edgeserve.cli.table import table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edgeserve.client import Credentials
    from edgeserve.domain.status import DeviceStatus


@click.command()
@click.option(
    "--address",
    help="Ask the server at HOST:PORT or unix:PATH. [default: look at this machine]",
)
@credentials_options
@json_option
def devices(*, address: str | None, credentials: Credentials, json_path: str | None) -> None:
    """List what models can run on, what is missing for the rest, and what `tune` chose."""
    found, tuned = _of_this_machine() if address is None else _of_server(address, credentials)
    # Of another machine only its server knows, and that one runs.
    wanted = [] if address else list(missing(found))
    with JsonWriter(json_path) as out:
        listed = [asdict(device) for device in found]
        out.document({"devices": listed, "tuned": tuned, "missing": wanted})
        if not out.takes_stdout:
            header = ("DEVICE", "RUNTIME", "PRECISIONS", "DESCRIPTION")
            click.echo(table([header, *(_row(device) for device in found)]))
            for model, words in tuned.items():
                click.echo(f"tuned: {model} on {words}")
            for sentence in wanted:
                click.echo(f"missing: {sentence}")


def _of_this_machine() -> tuple[Sequence[DeviceStatus], dict[str, str]]:
    """Its devices, and what was chosen for each model that is here."""
    from edgeserve.app.tuned import Tuned  # noqa: PLC0415 - not for --help
    from edgeserve.catalog.repository import Repository, shipped_dir  # noqa: PLC0415 - as above
    from edgeserve.config.load import load_settings  # noqa: PLC0415 - as above
    from edgeserve.engines.registry import devices as local  # noqa: PLC0415 - as above

    settings = load_settings(None, os.environ, {})
    repository = Repository(settings.catalog.models_dir, shipped_dir())
    tuned = Tuned(settings, repository)
    chosen = {
        f"{bundle.manifest.name}:{bundle.manifest.version}": tuned.for_model(bundle)[1]
        for bundle in repository.bundles()
    }
    return local(), {model: words for model, words in chosen.items() if words}


def _of_server(
    address: str, credentials: Credentials
) -> tuple[Sequence[DeviceStatus], dict[str, str]]:
    """Its devices, and what it runs as it was chosen."""
    from edgeserve.client import DetectionClient  # noqa: PLC0415 - not for --help

    with DetectionClient(address, credentials=credentials) as client:
        models = client.list_models()
        words = {f"{one.name}:{one.version}": one.engine.tuned for one in models}
        return client.list_devices(), {model: text for model, text in words.items() if text}


def _row(device: DeviceStatus) -> tuple[str, ...]:
    return (
        device.name,
        f"{device.runtime} {device.runtime_version}".strip(),
        ", ".join(device.precisions) or "-",
        device.description if device.available else f"not usable: {device.missing}",
    )
