"""The program `edgeserve`."""

from __future__ import annotations

import logging
import os
import sys
import traceback
from typing import TYPE_CHECKING, NoReturn

import click

from edgeserve.cli.exit_codes import CHECK_FAILED, GOOD, INTERRUPTED, USAGE, code_and_text
from edgeserve.cli.lazy_group import Lazy, LazyGroup

if TYPE_CHECKING:
    from collections.abc import Sequence

_COMMANDS = {
    "serve": Lazy("edgeserve.cli.serve:serve", "Serve detections over gRPC."),
    "demo": Lazy("edgeserve.cli.demo:demo", "Server and client in one, on a sample."),
    "stream": Lazy("edgeserve.cli.stream:stream", "Stream a video to a server."),
    "detect": Lazy("edgeserve.cli.detect:detect", "Find objects in pictures."),
    "watch": Lazy("edgeserve.cli.watch:watch", "Watch a camera that a server reads."),
    "cameras": Lazy("edgeserve.cli.cameras:cameras", "List and change a server's cameras."),
    "models": Lazy("edgeserve.cli.models:models", "List, check, load and unload models."),
    "devices": Lazy("edgeserve.cli.devices:devices", "List what models can run on."),
    "health": Lazy("edgeserve.cli.health:health", "Ask whether a server serves."),
    "token": Lazy("edgeserve.cli.token:token", "Make, list and revoke clients' tokens."),
    "config": Lazy("edgeserve.cli.config:config", "Print or check a server's configuration."),
    "service": Lazy("edgeserve.cli.service:service", "Install and upgrade a system service."),
    "import": Lazy("edgeserve.cli.import_model:import_model", "Make a model of your own ready."),
    "quantize": Lazy("edgeserve.cli.quantize:quantize", "Make an INT8 model and gate it."),
    "evaluate": Lazy("edgeserve.cli.evaluate:evaluate", "Measure a model's accuracy."),
    "verify": Lazy("edgeserve.cli.verify:verify", "Compare every form of a model with FP32."),
    "tune": Lazy("edgeserve.cli.tune:tune", "Find the fastest way of running a model here."),
    "bench": Lazy("edgeserve.cli.bench:bench", "Measure a server's speed."),
    "man": Lazy("edgeserve.cli.man:man", "Print a manual page."),
    "completion": Lazy("edgeserve.cli.man:completion", "Print a shell's completion."),
}

# click's own exception for "print the help", from 8.2 on.
_NO_ARGUMENTS: type[click.UsageError] | tuple[()] = getattr(
    click.exceptions,
    "NoArgsIsHelpError",
    (),
)


@click.group(
    cls=LazyGroup, lazy=_COMMANDS, context_settings={"help_option_names": ["-h", "--help"]}
)
@click.version_option(package_name="edgeserve", message="%(prog)s %(version)s")
def edgeserve() -> None:
    """Camera frames in, object detections out.

    Exit codes: 0 good, 1 a check failed, 2 usage or configuration, 3 something needed is not
    there (a server, a file, a package), 4 a device hung (serve), 130 and 143 ended by Ctrl-C and
    SIGTERM. EDGESERVE_DEBUG=1 shows where an error came from.
    """


def run(arguments: Sequence[str] | None = None) -> int:
    """Run a command line (None: the process's) and return its exit code."""
    try:
        result = edgeserve.main(arguments, prog_name="edgeserve", standalone_mode=False)
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except BrokenPipeError:
        # Who read our output has gone (`| head`): what is still buffered must not fail again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return CHECK_FAILED
    except Exception as error:
        if isinstance(error, _NO_ARGUMENTS):
            click.echo(error.format_message(), err=True)
            return USAGE
        told = code_and_text(error)
        if told is None:
            raise
        if os.environ.get("EDGESERVE_DEBUG") == "1":
            traceback.print_exc()
        code, text = told
        click.echo(f"edgeserve: {' '.join(text.split())}", err=True)
        return code
    return result if isinstance(result, int) else GOOD


def main() -> NoReturn:
    """Run the process's command line and end the process."""
    # OpenCV has its own words on every broken picture; ours go to the client that sent it.
    os.environ.setdefault("OPENCV_LOG_LEVEL", "ERROR")
    # Pydantic would look for plug-ins of its own in all that is installed, at each start.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    code = run()
    _finish_log()
    sys.exit(code)


def _finish_log() -> None:
    """Write what the log still has; where its disk is full, let it go.

    Python would try again at its end, and make the exit code 120 of what went well.
    """
    logging.shutdown()
    try:
        sys.stderr.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())


if __name__ == "__main__":
    main()
