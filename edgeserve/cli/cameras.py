"""`edgeserve cameras`."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from edgeserve.cli.json_option import JsonWriter, json_option
from edgeserve.cli.server_options import (
    address_option,
    admin_address,
    admin_option,
    credentials_options,
)
from edgeserve.cli.table import table

if TYPE_CHECKING:
    from edgeserve.client import Credentials
    from edgeserve.domain.camera import CameraStatus


@click.group()
def cameras() -> None:
    """List, add, remove, pause and resume the cameras of a running server."""


@cameras.command(name="list")
@address_option
@credentials_options
@json_option
def list_cameras(*, address: str, credentials: Credentials, json_path: str | None) -> None:
    """List the cameras that a server reads, and how they are."""
    from edgeserve.client import DetectionClient  # noqa: PLC0415 - not for --help

    with DetectionClient(address, credentials=credentials) as client:
        found = client.list_cameras()
    with JsonWriter(json_path) as out:
        out.document({"cameras": [asdict(status) for status in found]})
        if not out.takes_stdout:
            header = ("CAMERA", "STATE", "FPS", "LAST FRAME", "RECONNECTS", "STALLS", "LAST ERROR")
            click.echo(table([header, *(_row(status) for status in found)]))


@cameras.command()
@click.argument("name")
@click.argument("url")
@click.option("--model", default="", help="Name of the model. [default: the server's]")
@admin_option
@credentials_options
@json_option
def add(
    *,
    name: str,
    url: str,
    model: str,
    admin: str | None,
    credentials: Credentials,
    json_path: str | None,
) -> None:
    """Have a server read URL under NAME, until it ends."""
    from edgeserve.client import AdminClient  # noqa: PLC0415 - not for --help

    with AdminClient(admin_address(admin), credentials=credentials) as client:
        client.add_camera(name, url, model)
    _say(json_path, name, "added")


@cameras.command()
@click.argument("name")
@admin_option
@credentials_options
@json_option
def remove(
    *, name: str, admin: str | None, credentials: Credentials, json_path: str | None
) -> None:
    """Have a server read NAME no longer."""
    from edgeserve.client import AdminClient  # noqa: PLC0415 - not for --help

    with AdminClient(admin_address(admin), credentials=credentials) as client:
        client.remove_camera(name)
    _say(json_path, name, "removed")


@cameras.command()
@click.argument("name")
@admin_option
@credentials_options
@json_option
def pause(*, name: str, admin: str | None, credentials: Credentials, json_path: str | None) -> None:
    """Have a server let NAME go until it is resumed."""
    from edgeserve.client import AdminClient  # noqa: PLC0415 - not for --help

    with AdminClient(admin_address(admin), credentials=credentials) as client:
        client.pause_camera(name)
    _say(json_path, name, "paused")


@cameras.command()
@click.argument("name")
@admin_option
@credentials_options
@json_option
def resume(
    *, name: str, admin: str | None, credentials: Credentials, json_path: str | None
) -> None:
    """Have a server read NAME again."""
    from edgeserve.client import AdminClient  # noqa: PLC0415 - not for --help

    with AdminClient(admin_address(admin), credentials=credentials) as client:
        client.pause_camera(name, paused=False)
    _say(json_path, name, "resumed")


def _say(json_path: str | None, name: str, done: str) -> None:
    with JsonWriter(json_path) as out:
        out.document({"camera": name, "done": done})
        if not out.takes_stdout:
            click.echo(f"camera {name}: {done}")


def _row(status: CameraStatus) -> tuple[str, ...]:
    last = "-"
    if status.last_frame_unix_ns:
        last = f"{max(0.0, time.time() - status.last_frame_unix_ns / 1e9):.1f} s ago"
    return (
        status.name,
        status.state.value,
        f"{status.fps:.1f}",
        last,
        str(status.reconnects),
        str(status.stalls),
        status.last_error or "-",
    )
