"""`edgeserve stream`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edgeserve.cli.json_option import json_option
from edgeserve.cli.server_options import (
    address_option,
    credentials_options,
    detect_flags,
    detect_options,
)
from edgeserve.domain.request import Policy, StreamOptions

if TYPE_CHECKING:
    from collections.abc import Iterable

    from edgeserve.cameras.source import Source
    from edgeserve.client import Credentials
    from edgeserve.domain.frame import EncodedFrame


@click.command()
@click.argument("source")
@address_option
@credentials_options
@detect_flags
@click.option(
    "--policy",
    type=click.Choice([policy.value for policy in Policy]),
    help="What happens to frames that come too fast. [default: block; latest with --realtime and "
    "for cameras]",
)
@click.option(
    "--queue-size",
    type=click.IntRange(min=0),
    default=0,
    help="Frames that may wait at the server (queue, block). [default: the server's]",
)
@click.option(
    "--max-age-ms",
    type=click.IntRange(min=0),
    default=0,
    help="Drop frames that waited longer. [default: no limit]",
)
@click.option("--realtime", is_flag=True, help="Send frames at the source's rate, as a camera.")
@click.option("--raw", is_flag=True, help="Send pixels instead of JPEG.")
@click.option(
    "--jpeg-quality",
    type=click.IntRange(1, 100),
    default=90,
    show_default=True,
    help="Of frames that are packed as JPEG.",
)
@click.option("--limit", type=click.IntRange(min=1), help="Stop after so many frames.")
@click.option(
    "--annotate",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write pictures with boxes into this folder.",
)
@json_option
def stream(  # noqa: PLR0913 - one for each option
    *,
    source: str,
    address: str,
    policy: str | None,
    queue_size: int,
    max_age_ms: int,
    realtime: bool,
    raw: bool,
    jpeg_quality: int,
    limit: int | None,
    annotate: Path | None,
    credentials: Credentials,
    json_path: str | None,
    **wanted: Any,  # noqa: ANN401 - detect_flags
) -> None:
    """Stream SOURCE to a server and print what it finds.

    SOURCE is a video, a picture, a folder of pictures, `sample`, the one that comes with
    edgeserve, or a camera: rtsp://, http:// (MJPEG, HLS), usb:0, or `pattern`. Frames of files go
    as fast as the server takes them, and none is dropped, unless --realtime or --policy say
    otherwise.

    latency_ms, p50_ms and p99_ms are the server's: from a frame's arrival to its result, without
    the network. fps is results by wall time.
    """
    from edgeserve.cameras.open import open_source  # noqa: PLC0415 - needs the server extra
    from edgeserve.cli.streaming import run_stream  # noqa: PLC0415 - not for --help

    with open_source(source, raw=raw, jpeg_quality=jpeg_quality, limit=limit) as opened:
        options = StreamOptions(
            detect=detect_options(**wanted),
            policy=Policy(policy or _policy(opened, realtime=realtime)),
            queue_size=queue_size,
            max_age_ms=max_age_ms,
        )
        frames = _realtime(opened) if realtime else opened
        run_stream(
            address,
            frames,
            options,
            json_path=json_path,
            annotate=annotate,
            credentials=credentials,
        )


def _policy(source: Source, *, realtime: bool) -> Policy:
    return Policy.LATEST if realtime or source.live else Policy.BLOCK


def _realtime(source: Source) -> Iterable[EncodedFrame]:
    from edgeserve.cameras.pacing import paced  # noqa: PLC0415 - needs the server extra

    if source.fps is None:
        text = f"{source.name} has no frame rate; --realtime is for videos"
        raise click.UsageError(text)
    return paced(source, source.fps)
