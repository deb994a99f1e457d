"""`edgeserve bench`."""

from __future__ import annotations

import os
from pathlib import Path

import click

from edgeserve.cli.json_option import JsonWriter, json_option


@click.command()
@click.option(
    "--scenario",
    type=click.Choice(["closed", "open", "single-stream", "multi-stream", "offline"]),
    default="closed",
    show_default=True,
    help="closed: streams send when a result comes. open: cameras send at their own rate. The "
    "others are MLPerf's.",
)
@click.option(
    "--address",
    default="",
    help="Measure the server that runs there, instead of one of our own. What it asks for is read "
    "from EDGESERVE_TOKEN, EDGESERVE_CA and the other variables of `edgeserve stream`.",
)
@click.option(
    "--against",
    metavar="FLAGS",
    default="",
    help="Measure a second server with these flags of `edgeserve serve` in turn with the first, as "
    "in --against=--no-tuned.",
)
@click.option("--model", default="road-csp-tiny", show_default=True, help="Model to serve.")
@click.option("--provider", default="cpu", show_default=True, help="As of `edgeserve serve`.")
@click.option(
    "--source",
    default="sample",
    show_default=True,
    help="Pictures to send: a video, a folder, or the sample.",
)
@click.option(
    "--streams",
    type=click.IntRange(min=1),
    multiple=True,
    default=(1, 8),
    show_default=True,
    help="Streams or cameras at once (closed, open); give it several times for several columns.",
)
@click.option(
    "--in-flight",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Frames that each stream has under way (closed).",
)
@click.option(
    "--fps",
    type=click.FloatRange(min=0, min_open=True),
    help="Frames a second of each camera (open). [default: by --load]",
)
@click.option(
    "--load",
    type=click.FloatRange(min=0, min_open=True),
    default=0.7,
    show_default=True,
    help="All cameras together, as a share of what the loop without a server does (open).",
)
@click.option(
    "--rounds",
    type=click.IntRange(min=1),
    default=5,
    show_default=True,
    help="Measurements of each side.",
)
@click.option(
    "--seconds",
    type=click.FloatRange(min=0.5),
    default=4.0,
    show_default=True,
    help="Length of one measurement.",
)
@click.option(
    "--plot",
    "plot_path",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Draw speed and latency into this file (.svg, .png, …).",
)
@json_option
def bench(  # noqa: PLR0913 - one for each option
    *,
    scenario: str,
    address: str,
    against: str,
    model: str,
    provider: str,
    source: str,
    streams: tuple[int, ...],
    in_flight: int,
    fps: float | None,
    load: float,
    rounds: int,
    seconds: float,
    plot_path: Path | None,
    json_path: str | None,
) -> None:
    """Measure a server beside the same work in one process without a server.

    The loop without a server runs the same frame path in the best of several configurations (up
    to 4 threads, as many as frames are in flight at most; both hints). Rounds are interleaved;
    medians are printed. Compare ratios of one run, and let nothing else run meanwhile.

    In the open loop a frame's latency counts from when it was due, so nobody's falling behind can
    hide; what the generator itself was late is told.
    """
    from edgeserve.config.load import load_settings  # noqa: PLC0415 - not for --help
    from edgeserve.tooling.bench.plot import plot  # noqa: PLC0415 - as above
    from edgeserve.tooling.bench.run import Plan, run  # noqa: PLC0415 - as above
    from edgeserve.tooling.bench.table import head, table  # noqa: PLC0415 - as above
    from edgeserve.tooling.figure_file import check_figure_file  # noqa: PLC0415 - as above

    if plot_path is not None:
        check_figure_file(plot_path)
    models_dir = str(load_settings(None, os.environ, {}).catalog.models_dir)
    results = [
        run(
            Plan(
                scenario=scenario,
                model=model,
                models_dir=models_dir,
                provider=provider,
                address=address,
                against=against,
                source=source,
                streams=count,
                frames_in_flight=in_flight,
                fps=fps or 0.0,
                load=load,
                rounds=rounds,
                seconds=seconds,
            ),
            lambda words: click.echo(words, err=True),
        )
        for count in (streams if scenario in {"closed", "open"} else (1,))
    ]
    with JsonWriter(json_path) as out:
        out.document(results[0] if len(results) == 1 else results)
        if not out.takes_stdout:
            click.echo(table(results))
    if plot_path is not None:
        plot(results, [head(result) for result in results], plot_path)
