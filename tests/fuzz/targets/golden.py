"""Golden files of a bundle that somebody else made."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING

import numpy as np

from edgeserve.checks.golden import read_golden
from edgeserve.domain.errors import ConfigurationError
from tests.fuzz.memory_file import memory_file
from tests.fuzz.target import Target, check_told

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray


def run(data: bytes) -> None:
    with memory_file(data) as path:
        try:
            golden = read_golden(path)
        except ConfigurationError as error:
            check_told(error)
            return
    assert len(golden.pictures) == len(golden.detections)


def arrays() -> dict[str, NDArray[np.generic]]:
    return {
        "format": np.array(1),
        "picture_bytes": np.arange(7, dtype=np.uint8),
        "picture_ends": np.array([3, 7]),
        "picture_ids": np.array([0, 1, 1]),
        "boxes_xyxy": np.ones((3, 4), dtype=np.float32),
        "scores": np.ones(3, dtype=np.float32),
        "class_ids": np.zeros(3, dtype=np.int64),
        "selection": np.array([0.3, 0.5, 10]),
    }


def packed(*, compressed: bool = False, **more: NDArray[np.generic]) -> bytes:
    buffer = io.BytesIO()
    (np.savez_compressed if compressed else np.savez)(buffer, **(arrays() | more))  # type: ignore[arg-type]
    return buffer.getvalue()


def seeds() -> Mapping[str, bytes]:
    return {"plain": packed(), "compressed": packed(compressed=True)}


def lying() -> bytes:
    """The plain file, in which an array says that it is larger than any memory."""
    true, lie = b"(7,), }          ", b"(9999999999999,)}"
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(packed())) as good, zipfile.ZipFile(buffer, "w") as bad:
        for name in good.namelist():
            bad.writestr(name, good.read(name).replace(true, lie))
    return buffer.getvalue()


def found() -> Mapping[str, bytes]:
    too_large = np.zeros((1 << 26) + 1, dtype=np.uint8)
    return {
        "an array larger than memory": lying(),
        "more than there is room for": packed(compressed=True, picture_bytes=too_large),
    }


TARGET = Target(run, seeds, found, (b"PK\x03\x04", b"\x93NUMPY"))
