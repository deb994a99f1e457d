"""`edgeserve watch`."""

from __future__ import annotations

from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edgeserve.cli.frame_line import line
from edgeserve.cli.json_option import JsonWriter, json_option
from edgeserve.cli.server_options import address_option, credentials_options
from edgeserve.cli.summary import Summary
from edgeserve.tooling.frame_record import record

if TYPE_CHECKING:
    from edgeserve.client import Credentials
    from edgeserve.domain.camera import CameraResult


@click.command()
@click.argument("camera")
@address_option
@credentials_options
@click.option(
    "--max-fps",
    type=click.FloatRange(min=0),
    default=0.0,
    help="At most so many results a second. [default: all]",
)
@click.option("--limit", type=click.IntRange(min=1), help="Stop after so many results.")
@click.option(
    "--annotate",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write pictures with boxes into this folder.",
)
@json_option
def watch(
    *,
    camera: str,
    address: str,
    max_fps: float,
    limit: int | None,
    annotate: Path | None,
    credentials: Credentials,
    json_path: str | None,
) -> None:
    """Print what a server sees on CAMERA, one of its own, until Ctrl-C.

    A JSON line has the fields of `edgeserve stream`, with camera, capture_time_unix_ns, age_ms,
    a track_id for each detection, and events.
    """
    from edgeserve.client import DetectionClient  # noqa: PLC0415 - not for --help

    summary = Summary()
    opened = DetectionClient(address, credentials=credentials)
    with opened as client, JsonWriter(json_path) as out:
        results = client.watch(camera, max_fps=max_fps, include_image=annotate is not None)
        with closing(results):
            for seen in islice(results, limit):
                summary.add(seen.result)
                if not out.takes_stdout:
                    click.echo(line(seen.result, f"{camera} frame {seen.frame_number}"))
                out.line(_record(seen))
                if annotate is not None:
                    _annotate(annotate, seen)
        if not out.takes_stdout:
            click.echo(summary.line())
        out.line({"summary": summary.record()})


def _record(seen: CameraResult) -> dict[str, Any]:
    fields = record(seen.result)
    for detection, track_id in zip(fields["detections"], seen.track_ids, strict=True):
        detection["track_id"] = track_id
    age_us = seen.result.age_us
    return fields | {
        "camera": seen.camera,
        "capture_time_unix_ns": seen.capture_time_unix_ns,
        "age_ms": None if age_us is None else age_us / 1000,
        "events": [
            {
                "kind": event.kind,
                "place": event.place,
                "track_id": event.track_id,
                "label": event.label,
                "time_unix_ns": event.time_unix_ns,
                "direction": event.direction,
            }
            for event in seen.events
        ],
    }


def _annotate(folder: Path, seen: CameraResult) -> None:
    from edgeserve.cli.annotator import Annotator  # noqa: PLC0415 - needs the server extra

    if seen.frame is not None:
        annotator = Annotator(folder)
        list(annotator.keep([seen.frame]))
        annotator.write(seen.result, f"{seen.camera}-{seen.frame_number:06d}")
