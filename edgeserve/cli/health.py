"""`edgeserve health`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from edgeserve.cli.exit_codes import CHECK_FAILED
from edgeserve.cli.json_option import JsonWriter, json_option
from edgeserve.cli.server_options import address_option, credentials_options

if TYPE_CHECKING:
    from edgeserve.client import Credentials


@click.command()
@address_option
@credentials_options
@click.option("--service", default="", help="Full name of one gRPC service. [default: the server]")
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    default=5.0,
    show_default=True,
    help="Seconds to wait for the answer.",
)
@json_option
@click.pass_context
def health(
    context: click.Context,
    *,
    address: str,
    service: str,
    timeout: float,
    credentials: Credentials,
    json_path: str | None,
) -> None:
    """Ask a server whether it serves: SERVING, NOT_SERVING or SERVICE_UNKNOWN.

    Exit codes: 0 it serves, 1 it does not, 3 no answer.
    """
    from edgeserve.client import DetectionClient, HealthStatus  # noqa: PLC0415 - not for --help

    with DetectionClient(address, timeout=timeout, credentials=credentials) as client:
        status = client.health(service)
    with JsonWriter(json_path) as out:
        out.document({"address": address, "service": service, "status": status.value})
        if not out.takes_stdout:
            click.echo(status.value)
    if status is not HealthStatus.SERVING:
        context.exit(CHECK_FAILED)
