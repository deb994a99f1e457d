"""`golden.npz`: what the FP32 model found in a few pictures, so that any box can be held to it.

With it a device is compared with FP32 without the FP32 model. Arrays, F pictures and N objects:

| name             | shape  | dtype   | meaning                                                 |
|------------------|--------|---------|---------------------------------------------------------|
| `format`         | ()     | int64   | 1                                                       |
| `picture_bytes`  | (B,)   | uint8   | the encoded pictures, one after another                 |
| `picture_ends`   | (F,)   | int64   | picture i is `picture_bytes[ends[i - 1]:ends[i]]`       |
| `picture_ids`    | (N,)   | int64   | the picture that an object is in, 0..F-1, ascending     |
| `boxes_xyxy`     | (N, 4) | float32 | corners in pixels of the picture                        |
| `scores`         | (N,)   | float32 | 0..1, best first within a picture                       |
| `class_ids`      | (N,)   | int64   | index into the model's labels                           |
| `selection`      | (3,)   | float64 | score threshold, IoU threshold, most objects a picture  |

`edgeserve.tooling.golden` writes it.
"""

from __future__ import annotations

import math
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from edgeserve.domain.detections import Detections
from edgeserve.domain.errors import ConfigurationError
from edgeserve.postprocess.finalize import Selection

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

FORMAT = 1
_MOST_BYTES = 1 << 26
"""Of an array."""
_HEADERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


@dataclass(frozen=True, slots=True)
class Golden:
    """Pictures and what should be found in them.

    Attributes:
        pictures: encoded.
        detections: of each picture, by the FP32 form.
        selection: what they were found with.
    """

    pictures: tuple[bytes, ...]
    detections: tuple[Detections, ...]
    selection: Selection

    def spread(self, count: int) -> Golden:
        """At most `count` of the pictures, evenly spread."""
        step = -(-len(self.pictures) // count)
        return Golden(self.pictures[::step], self.detections[::step], self.selection)


def read_golden(path: Path) -> Golden:
    """Read a golden file.

    Raises:
        ConfigurationError: it cannot be read, or is of another format.
    """
    try:
        with path.open("rb") as file, zipfile.ZipFile(file) as archive:
            _check_sizes(archive)
            file.seek(0)
            with np.load(file, allow_pickle=False) as arrays:
                return _golden({name: arrays[name] for name in arrays.files})
    # On damaged files the readers raise what they like.
    except Exception as error:
        text = f"{path}: not a golden file of format {FORMAT}: {error}; make the bundle anew"
        raise ConfigurationError(text) from error


def _check_sizes(archive: zipfile.ZipFile) -> None:
    """Refuse what would unpack to more than pictures need, or says so of an array."""
    for entry in archive.infolist():
        with archive.open(entry) as file:
            shape, _, dtype = _HEADERS[np.lib.format.read_magic(file)](file)
        size_bytes = max(entry.file_size, math.prod(shape) * dtype.itemsize)
        if size_bytes > _MOST_BYTES or min(shape, default=0) < 0:
            text = f"{entry.filename} has {size_bytes} bytes; expected {_MOST_BYTES} at most"
            raise ValueError(text)


def _golden(arrays: Mapping[str, NDArray[np.generic]]) -> Golden:
    if int(arrays["format"]) != FORMAT:
        text = f"it is of format {int(arrays['format'])}"
        raise ValueError(text)
    ends = arrays["picture_ends"].tolist()
    data, ids = arrays["picture_bytes"].tobytes(), arrays["picture_ids"]
    score, iou, most = arrays["selection"].tolist()
    return Golden(
        pictures=tuple(data[a:b] for a, b in zip([0, *ends[:-1]], ends, strict=True)),
        detections=tuple(
            Detections(
                boxes_xyxy=arrays["boxes_xyxy"][ids == number].astype(np.float32),
                scores=arrays["scores"][ids == number].astype(np.float32),
                class_ids=arrays["class_ids"][ids == number].astype(np.int64),
            )
            for number in range(len(ends))
        ),
        selection=Selection(score, iou, int(most)),
    )
