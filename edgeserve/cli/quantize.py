"""`edgeserve quantize`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from edgeserve.cli.exit_codes import CHECK_FAILED
from edgeserve.cli.json_option import JsonWriter, json_option
from edgeserve.cli.table import table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edgeserve.tooling.gate import Verdict


@click.command()
@click.argument("model")
@click.option(
    "--data",
    required=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder of the data set: the split train calibrates, the split val judges (labels as YOLO "
    "text or COCO annotations). Or a plain folder of pictures: then agreement with FP32 judges.",
)
@click.option(
    "--runtime",
    "runtimes",
    type=click.Choice(["openvino", "onnxruntime", "tensorrt", "cuda"]),
    multiple=True,
    default=("openvino", "onnxruntime"),
    show_default=True,
    help="Make a form for it; repeatable. INT8 for OpenVINO and ONNX Runtime, symmetric INT8 for "
    "TensorRT, FP16 for CUDA; the last two are measured on the CPU.",
)
@click.option(
    "--max-drop",
    type=click.FloatRange(min=0),
    help="AP (of 1) that the INT8 form may lose in any origin of pictures; without labels, the "
    "share of boxes that may differ from FP32's.  [default: 0.005; without labels 0.05]",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Folder for the new bundle. [default: NAME-int8]",
)
@json_option
@click.pass_context
def quantize(
    context: click.Context,
    *,
    model: str,
    data: Path,
    runtimes: tuple[str, ...],
    max_drop: float | None,
    out: Path | None,
    json_path: str | None,
) -> None:
    """Make INT8 forms of MODEL (a name, NAME:VERSION or a bundle's folder) and gate them.

    Its FP32 ONNX file is quantized with the last convolutions in float, then, as long as it loses
    too much, with more layers in float. What does not pass is not written: exit code 1. The form
    for OpenVINO must also pass as a CPU without VNNI computes it (capped to AVX2).
    """
    from edgeserve.config.load import load_settings  # noqa: PLC0415 - not for --help
    from edgeserve.tooling.named_bundle import named_bundle  # noqa: PLC0415 - as above
    from edgeserve.tooling.quantized_bundle import quantize_bundle  # noqa: PLC0415 - as above
    from edgeserve.tooling.signals import unwind_by_signals  # noqa: PLC0415 - as above

    unwind_by_signals()  # it works in temporary folders
    settings = load_settings(None, os.environ, {})
    bundle = named_bundle(model, settings.catalog.models_dir, "fp32")
    target = out or Path(f"{bundle.manifest.name}-int8")
    verdicts = quantize_bundle(bundle, data, target, runtimes, max_drop=max_drop)
    worst = max(verdicts, key=lambda verdict: (not verdict.passed, verdict.best.drop))
    with JsonWriter(json_path) as writer:
        writer.document(
            {
                "model": bundle.manifest.name,
                "version": bundle.manifest.version,
                "max_drop": worst.max_drop,
                "out": str(target) if worst.passed else None,
                **worst.document(),
                "runtimes": [verdict.document() for verdict in verdicts],
            }
        )
        if not writer.takes_stdout:
            click.echo(_text(verdicts))
            click.echo(_ending(worst, target))
    if not worst.passed:
        context.exit(CHECK_FAILED)


def _text(verdicts: Sequence[Verdict]) -> str:
    rows = [("TARGET", "FIGURE", "FP32", "FORM", "DROP", "IN FLOAT", "VERDICT")]
    for verdict in verdicts:
        best = verdict.best
        rows += [
            (
                verdict.runtime,
                name,
                f"{before:.4f}",
                f"{best.after[name]:.4f}",
                f"{before - best.after[name]:.4f}",
                best.layers.title,
                "passed" if verdict.passed else "refused",
            )
            for name, before in best.before.items()
        ]
    return table(rows)


def _ending(worst: Verdict, target: Path) -> str:
    if worst.passed:
        return f"written to {target}"
    return (
        f"refused: {worst.runtime} loses {worst.best.drop:.4f} of {worst.best.worst}, "
        f"{worst.max_drop} is allowed; nothing was written"
    )
