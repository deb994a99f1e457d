"""`edgeserve detect`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from edgeserve.cli.exit_codes import CHECK_FAILED
from edgeserve.cli.json_option import json_option
from edgeserve.cli.server_options import address_option, detect_flags, detect_options


@click.command()
@click.argument(
    "paths",
    metavar="PATH...",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, path_type=Path),
)
@address_option
@detect_flags
@click.option(
    "--annotate",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write pictures with boxes into this folder.",
)
@json_option
@click.pass_context
def detect(
    context: click.Context,
    /,
    *,
    paths: tuple[Path, ...],
    address: str,
    annotate: Path | None,
    json_path: str | None,
    **wanted: Any,  # noqa: ANN401 - detect_flags
) -> None:
    """Find objects in pictures (JPEG, PNG, WebP) and in folders of them, by a server.

    latency_ms, p50_ms and p99_ms are the server's: from a picture's arrival to its result.
    Exit code 1 if a picture could not be processed; the others are.
    """
    from edgeserve.cameras.pictures import Pictures, pictures_in  # noqa: PLC0415 - not for --help
    from edgeserve.cli.streaming import run_stream  # noqa: PLC0415 - as above
    from edgeserve.domain.request import Policy, StreamOptions  # noqa: PLC0415 - as above

    files = [
        file for path in paths for file in (pictures_in(path).paths if path.is_dir() else [path])
    ]
    errors = run_stream(
        address,
        Pictures("pictures", files),
        StreamOptions(detect=detect_options(**wanted), policy=Policy.BLOCK),
        json_path=json_path,
        annotate=annotate,
        paths=files,
    )
    if errors:
        context.exit(CHECK_FAILED)
