"""`edgeserve demo`."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import click

from edgeserve.cli.frame_line import line
from edgeserve.cli.json_option import JsonWriter, json_option
from edgeserve.cli.summary import Summary
from edgeserve.domain.errors import NotAvailableError
from edgeserve.domain.request import Policy, StreamOptions
from edgeserve.tooling.frame_record import record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from edgeserve.domain.frame import EncodedFrame
    from edgeserve.domain.result import FrameResult


@click.command()
@click.option(
    "--source",
    default="sample",
    show_default=True,
    help="A video, a picture, a folder of pictures, or the sample that comes with edgeserve.",
)
@click.option("--once", is_flag=True, help="End after the source instead of serving on.")
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("output/demo.jpg"),
    show_default=True,
    help="Where the annotated picture goes.",
)
@click.option("--listen", default="127.0.0.1:8001", show_default=True, help="Of the gRPC server.")
@click.option(
    "--http-listen",
    default="127.0.0.1:8000",
    show_default=True,
    help="Of the HTTP server.",
)
@json_option
def demo(
    *,
    source: str,
    once: bool,
    output: Path,
    listen: str,
    http_listen: str,
    json_path: str | None,
) -> None:
    """Start a server, stream SOURCE to it over gRPC, and show what it found.

    Prints a line a frame, the frame rate and the latency, writes the picture with the surest
    detection, and goes on serving until Ctrl-C (or ends, with --once).
    """
    from edgeserve.cameras.open import open_source  # noqa: PLC0415 - needs the server extra
    from edgeserve.drawing.annotate import annotate  # noqa: PLC0415 - as above
    from edgeserve.drawing.picture import read_frame, write_picture  # noqa: PLC0415 - as above
    from edgeserve.tooling.server_process import ServerProcess  # noqa: PLC0415 - as above

    with (
        open_source(source) as frames,
        JsonWriter(json_path) as out,
        ServerProcess("--listen", listen, "--http-listen", http_listen) as server,
    ):
        say = _silent if out.takes_stdout else click.echo
        say(f"serving on {server.address}")
        frame, result = _stream(server.address, frames, out, say)
        picture = annotate(read_frame(frame), result.detections, result.labels)
        write_picture(output, picture)
        say(f"annotated picture of frame {result.frame_id}: {output.resolve()}")
        if not once:
            say(f"serving on {server.address}; stop with Ctrl-C")
            server.wait()


def _silent(_text: str) -> None:
    pass


def _stream(
    address: str,
    frames: Iterable[EncodedFrame],
    out: JsonWriter,
    say: Callable[[str], None],
) -> tuple[EncodedFrame, FrameResult]:
    """Stream all frames; the one with the surest detection, and its result."""
    from edgeserve.client import DetectionClient  # noqa: PLC0415 - not for --help

    waiting: dict[int, EncodedFrame] = {}

    def sent() -> Iterator[EncodedFrame]:
        for frame in frames:
            waiting[frame.frame_id] = frame
            yield frame

    summary = Summary()
    best: tuple[float, EncodedFrame, FrameResult] | None = None
    options = StreamOptions(policy=Policy.BLOCK)
    with DetectionClient(address) as client, closing(client.stream(sent(), options)) as results:
        for result in results:
            summary.add(result)
            say(line(result, f"frame {result.frame_id}"))
            out.line(record(result))
            frame = waiting.pop(result.frame_id)
            surety = float(result.detections.scores.max(initial=0))
            if best is None or surety > best[0]:
                best = (surety, frame, result)
    say(summary.line())
    out.line({"summary": summary.record()})
    if best is None:
        text = "the source has no frames"
        raise NotAvailableError(text)
    return best[1], best[2]
