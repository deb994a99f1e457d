"""`edgeserve detect`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edgeserve.cli.exit_codes import CHECK_FAILED
from edgeserve.cli.json_option import json_option
from edgeserve.cli.own_server import server_for
from edgeserve.cli.server_options import credentials_options, detect_flags, detect_options

if TYPE_CHECKING:
    from edgeserve.client import Credentials


@click.command()
@click.argument(
    "paths",
    metavar="PATH...",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, path_type=Path),
)
@click.option(
    "--address",
    help="The server, HOST:PORT or unix:PATH. [default: 127.0.0.1:8001, or, where that does not "
    "serve the model, one that is started for this command]",
)
@credentials_options
@detect_flags
@click.option(
    "--annotate",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write pictures with boxes into this folder.",
)
@click.option(
    "--results",
    type=click.Path(path_type=Path, file_okay=False),
    help="Process an archive without a server: pictures and videos, folders to their depths; one "
    "file of JSON lines for each goes into this folder. What has its file is passed over.",
)
@click.option(
    "--ray",
    metavar="ADDRESS",
    help="With --results: let the Ray cluster do it that this machine is a node of (HOST:PORT of "
    "its head, or auto), or `local`, all cores of this machine.",
)
@click.option(
    "--workers",
    type=click.IntRange(min=1),
    help="With --ray: files in work at once, a core each. [default: all cores of the cluster]",
)
@json_option
@click.pass_context
def detect(  # noqa: PLR0913 - one for each option
    context: click.Context,
    /,
    *,
    paths: tuple[Path, ...],
    address: str | None,
    annotate: Path | None,
    credentials: Credentials,
    results: Path | None,
    ray: str | None,
    workers: int | None,
    json_path: str | None,
    **wanted: Any,  # noqa: ANN401 - detect_flags
) -> None:
    """Find objects in pictures (JPEG, PNG, WebP) and in folders of them.

    latency_ms, p50_ms and p99_ms are the server's: from a picture's arrival to its result.
    Exit code 1 if a picture could not be processed; the others are.

    With --results also videos. A run that was interrupted is taken up where it ended by the same
    command. A file that cannot be read has a result that says so; delete it to have it tried again.
    """
    if results is not None and (address is not None or annotate is not None):
        text = "--results works without a server and draws nothing: leave --address and --annotate"
        raise click.UsageError(text)
    if results is None and (ray is not None or workers is not None):
        text = "--ray and --workers are for archives: say where results go with --results FOLDER"
        raise click.UsageError(text)
    if results is not None:
        from edgeserve.cli.archive import run_archive  # noqa: PLC0415 - loads runtimes

        good = run_archive(
            paths,
            results,
            detect_options(**wanted),
            ray=ray,
            workers=workers or 0,
            json_path=json_path,
        )
        if not good:
            context.exit(CHECK_FAILED)
        return
    from edgeserve.cameras.pictures import Pictures, pictures_in  # noqa: PLC0415 - not for --help
    from edgeserve.cli.streaming import run_stream  # noqa: PLC0415 - as above
    from edgeserve.domain.request import Policy, StreamOptions  # noqa: PLC0415 - as above

    files = [
        file for path in paths for file in (pictures_in(path).paths if path.is_dir() else [path])
    ]
    options = StreamOptions(detect=detect_options(**wanted), policy=Policy.BLOCK)
    wanted_model = (options.detect.model, options.detect.version)
    with server_for(address, *wanted_model, credentials) as server:
        errors = run_stream(
            server,
            Pictures("pictures", files),
            options,
            json_path=json_path,
            annotate=annotate,
            credentials=credentials,
            paths=files,
        )
    if errors:
        context.exit(CHECK_FAILED)
