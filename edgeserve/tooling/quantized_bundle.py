"""A copy of a bundle whose INT8 forms were made anew."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from edgeserve.domain.errors import ConfigurationError
from edgeserve.tooling.bundle_files import accuracy_entries, form_entry, write_manifest
from edgeserve.tooling.calibration import calibration_tensors
from edgeserve.tooling.dataset import plain_pictures
from edgeserve.tooling.gate import MAX_DISAGREEMENT, MAX_DROP
from edgeserve.tooling.labels import read_labelled
from edgeserve.tooling.quantize import FORMS, Reference, fp32_onnx, quantize
from edgeserve.tooling.yardstick import GATE_SPLIT, ByAgreement, ByLabels

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from edgeserve.catalog.bundle import Bundle
    from edgeserve.catalog.manifest import Manifest
    from edgeserve.domain.model import ModelSpec
    from edgeserve.tooling.gate import Verdict
    from edgeserve.tooling.quantize import Form
    from edgeserve.tooling.yardstick import Yardstick

_GATE_PICTURES = 200
"""Of a folder without labels."""


def quantize_bundle(
    bundle: Bundle,
    data: Path,
    out: Path,
    runtimes: Sequence[str],
    *,
    max_drop: float | None = None,
    forms: Mapping[str, Form] = FORMS,
) -> list[Verdict]:
    """Make smaller forms of a bundle and write the bundle with them, if all pass the gate.

    Args:
        bundle: with an FP32 ONNX file; it is not changed.
        data: a data set with the splits train (calibration) and val (gate), or a plain folder
            of pictures without labels, which serve for both.
        out: folder to write; it must not exist.
        runtimes: targets to make a form for, see `FORMS`.
        max_drop: AP that each origin may lose, of 1 (by default 0.005), or the share of boxes
            that may differ where there are no labels (by default 0.05).
        forms: how each runtime's form is made.

    Returns:
        A verdict for each runtime; `out` was written if all passed.

    Raises:
        ConfigurationError: `out` is there, or the data cannot be read.
        NotAvailableError: there is no FP32 file, or a library is not installed.
    """
    if out.exists():
        text = f"{out} is there already; choose another folder or remove it"
        raise ConfigurationError(text)
    spec = bundle.spec
    source = fp32_onnx(spec)
    yardstick, allowed = _yardstick(spec, data)
    reference = Reference(spec, source, calibration_tensors(data, spec.input), yardstick)
    most = allowed if max_drop is None else max_drop
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / bundle.manifest.name
        shutil.copytree(bundle.folder, folder)
        verdicts = [
            quantize(reference, runtime, folder, max_drop=most, forms=forms) for runtime in runtimes
        ]
        if all(verdict.passed for verdict in verdicts):
            write_manifest(folder, _manifest(bundle.manifest, folder, verdicts, forms))
            out.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(folder, out)
    return verdicts


def _yardstick(spec: ModelSpec, data: Path) -> tuple[Yardstick, float]:
    """What the data allows to measure by, and what may be lost of it."""
    pictures = plain_pictures(data)
    if not pictures:
        return ByLabels(spec, read_labelled(data, GATE_SPLIT, spec.labels)), MAX_DROP
    step = max(1, len(pictures) // _GATE_PICTURES)
    return ByAgreement(spec, [one.read() for one in pictures[::step]]), MAX_DISAGREEMENT


def _manifest(
    old: Manifest,
    folder: Path,
    verdicts: Sequence[Verdict],
    forms: Mapping[str, Form],
) -> Manifest:
    """The old manifest with new forms, and what was measured of those made for what measured."""
    mine = [forms[verdict.runtime] for verdict in verdicts]
    replaced = {(form.precision, form.made_for) for form in mine}
    kept = [
        file
        for file in old.files
        if not replaced & {(file.precision, runtime) for runtime in file.runtimes}
    ]
    made = [form_entry(folder, form) for form in mine]
    readings = (
        verdict.best.measured.evaluation
        for verdict, form in zip(verdicts, mine, strict=True)
        if form.made_for == form.runtime
    )
    measured = accuracy_entries(one for one in readings if one is not None)
    accuracy = [line for line in old.accuracy if (line.precision, line.runtime) not in replaced]
    return old.model_copy(
        update={"files": (*made, *kept), "accuracy": (*accuracy, *measured)},
    )
