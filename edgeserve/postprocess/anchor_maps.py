"""Raw maps of a network with anchors, one map a level."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from edgeserve.domain.errors import ConfigurationError
from edgeserve.postprocess.scores import logit, sigmoid

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from edgeserve.domain.model import ModelSpec

_BOX = 4
_OBJECTNESS = 4
_FIRST_CLASS = 5


@dataclass(frozen=True, slots=True)
class AnchorMap:
    """One level: for each anchor the channels x, y, w, h, objectness, classes.

    Attributes:
        output: its name in the model file.
        shape: (1, anchors * (5 + classes), rows, columns).
        anchors_px: (A, 2) float32, width and height.
        stride: model pixels a cell.
        scale_xy: stretches the offset in the cell around its middle.
        box_sizes: "exp" or "square".
    """

    output: str
    shape: tuple[int, int, int, int]
    anchors_px: NDArray[np.float32]
    stride: int
    scale_xy: float
    box_sizes: str

    def objects(
        self,
        outputs: Mapping[str, NDArray[np.float32]],
        score_threshold: float,
    ) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
        """What may score above the threshold: boxes whose objectness alone is above it.

        Returns:
            boxes_xyxy (N, 4) in model pixels, objectness (N,) 0..1, and class logits (N, C).
        """
        anchors = len(self.anchors_px)
        maps = np.asarray(outputs[self.output], dtype=np.float32)
        maps = maps.reshape(anchors, self.shape[1] // anchors, -1)
        anchor_ids, cells = np.nonzero(maps[:, _OBJECTNESS] > logit(score_threshold))
        picked = maps[anchor_ids, :, cells]
        boxes = self._boxes(picked[:, :_BOX], anchor_ids, cells)
        return boxes, sigmoid(picked[:, _OBJECTNESS]), picked[:, _FIRST_CLASS:]

    def _boxes(
        self,
        raw: NDArray[np.float32],
        anchor_ids: NDArray[np.intp],
        cells: NDArray[np.intp],
    ) -> NDArray[np.float32]:
        rows, columns = np.divmod(cells, self.shape[3])
        corners = np.stack([columns, rows], axis=1).astype(np.float32)
        offsets = (sigmoid(raw[:, :2]) - 0.5) * self.scale_xy + 0.5
        centres = (corners + offsets) * self.stride
        if self.box_sizes == "square":
            factors = (2 * sigmoid(raw[:, 2:])) ** 2
        else:
            factors = np.exp(raw[:, 2:])
        halves = factors * self.anchors_px[anchor_ids] / 2
        boxes: NDArray[np.float32] = np.concatenate([centres - halves, centres + halves], axis=1)
        return boxes.astype(np.float32, copy=False)


def read_anchor_maps(spec: ModelSpec) -> tuple[AnchorMap, ...]:
    """The levels that a manifest describes.

    Raises:
        ConfigurationError: an output role, or something of a level, is missing.
    """
    head = spec.head
    anchors, levels = head.anchors, len(head.strides)
    roles = [f"maps_{level}" for level in range(levels)]
    if (
        anchors is None
        or not levels
        or not set(roles) <= set(head.outputs)
        or not len(anchors.sizes_px) == len(anchors.scale_xy) == levels
        or not all(anchors.sizes_px)
    ):
        text = (
            f"model {spec.name}: head {head.layout} needs strides, and for each of them an output "
            f"(maps_0, maps_1, …) and an entry in anchors.sizes_px and anchors.scale_xy; got "
            f"strides {list(head.strides)}, outputs {dict(head.outputs)}, anchors {anchors}"
        )
        raise ConfigurationError(text)
    channels = _FIRST_CLASS + len(spec.labels)
    return tuple(
        AnchorMap(
            output=head.outputs[role],
            shape=(
                1,
                len(sizes) * channels,
                spec.input.height_px // stride,
                spec.input.width_px // stride,
            ),
            anchors_px=np.array(sizes, dtype=np.float32),
            stride=stride,
            scale_xy=scale_xy,
            box_sizes=anchors.box_sizes,
        )
        for role, stride, sizes, scale_xy in zip(
            roles,
            head.strides,
            anchors.sizes_px,
            anchors.scale_xy,
            strict=True,
        )
    )
