"""`package`: from a checkpoint to a bundle that is complete, gated and measured."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from edgeserve.cameras.open import open_source
from edgeserve.catalog.manifest import Training
from edgeserve.postprocess.finalize import Selection
from edgeserve.tooling import golden
from edgeserve.tooling.bundle_files import accuracy_entries, checked, form_entry, write_manifest
from edgeserve.tooling.calibration import calibration_tensors
from edgeserve.tooling.dataset import count_pictures, labelled_classes, read_split
from edgeserve.tooling.evaluate import detect, evaluate, open_engine
from edgeserve.tooling.progress import say
from edgeserve.tooling.quantize import FORMS, PUBLISHED, Reference, quantize
from edgeserve.tooling.threshold import best_threshold
from edgeserve.tooling.yardstick import GATE_SPLIT, REFERENCE_RUNTIME, ByAgreement, ByLabels
from models.card import DATA, DATA_LICENCE, Card, card_text
from models.float_bundle import FILE, LOWEST_SCORE, float_bundle
from models.publishable import Publishable
from models.recipe import load_recipe
from models.run_facts import RunFacts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from edgeserve.catalog.bundle import Bundle
    from edgeserve.catalog.manifest import Manifest
    from edgeserve.domain.model import ModelSpec
    from edgeserve.tooling.dataset import Origin
    from edgeserve.tooling.evaluate import Evaluation
    from edgeserve.tooling.gate import Verdict
    from models.recipe import Recipe

_SPLITS = ("val", "test")
_PRECISIONS = ("fp32", "int8")
_GOLDEN_FRAMES = frozenset({0, 39, 40, 79, 80, 119})
"""Of the embedded sample: the first and the last view of each photograph."""
_GOLDEN_JPEG_QUALITY = 85


def package(recipe_path: Path, checkpoint: Path, data: Path, bundles: Path) -> bool:
    """Write the bundle of a trained recipe.

    Args:
        recipe_path: the recipe.
        checkpoint: best.pt of its run; `curves.csv` lies beside it.
        data: the data set, with train (calibration), val (choices) and test (figures).
        bundles: gets a folder named after the recipe. One that is there is replaced, and only
            when everything has succeeded.

    Returns:
        Whether both INT8 forms passed the gate; if not, nothing is written.

    Raises:
        EdgeserveError: the data cannot be read, or something needed is not installed.
    """
    recipe = load_recipe(recipe_path)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / recipe.name
        folder.mkdir()
        bundle = float_bundle(recipe, checkpoint, folder)
        splits = {split: read_split(data, split, bundle.spec.labels) for split in _SPLITS}
        score, mean_f1 = _threshold(bundle.spec, splits[GATE_SPLIT])
        labels = ByLabels(bundle.spec, splits[GATE_SPLIT])
        served = replace(bundle.spec, thresholds=replace(bundle.spec.thresholds, score=score))
        yardstick = Publishable(labels, ByAgreement(served, _golden_pictures()))
        tensors = calibration_tensors(data, bundle.spec.input)
        reference = Reference(bundle.spec, bundle.folder / FILE, tensors, yardstick)
        verdicts = [quantize(reference, runtime, folder) for runtime in PUBLISHED]
        if not all(verdict.passed for verdict in verdicts):
            say("no bundle was written: an INT8 form loses more than it may")
            return False
        manifest = _manifest(bundle.manifest, folder, verdicts, score, recipe)
        bundle = write_manifest(folder, manifest)
        golden.write_golden(bundle.spec, _golden_pictures(), folder / golden.FILE)
        readings = (verdict.best.measured.evaluation for verdict in verdicts)
        known = [labels.reference, *(one for one in readings if one is not None)]
        evaluations = list(_measure(bundle, splits, known))
        manifest = manifest.model_copy(
            update={
                "golden": checked(folder / golden.FILE),
                "accuracy": accuracy_entries(evaluations),
            }
        )
        card = Card(
            recipe=recipe,
            folder=folder,
            manifest=manifest,
            verdicts=verdicts,
            evaluations=evaluations,
            pictures={split: count_pictures(data, split) for split in ("train", *_SPLITS)},
            labelled=labelled_classes(data, manifest.labels),
            facts=RunFacts.read(checkpoint, recipe.train.judged),
            mean_f1=mean_f1,
        )
        (folder / "CARD.md").write_text(card_text(card), encoding="utf-8")
        write_manifest(folder, manifest)
        shutil.rmtree(bundles / recipe.name, ignore_errors=True)
        shutil.move(folder, bundles / recipe.name)
    return True


def _threshold(spec: ModelSpec, origins: Sequence[Origin]) -> tuple[float, float]:
    """The default score, by the FP32 form on val, and its mean F1."""
    selection = Selection(LOWEST_SCORE, spec.thresholds.iou, spec.thresholds.max_detections)
    engine = open_engine(spec, runtime=REFERENCE_RUNTIME, precision="fp32")
    found = {
        origin.name: detect(spec, engine, [p.data for p in origin.pictures], selection, "threshold")
        for origin in origins
    }
    return best_threshold(origins, found)


def _manifest(
    old: Manifest,
    folder: Path,
    verdicts: Sequence[Verdict],
    score: float,
    recipe: Recipe,
) -> Manifest:
    """The first manifest with the INT8 forms, the default score and where the weights come from."""
    made = [form_entry(folder, FORMS[verdict.runtime]) for verdict in verdicts]
    return old.model_copy(
        update={
            "files": (*made, *old.files),
            "thresholds": old.thresholds.model_copy(update={"score": score}),
            "training": Training(
                recipe=recipe.name,
                data=tuple(DATA[origin] for origin in sorted(recipe.train.origin_weights)),
                licence=DATA_LICENCE,
            ),
        }
    )


def _golden_pictures() -> list[bytes]:
    frames = open_source("sample", jpeg_quality=_GOLDEN_JPEG_QUALITY)
    return [bytes(frame.data) for index, frame in enumerate(frames) if index in _GOLDEN_FRAMES]


def _measure(
    bundle: Bundle,
    splits: Mapping[str, Sequence[Origin]],
    known: Sequence[Evaluation],
) -> Iterator[Evaluation]:
    """Every form on every split; what the gate has measured already is not measured again."""
    done = {(one.split, one.runtime, one.precision): one for one in known}
    for split, origins in splits.items():
        for runtime in PUBLISHED:
            for precision in _PRECISIONS:
                before = done.get((split, runtime, precision))
                yield before or evaluate(
                    bundle.spec,
                    origins,
                    split=split,
                    runtime=runtime,
                    precision=precision,
                )
