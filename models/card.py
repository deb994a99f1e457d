"""`CARD.md`: what a bundle holds, where it comes from, how good it is, and where it ends."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgeserve.tooling.calibration import FRAMES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from edgeserve.catalog.manifest import Manifest
    from edgeserve.tooling.evaluate import Evaluation
    from edgeserve.tooling.gate import Verdict
    from models.recipe import Recipe
    from models.run_facts import RunFacts

DATA_LICENCE = "CC BY 4.0"
DATA = {
    "highway": "Highway Object Detection, Universitas Tidar, Roboflow Universe",
    "people": "Capston2, siwookim, Roboflow Universe",
    "traffic": "ATL-version-2, finalproject-bqip3, Roboflow Universe",
}
"""Origins of training pictures and whom they are owed to."""
_WIDTH = 100


@dataclass(frozen=True)
class Card:
    """What a card is written from."""

    recipe: Recipe
    folder: Path
    manifest: Manifest
    verdicts: Sequence[Verdict]
    evaluations: Sequence[Evaluation]
    """Every runtime, precision and split."""
    pictures: Mapping[str, Mapping[str, int]]
    """By split and origin."""
    labelled: Mapping[str, Sequence[str]]
    """Labels by origin."""
    facts: RunFacts
    mean_f1: float
    """On val, at the default score threshold."""


def card_text(card: Card) -> str:
    """The whole card, Markdown."""
    sections = (
        _head(card),
        _data(card),
        _training(card),
        _accuracy(card),
        _quantization(card),
        _reproduce(card),
        _limits(card),
    )
    return "\n\n".join("\n".join(section) for section in sections) + "\n"


def _head(card: Card) -> Iterator[str]:
    manifest = card.manifest
    picture, head, defaults = manifest.input, manifest.head, manifest.thresholds
    yield f"# {manifest.name}, version {manifest.version}"
    yield ""
    yield f"{manifest.description} Weights: {manifest.licence}."
    yield ""
    yield _item(
        f"Input: {picture.width_px}x{picture.height_px} px, {picture.dtype} {picture.layout} "
        f"{picture.color_order.value}, letterboxed ({picture.fit.value}, pad value "
        f"{picture.pad_value}); the graph normalises."
    )
    yield _item(
        f"Output: head `{head.layout}`, strides {list(head.strides)}, {head.reg_max} bins a side."
    )
    yield _item(
        f"Defaults: score {defaults.score} (best mean F1 over the classes on val, "
        f"{card.mean_f1:.3f}), NMS IoU {defaults.iou}, at most {defaults.max_detections} objects."
    )
    yield ""
    yield from _table(
        ("file", "runs on", "precision", "KB"),
        [
            (
                " + ".join(f"`{one.path}`" for one in (file, *file.companions)),
                ", ".join(file.runtimes),
                file.precision,
                str(round(sum(_bytes(card, one.path) for one in (file, *file.companions)) / 1000)),
            )
            for file in manifest.files
        ],
    )


def _data(card: Card) -> Iterator[str]:
    yield "## Data"
    yield ""
    splits = tuple(card.pictures)
    yield from _table(
        ("origin", *splits, "labelled", "source", "licence"),
        [
            (
                origin,
                *(str(card.pictures[split].get(origin, "-")) for split in splits),
                ", ".join(labels),
                DATA[origin],
                DATA_LICENCE,
            )
            for origin, labels in card.labelled.items()
        ],
    )
    yield ""
    yield _paragraph(
        "The pictures were cropped, resized, re-encoded and split anew by source. An origin labels "
        "only some classes: the others are masked in the loss there, and not judged there."
    )


def _training(card: Card) -> Iterator[str]:
    facts, judged = card.facts, card.recipe.train.judged
    yield "## Training"
    yield ""
    yield _paragraph(
        f"Recipe `models/recipes/{card.recipe.name}.toml`, from random weights, on "
        f"{facts.machine}: {facts.whole_minutes:.0f} minutes in all, "
        f"{facts.images_a_second:.0f} pictures a second (median epoch). Kept: the weights of epoch "
        f"{facts.epoch} ({facts.minutes:.0f} minutes), the best by AP of `{judged}` on val."
    )
    if card.recipe.train.taught_by:
        yield ""
        yield _paragraph(
            "Classes that an origin does not label were labelled by "
            f"{card.recipe.train.taught_by} where it was sure, and left out where it was not."
        )
    yield ""
    points = ", ".join(f"{epoch}: {ap:.3f}" for epoch, ap in facts.curve)
    yield _paragraph(f"AP of `{judged}` on val as it grew, by epoch: {points}.")


def _accuracy(card: Card) -> Iterator[str]:
    yield "## Accuracy"
    yield ""
    yield _paragraph(
        "COCO AP (IoU 0.50 to 0.95) and AP50: score over 0.001, NMS at IoU 0.65 within a class, at "
        "most 100 objects a picture, through the server's own pipeline. Drop: AP lost against FP32 "
        "on ONNX Runtime. Choices were made on val; test was only measured."
    )
    for split in dict.fromkeys(one.split for one in card.evaluations):
        own = [one for one in card.evaluations if one.split == split]
        (reference,) = (o for o in own if (o.runtime, o.precision) == ("onnxruntime", "fp32"))
        origins = tuple(reference.origins)
        header = [f"{origin} {what}" for origin in origins for what in ("AP", "AP50", "drop")]
        labels = [(name, label) for name in origins for label in reference.origins[name].per_class]
        yield from ("", f"### {split}", "")
        yield from _table(
            ("runtime", "precision", *header),
            [(one.runtime, one.precision, *_figures(one, reference)) for one in own],
        )
        yield ""
        yield from _table(
            ("AP by class", "precision", *(f"{name}: {label}" for name, label in labels)),
            [
                (
                    one.runtime,
                    one.precision,
                    *(f"{one.origins[name].per_class[label].ap:.3f}" for name, label in labels),
                )
                for one in own
            ],
        )


def _figures(one: Evaluation, reference: Evaluation) -> Iterator[str]:
    for name, origin in one.origins.items():
        drop = round(reference.origins[name].mean.ap - origin.mean.ap, 4) + 0.0  # no "-0.0000"
        yield f"{origin.mean.ap:.4f}"
        yield f"{origin.mean.ap50:.4f}"
        yield f"{drop:.4f}"


def _quantization(card: Card) -> Iterator[str]:
    most = card.verdicts[0].max_drop
    yield "## Quantization"
    yield ""
    yield _paragraph(
        "The FP32 file stores its weights as float16 and computes in float32; all forms are made "
        f"from it. Calibrated on {FRAMES} letterboxed pictures of train, ranges by minimum and "
        "maximum, weights 8 bits a channel, activations 8 bits a tensor. An INT8 form is published "
        f"only if it loses at most {most} AP on val in every origin and finds the "
        "boxes of the golden pictures again; for OpenVINO also with the CPU capped to AVX2, where "
        "sums of int8 products saturate. Tried, with the largest drop:"
    )
    yield ""
    for verdict in card.verdicts:
        tried = "; ".join(f"{one.layers.title} {one.drop:.4f}" for one in verdict.attempts)
        layers = ", ".join(f"`{name}`" for name in verdict.best.layers.convolutions)
        yield _item(f"{verdict.runtime}: {tried}. In float: {layers}.")


def _reproduce(card: Card) -> Iterator[str]:
    yield "## Measure it again"
    yield ""
    yield "```sh"
    yield "for runtime in openvino onnxruntime; do for precision in int8 fp32; do"
    yield f"  edgeserve evaluate models/bundles/{card.manifest.name} --data DATA --split test \\"
    yield "    --runtime $runtime --precision $precision"
    yield "done; done"
    yield "```"


def _limits(card: Card) -> Iterator[str]:
    one = next(e for e in card.evaluations if e.split == "test" and e.precision == "int8")
    classes = [
        (c.ap, label, name) for name, o in one.origins.items() for label, c in o.per_class.items()
    ]
    weakest, label, origin = min(classes)
    yield "## Limits"
    yield ""
    yield _item(
        f"The smallest cell is {min(card.manifest.head.strides)} px of the letterboxed picture: "
        "objects not larger than that are rarely found."
    )
    yield _item(
        f"The weakest class is {label} in `{origin}` pictures (AP {weakest:.3f} on test): look at "
        "the table before you count on one."
    )
    yield _item("Trained on a few thousand pictures of few places. Measure on your own cameras.")
    yield _item(
        f"Measured on {card.facts.machine}. Where a runtime computes float layers in bf16 by "
        "itself (AMX), or where 8-bit products saturate (no VNNI), figures differ: compare with "
        "`edgeserve verify`."
    )
    yield _item("Not for decisions about people, nor where a missed object endangers someone.")


def _bytes(card: Card, name: str) -> int:
    return (card.folder / name).stat().st_size


def _paragraph(text: str) -> str:
    return textwrap.fill(text, _WIDTH, break_long_words=False, break_on_hyphens=False)


def _item(text: str) -> str:
    return textwrap.fill(
        f"- {text}",
        _WIDTH,
        subsequent_indent="  ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(header)} |"
    yield f"|{'---|' * len(header)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"
