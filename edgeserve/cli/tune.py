"""`edgeserve tune`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from edgeserve.checks.report import PASSED
from edgeserve.cli.json_option import JsonWriter, json_option
from edgeserve.cli.table import table

if TYPE_CHECKING:
    from edgeserve.app.tune import Tuning
    from edgeserve.tooling.tune.candidate import Load
    from edgeserve.tooling.tune.search import Line

_SECONDS = 60.0
_QUICK_SECONDS = 15.0


@click.command()
@click.argument("model", required=False)
@click.option(
    "--provider",
    default="",
    help="Devices to try, separated by commas, as of `edgeserve serve`. [default: all]",
)
@click.option(
    "--source",
    default="sample",
    show_default=True,
    help="Pictures to measure with: a video, a folder, or the sample.",
)
@click.option(
    "--seconds",
    type=click.FloatRange(min=0, min_open=True),
    default=_SECONDS,
    show_default=True,
    help="Time to measure, in all; comparing with FP32 and compiling come on top.",
)
@click.option("--quick", is_flag=True, help=f"Measure for {_QUICK_SECONDS:g} seconds.")
@click.option(
    "--cache-dir",
    type=click.Path(file_okay=False, path_type=Path),
    help="The server's cache directory, where it finds the choice. [default: as of "
    "`edgeserve serve`]",
)
@click.option("--dry-run", is_flag=True, help="Leave the choice unwritten.")
@json_option
def tune(
    *,
    model: str | None,
    provider: str,
    source: str,
    seconds: float,
    quick: bool,
    cache_dir: Path | None,
    dry_run: bool,
    json_path: str | None,
) -> None:
    """Find the fastest way of running MODEL on this machine, and have `edgeserve serve` use it.

    MODEL is a name, NAME:VERSION or a bundle's folder; without it, the default model. Each form on
    each runtime, device and precision is compared with FP32 as by `edgeserve verify`; those that
    pass are measured in turn under two loads: one frame at a time, and as many as the machine
    takes. The best are tried with other hints, streams, threads and numbers of frames in work.
    What is the fastest over both loads and loses on neither is written for this CPU, its
    accelerators, its instruction set and these versions; on another machine or after an upgrade a
    server ignores it and says so. Your own flags, variables and file come before it, and
    --no-tuned turns it off.

    Let nothing else run meanwhile.

    Exit codes: 0 good, 1 no form finds what FP32 finds, 2 usage, 3 something needed is not there.
    """
    from edgeserve.app.tune import tune as find  # noqa: PLC0415 - loads runtimes
    from edgeserve.config.load import load_settings  # noqa: PLC0415 - not for --help
    from edgeserve.tooling.named_bundle import named_bundle  # noqa: PLC0415 - as above

    settings = load_settings(None, os.environ, {})
    tuning = find(
        named_bundle(model or settings.catalog.model[0], settings.catalog.models_dir),
        cache_dir or settings.engines.cache_dir,
        provider=provider,
        source=source,
        seconds=_QUICK_SECONDS if quick else seconds,
        keep=not dry_run,
    )
    with JsonWriter(json_path) as out:
        out.document(tuning.document())
        if not out.takes_stdout:
            click.echo(_text(tuning))


def _text(tuning: Tuning) -> str:
    rows: list[tuple[str, ...]] = [
        ("", "DEVICE", "PRECISION", "HINT", "THREADS", "STREAMS", "WORKERS", "ONE", "SATURATED")
    ]
    for line in tuning.outcome.lines:
        setting = line.candidate.setting
        rows.append(
            (
                "*" if line == tuning.outcome.chosen else "",
                line.candidate.form.device.name,
                line.candidate.form.precision,
                setting.hint,
                *(str(one or "-") for one in (setting.threads, setting.streams, setting.workers)),
                *(_figure(line, load) for load in line.fps),
            )
        )
    words = [
        f"{one.device} {one.precision} is left out, it {one.verdict} the comparison: {one.reason}"
        for one in tuning.verified
        if one.verdict != PASSED
    ]
    words += [line.fault for line in tuning.outcome.lines if line.fault]
    if tuning.absent:
        forms = " and ".join(tuning.absent)
        words.append(f"this installation lacks the model's {forms} form: it was not tried")
    words.append(f"{tuning.choice.model}: {tuning.choice}")
    words.append(f"written to {tuning.path}" if tuning.path else "not written")
    title = "frames/s one at a time and saturated, and as multiples of the default's"
    return "\n".join([title, table(rows), *words])


def _figure(line: Line, load: Load) -> str:
    fps, ratio = line.fps[load], line.ratios[load]
    return "-" if fps is None or ratio is None else f"{fps:.1f} {ratio:.2f}"
