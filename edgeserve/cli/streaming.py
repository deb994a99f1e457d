"""Frames to a server, and what comes back to where the user wants it."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import click

from edgeserve.cli.frame_line import line
from edgeserve.cli.json_option import JsonWriter
from edgeserve.cli.summary import Summary
from edgeserve.client import DetectionClient
from edgeserve.tooling.frame_record import record

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from edgeserve.client import Credentials
    from edgeserve.domain.frame import EncodedFrame
    from edgeserve.domain.request import StreamOptions


def run_stream(
    address: str,
    frames: Iterable[EncodedFrame],
    options: StreamOptions,
    *,
    json_path: str | None,
    annotate: Path | None,
    credentials: Credentials,
    paths: Sequence[Path] = (),
) -> int:
    """Stream frames and tell of each result; return how many ended in ERROR.

    Args:
        address: of the server.
        frames: numbered from 0.
        options: of the stream.
        json_path: value of `--json`.
        annotate: folder for annotated pictures.
        credentials: to show to the server.
        paths: the files of the frames, where each frame is one.
    """
    annotator = None
    if annotate is not None:
        from edgeserve.cli.annotator import Annotator  # noqa: PLC0415 - needs the server extra

        annotator = Annotator(annotate)
        frames = annotator.keep(frames)
    with DetectionClient(address, credentials=credentials) as client:
        # A stream is patient with a server that goes away; one that is not there is said at once.
        client.health()
        summary = Summary()
        with JsonWriter(json_path) as out, closing(client.stream(frames, options)) as results:
            for result in results:
                summary.add(result)
                path = paths[result.frame_id] if paths else None
                if annotator is not None:
                    stem = "frame" if path is None else path.stem
                    annotator.write(result, f"{stem}-{result.frame_id:06d}")
                if not out.takes_stdout:
                    click.echo(line(result, str(path or f"frame {result.frame_id}")))
                out.line(record(result) | ({} if path is None else {"path": str(path)}))
            if not out.takes_stdout:
                click.echo(summary.line())
            out.line({"summary": summary.record()})
    return summary.errors
