"""`edgeserve import`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from edgeserve.cli.json_option import JsonWriter, json_option
from edgeserve.cli.parameters import channels, size
from edgeserve.domain.frame import ColorOrder
from edgeserve.domain.model import Fit
from edgeserve.postprocess.heads import LAYOUTS

if TYPE_CHECKING:
    from edgeserve.tooling.importing.bundle_import import Imported

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command("import")
@click.argument("model", required=False, type=_FILE)
@click.option(
    "--darknet",
    nargs=2,
    type=_FILE,
    metavar="CFG WEIGHTS",
    help="A Darknet network in place of MODEL; of the others --name, --labels and --out apply.",
)
@click.option("--name", default="", help="Of the model. [default: the file's name]")
@click.option("--version", default="", help="Of the model. [default: the next number]")
@click.option(
    "--out",
    envvar="EDGESERVE_MODELS",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of bundles, for OUT/NAME/VERSION. [default: in your data directory]",
)
@click.option("--labels", metavar="FILE|a,b,c", help="Class names, one a line, or with commas.")
@click.option("--head", type=click.Choice(LAYOUTS), help="The output layout.")
@click.option("--fit", type=click.Choice([fit.value for fit in Fit]), help="Place of the picture.")
@click.option(
    "--color-order",
    type=click.Choice([order.value for order in ColorOrder]),
    help="Of the input's channels.",
)
@click.option(
    "--mean",
    metavar="X|A,B,C",
    callback=channels(positive=False),
    help="Subtracted from pixels of 0..255.",
)
@click.option(
    "--std",
    metavar="X|A,B,C",
    callback=channels(positive=True),
    help="Divides them thereafter.",
)
@click.option("--scale", type=click.FloatRange(min=0, min_open=True), help="The same as --std X.")
@click.option("--pad", type=click.IntRange(0, 255), help="Value around the picture.")
@click.option(
    "--size",
    "size_px",
    metavar="WxH",
    callback=size,
    help="Of the input, where the file leaves it open.",
)
@click.option(
    "--score",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    help="Default score threshold.",
)
@click.option(
    "--iou",
    type=click.FloatRange(0, 1, min_open=True),
    help="Default IoU threshold of suppression; 1 suppresses nothing.",
)
@json_option
def import_model(  # noqa: PLR0913 - one for each option
    *,
    model: Path | None,
    darknet: tuple[Path, Path] | None,
    name: str,
    version: str,
    out: Path | None,
    labels: str | None,
    head: str | None,
    fit: str | None,
    color_order: str | None,
    mean: tuple[float, float, float] | None,
    std: tuple[float, float, float] | None,
    scale: float | None,
    pad: int | None,
    size_px: tuple[int, int] | None,
    score: float | None,
    iou: float | None,
    json_path: str | None,
) -> None:
    """Make a bundle of MODEL, an ONNX file or an OpenVINO IR (.xml), or of a Darknet network.

    The output layout, the labels and the input are taken from your options, else from the file's
    metadata, else from shapes and numbers that it puts out. What was assumed is printed; what
    stays ambiguous is refused with the option to add.
    """
    from edgeserve.catalog.options import default_models_dir  # noqa: PLC0415 - not for --help
    from edgeserve.tooling.importing import bundle_import, darknet_import  # noqa: PLC0415 - as above
    from edgeserve.tooling.importing.labels import given_labels  # noqa: PLC0415 - as above
    from edgeserve.tooling.importing.wishes import Wishes  # noqa: PLC0415 - as above
    from edgeserve.tooling.signals import unwind_by_signals  # noqa: PLC0415 - as above

    if model is not None and darknet is not None:
        text = "give MODEL or --darknet CFG WEIGHTS, not both"
        raise click.UsageError(text)
    if scale is not None and std is not None:
        text = "--scale and --std say the same; give one of them"
        raise click.UsageError(text)
    unwind_by_signals()  # it works in temporary folders
    wishes = Wishes(
        out=out or default_models_dir(),
        name=name,
        version=version,
        labels=given_labels(labels) if labels is not None else (),
        layout=head,
        size_px=size_px,
        color_order=ColorOrder(color_order) if color_order else None,
        fit=Fit(fit) if fit else None,
        pad_value=pad,
        mean=mean,
        std=std if scale is None else (scale, scale, scale),
        score=score,
        iou=iou,
    )
    if model is not None:
        imported = bundle_import.import_model(model, wishes)
    elif darknet is not None:
        imported = darknet_import.import_darknet_model(*darknet, wishes)
    else:
        text = "give MODEL, or --darknet CFG WEIGHTS"
        raise click.UsageError(text)
    with JsonWriter(json_path) as writer:
        writer.document(_document(imported))
        if not writer.takes_stdout:
            click.echo(_text(imported))


def _document(imported: Imported) -> dict[str, object]:
    manifest = imported.bundle.manifest
    return {
        "model": manifest.name,
        "version": manifest.version,
        "folder": str(imported.bundle.folder),
        "assumptions": list(imported.assumptions),
        "manifest": manifest.model_dump(mode="json", exclude_none=True),
    }


def _text(imported: Imported) -> str:
    manifest = imported.bundle.manifest
    (file,) = manifest.files
    summary = (
        f"{manifest.name}:{manifest.version}: {manifest.head.layout}, {len(manifest.labels)} "
        f"labels, {manifest.input.width_px}x{manifest.input.height_px}, {file.precision} for "
        f"{' and '.join(file.runtimes)}"
    )
    return "\n".join(
        [
            *(f"assumed: {one}" for one in imported.assumptions),
            summary,
            f"written to {imported.bundle.folder}",
            f"try it: edgeserve detect PICTURE --model {manifest.name}",
        ]
    )
