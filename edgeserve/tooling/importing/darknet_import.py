"""A Darknet network becomes a bundle: its cfg says everything but the names of the classes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgeserve.tooling.darknet.bundle import import_darknet
from edgeserve.tooling.darknet.network import read_network
from edgeserve.tooling.importing.assumptions import Assumptions
from edgeserve.tooling.importing.bundle_import import Imported
from edgeserve.tooling.importing.coco import COCO_LABELS
from edgeserve.tooling.importing.place import bundle_name

if TYPE_CHECKING:
    from pathlib import Path

    from edgeserve.tooling.importing.wishes import Wishes


def import_darknet_model(cfg: Path, weights: Path, wishes: Wishes) -> Imported:
    """Write OUT/NAME/1; of the wishes only name, labels and out are heeded.

    Raises:
        ConfigurationError: a file is wrong or asks for what is not supported, the labels are
            another number than the classes, or the bundle is there already.
        NotAvailableError: onnx is not installed, or the folder cannot be written.
    """
    assumptions = Assumptions()
    labels = wishes.labels or None
    if labels is None:
        heads = read_network(cfg).heads
        if heads and heads[0].classes == len(COCO_LABELS):
            labels = COCO_LABELS
            assumptions.add("the labels of COCO", "there are 80 classes and nothing names them")
        else:
            assumptions.add("labels class-0, class-1, …", "nothing names them; --labels does")
    assumptions.add("colour order, fit and thresholds are Darknet's", "its cfg is written for it")
    bundle = import_darknet(
        cfg,
        weights,
        labels=labels,
        name=bundle_name(wishes.name, weights),
        out=wishes.out,
    )
    return Imported(bundle, tuple(assumptions.lines))
