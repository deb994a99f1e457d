"""Precision over recall, drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from edgeserve.tooling.required import require

if TYPE_CHECKING:
    from pathlib import Path

    from edgeserve.tooling.evaluate import Evaluation

_SIDE_INCHES = 4.5


def plot_curves(evaluation: Evaluation, path: Path) -> None:
    """Write a picture with a panel for each origin and a curve for each class, at IoU 0.5.

    Args:
        evaluation: of a model.
        path: its ending names the format, as in .svg or .png.

    Raises:
        NotAvailableError: matplotlib is not installed.
    """
    figure_module = require("matplotlib.figure")
    origins = evaluation.origins
    size = (_SIDE_INCHES * len(origins), _SIDE_INCHES)
    figure = figure_module.Figure(figsize=size, layout="constrained")
    for axes, (name, origin) in zip(
        figure.subplots(1, len(origins), squeeze=False)[0], origins.items(), strict=True
    ):
        for label, precision in origin.curves.items():
            recall = np.linspace(0, 1, len(precision))
            axes.plot(recall, precision, label=f"{label} {origin.per_class[label].ap50:.3f}")
        axes.set(title=name, xlabel="recall", ylabel="precision", xlim=(0, 1), ylim=(0, 1.02))
        axes.legend(title="AP50", loc="lower left")
        axes.grid(visible=True, alpha=0.3)
    form = f"{evaluation.model}:{evaluation.version} {evaluation.precision}"
    figure.suptitle(f"{form} on {evaluation.device}, {evaluation.split}, IoU 0.5")
    figure.savefig(path)
