"""Frames by which a quantizer learns the range of each tensor.

They take the server's own way into the model (decode, letterbox with the manifest's fit and pad
value), because a range learnt from other pictures is a wrong one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgeserve.domain.errors import ConfigurationError
from edgeserve.domain.frame import EncodedFrame
from edgeserve.geometry.letterbox import Letterbox
from edgeserve.preprocess.decode import decode
from edgeserve.preprocess.tensor import TensorWriter
from edgeserve.tooling.coco import annotation_file, picture_folder
from edgeserve.tooling.dataset import PICTURES, data_folder, plain_pictures
from edgeserve.tooling.stored_files import split_files

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from edgeserve.domain.model import InputSpec
    from edgeserve.tooling.stored_files import StoredFile

FRAMES = 300
SPLIT = "train"
_MAX_PIXELS = 100_000_000


def calibration_tensors(
    data: Path,
    spec: InputSpec,
    count: int = FRAMES,
) -> list[NDArray[np.generic]]:
    """Input tensors of the model from training pictures, the same ones each time.

    Args:
        data: a data set with a split "train" (YOLO text or COCO annotations), or a plain folder of
            pictures without labels.
        spec: the model's input.
        count: how many at most, taken at even distances from all by name.

    Returns:
        Arrays of the input's shape and dtype, batch 1.

    Raises:
        ConfigurationError: there are no pictures.
        InvalidImageError: one of them cannot be decoded.
    """
    pictures = _pictures(data)
    step = max(1.0, len(pictures) / count)
    chosen = [pictures[int(index * step)] for index in range(min(count, len(pictures)))]
    return [_tensor(file.read(), spec) for file in chosen]


def _pictures(data: Path) -> list[StoredFile]:
    if plain := plain_pictures(data):
        return plain
    if annotation_file(data, SPLIT) is not None:
        return plain_pictures(picture_folder(data, SPLIT))
    folder = data_folder(data)
    files = split_files(folder, SPLIT).values()
    pictures = [file for file in files if file.name.lower().endswith(PICTURES)]
    if not pictures:
        text = f"{folder}: split {SPLIT!r} holds no pictures to calibrate with"
        raise ConfigurationError(text)
    return pictures


def _tensor(data: bytes, spec: InputSpec) -> NDArray[np.generic]:
    picture = decode(EncodedFrame(0, data), spec.color_order, _MAX_PIXELS)
    placement = Letterbox.plan(
        picture.width_px,
        picture.height_px,
        spec.width_px,
        spec.height_px,
        spec.fit,
    )
    return TensorWriter(spec).write(picture.pixels, placement)
