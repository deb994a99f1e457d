"""`edgeserve evaluate`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from edgeserve.cli.json_option import JsonWriter, json_option
from edgeserve.cli.table import table

if TYPE_CHECKING:
    from edgeserve.tooling.evaluate import Evaluation


@click.command()
@click.argument("model")
@click.option(
    "--data",
    required=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder of the data set: SPLIT/NAME.jpg with NAME.txt (YOLO text), or in SPLIT-*.tar; "
    "or COCO's annotations/*SPLIT*.json with SPLIT/.",
)
@click.option("--split", default="val", show_default=True, help="As in val or test.")
@click.option("--runtime", help="openvino, onnxruntime, … [default: the first that is here]")
@click.option("--device", default="CPU", show_default=True, help="Of the runtime, as in GPU.")
@click.option(
    "--precision",
    type=click.Choice(["int8", "fp16", "fp32"]),
    default="int8",
    show_default=True,
    help="Which form of the model.",
)
@click.option(
    "--plot",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Draw precision over recall for each class into this file (.svg, .png, …).",
)
@json_option
def evaluate(
    *,
    model: str,
    data: Path,
    split: str,
    runtime: str | None,
    device: str,
    precision: str,
    plot: Path | None,
    json_path: str | None,
) -> None:
    """Measure the accuracy of MODEL (a name, NAME:VERSION or a bundle's folder).

    COCO average precision over labelled pictures, through the server's own pipeline: score over
    0.001, NMS at IoU 0.65 within a class, at most 100 objects a picture. A JSON file beside the
    splits may say which classes each origin of pictures labels; only these are judged there.
    """
    from edgeserve.config.load import load_settings  # noqa: PLC0415 - not for --help
    from edgeserve.engines.registry import runtimes  # noqa: PLC0415 - as above
    from edgeserve.tooling import evaluate as tool  # noqa: PLC0415 - as above
    from edgeserve.tooling.curves_plot import plot_curves  # noqa: PLC0415 - as above
    from edgeserve.tooling.figure_file import check_figure_file  # noqa: PLC0415 - as above
    from edgeserve.tooling.labels import read_labelled  # noqa: PLC0415 - as above
    from edgeserve.tooling.named_bundle import named_bundle  # noqa: PLC0415 - as above

    if plot is not None:
        check_figure_file(plot)
    settings = load_settings(None, os.environ, {})
    spec = named_bundle(model, settings.catalog.models_dir, precision).spec
    result = tool.evaluate(
        spec,
        read_labelled(data, split, spec.labels),
        split=split,
        runtime=runtime or next(iter(runtimes())),
        precision=precision,
        device=device,
    )
    with JsonWriter(json_path) as out:
        out.document(result.document())
        if not out.takes_stdout:
            click.echo(_text(result))
    if plot is not None:
        plot_curves(result, plot)


def _text(result: Evaluation) -> str:
    rows = [("ORIGIN", "CLASS", "AP", "AP50")]
    for name, origin in result.origins.items():
        rows.append((name, "mean", f"{origin.mean.ap:.4f}", f"{origin.mean.ap50:.4f}"))
        if len(origin.per_class) > 1:
            rows += [
                (name, label, f"{one.ap:.4f}", f"{one.ap50:.4f}")
                for label, one in origin.per_class.items()
            ]
    title = f"{result.model}:{result.version} {result.precision} on {result.device}, {result.split}"
    return f"{title}\n{table(rows)}"
