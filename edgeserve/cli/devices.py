"""`edgeserve devices`."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from edgeserve.cli.json_option import JsonWriter, json_option
from edgeserve.cli.table import table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edgeserve.domain.status import DeviceStatus


@click.command()
@click.option(
    "--address",
    help="Ask the server at HOST:PORT or unix:PATH. [default: look at this machine]",
)
@json_option
def devices(*, address: str | None, json_path: str | None) -> None:
    """List what models can run on, and what is missing for the rest."""
    found = _found(address)
    with JsonWriter(json_path) as out:
        out.document({"devices": [asdict(device) for device in found]})
        if not out.takes_stdout:
            header = ("DEVICE", "RUNTIME", "PRECISIONS", "DESCRIPTION")
            click.echo(table([header, *(_row(device) for device in found)]))


def _found(address: str | None) -> Sequence[DeviceStatus]:
    if address is None:
        from edgeserve.engines.registry import devices as local  # noqa: PLC0415 - not for --help

        return local()
    from edgeserve.client import DetectionClient  # noqa: PLC0415 - not for --help

    with DetectionClient(address) as client:
        return client.list_devices()


def _row(device: DeviceStatus) -> tuple[str, ...]:
    return (
        device.name,
        f"{device.runtime} {device.runtime_version}".strip(),
        ", ".join(device.precisions) or "-",
        device.description if device.available else f"not usable: {device.missing}",
    )
