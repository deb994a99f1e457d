"""`edgeserve serve`."""

from __future__ import annotations

import asyncio
import faulthandler
import logging
import os
from typing import TYPE_CHECKING, Any

import click

from edgeserve.cli.exit_codes import HUNG
from edgeserve.cli.json_option import JsonWriter, json_option
from edgeserve.cli.settings_flags import chosen_path, configuration_of, settings_flags
from edgeserve.domain.errors import DeviceHungError
from edgeserve.process.cpus import let_work_run_on
from edgeserve.process.memory import lasting, limit_allocator

if TYPE_CHECKING:
    from pathlib import Path

    from edgeserve.config.load import Configuration


@click.command()
@settings_flags
@json_option
def serve(
    *,
    config_path: Path | None,
    json_path: str | None,
    **flags: Any,  # noqa: ANN401 - one for each option
) -> None:
    """Serve detections over gRPC until SIGTERM or Ctrl-C.

    Options come from the file of --config, from the environment (EDGESERVE_ and the option's
    name) and from flags, in rising order. When the models are ready one line is printed:

        ready grpc=ADDRESS http=ADDRESS

    or, with --json, {"grpc": ADDRESS, "http": ADDRESS}.

    On SIGHUP files of JSON lines are opened anew, and the file of --config is read anew: its
    cameras and the options that say so in `edgeserve config --example` change at once; those that
    need a restart are named in the log. A file that is wrong changes nothing.

    Exit codes: 0 after a clean stop, 2 wrong configuration, 3 something needed is not there (a
    port that is taken, a runtime, a device, a model), 4 an inference hung and could not be
    cancelled (start the server anew).
    """
    let_work_run_on()
    with lasting():  # loads what --help does not need
        from edgeserve.app.server import Server  # noqa: PLC0415
        from edgeserve.telemetry.log import configure  # noqa: PLC0415

    def read() -> Configuration:
        return configuration_of(config_path, flags)

    limit_allocator()
    settings = read().settings
    configure(settings.telemetry)
    # What hangs when the service manager's watchdog aborts us stands in the log.
    faulthandler.enable()

    def on_ready(grpc_address: str, http_address: str) -> None:
        with JsonWriter(json_path) as out:
            out.line({"grpc": grpc_address, "http": http_address or None})
            if not out.takes_stdout:
                click.echo(f"ready grpc={grpc_address} http={http_address or 'off'}")

    try:
        reread = read if chosen_path(config_path) else None
        server = Server(settings, reread)
        asyncio.run(server.run(on_ready))
    except DeviceHungError as error:
        click.echo(f"edgeserve: {error}", err=True)
        logging.shutdown()
        # An orderly end would wait for the thread that hangs.
        os._exit(HUNG)
