"""`edgeserve verify`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from edgeserve.cli.exit_codes import CHECK_FAILED
from edgeserve.cli.json_option import JsonWriter, json_option
from edgeserve.cli.table import table

if TYPE_CHECKING:
    from edgeserve.checks.report import Report


@click.command()
@click.argument("model", required=False)
@click.option(
    "--data",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder of your own pictures to compare on, at most 200 of them, evenly spread; the "
    "reference is then the FP32 form on ONNX Runtime, or, where the bundle lacks it, the first "
    "form that passes on the golden frames.",
)
@json_option
@click.pass_context
def verify(
    context: click.Context, *, model: str | None, data: Path | None, json_path: str | None
) -> None:
    """Compare every form of MODEL on this machine with what FP32 finds.

    MODEL is a name, NAME:VERSION or a bundle's folder; without it, the default model. Each of its
    files runs on each runtime and device that is here, the FP32 one also in bf16 and fp16 where the
    chip has them, over the golden frames of the bundle, and is held to the detections stored with
    them: matched is the share of boxes over the model's
    score that have a partner on the other side (same class, IoU 0.7), both ways; MAE is the mean
    difference of their scores. FP32 passes with 98 % and 0.005, others with 90 % and 0.035.

    Exit codes: 0 all passed, 1 something failed, 2 usage, 3 nothing to compare with or to run.
    """
    from edgeserve.app.verify import verify as compare  # noqa: PLC0415 - loads runtimes
    from edgeserve.config.load import load_settings  # noqa: PLC0415 - not for --help
    from edgeserve.tooling.named_bundle import named_bundle  # noqa: PLC0415 - as above

    catalog = load_settings(None, os.environ, {}).catalog
    bundle = named_bundle(model or catalog.model[0], catalog.models_dir)
    report = compare(bundle, data)
    with JsonWriter(json_path) as out:
        out.document(report.document())
        if not out.takes_stdout:
            click.echo(_text(report))
    if not report.passed:
        context.exit(CHECK_FAILED)


def _text(report: Report) -> str:
    rows = [("DEVICE", "PRECISION", "MATCHED", "SCORE MAE", "VERDICT")]
    rows += [
        (
            one.device,
            one.precision,
            "-" if one.matched is None else f"{one.matched:.3f}",
            "-" if one.score_mae is None else f"{one.score_mae:.4f}",
            f"{one.verdict}: {one.reason}" if one.reason else one.verdict,
        )
        for one in report.devices
    ]
    title = f"{report.model}:{report.version}, {report.pictures} pictures, by {report.reference}"
    return f"{title}\n{table(rows)}\n{report.verdict}"
