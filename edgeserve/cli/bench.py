"""`edgeserve bench`."""

from __future__ import annotations

import os

import click

from edgeserve.cli.json_option import JsonWriter, json_option


@click.command()
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
    help="Closed-loop streams at once; give it several times for several columns.",
)
@click.option(
    "--in-flight",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Frames that each stream has under way.",
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
@json_option
def bench(
    *,
    model: str,
    provider: str,
    source: str,
    streams: tuple[int, ...],
    in_flight: int,
    rounds: int,
    seconds: float,
    json_path: str | None,
) -> None:
    """Measure a server beside the same work in one process without a server.

    The loop without a server runs the same frame path in the best of several configurations (up
    to 4 threads, as many as frames are in flight at most; both hints). Rounds are interleaved;
    medians are printed. Compare ratios of one run, and let nothing else run meanwhile.
    """
    from edgeserve.config.load import load_settings  # noqa: PLC0415 - not for --help
    from edgeserve.tooling.bench.run import Plan, run  # noqa: PLC0415 - as above
    from edgeserve.tooling.bench.table import table  # noqa: PLC0415 - as above

    models_dir = str(load_settings(None, os.environ, {}).catalog.models_dir)
    results = [
        run(
            Plan(model, models_dir, provider, source, count, in_flight, rounds, seconds),
            lambda words: click.echo(words, err=True),
        )
        for count in streams
    ]
    with JsonWriter(json_path) as out:
        out.document(results[0] if len(results) == 1 else results)
        if not out.takes_stdout:
            click.echo(table(results))
