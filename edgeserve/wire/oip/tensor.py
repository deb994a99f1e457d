"""A named tensor as it is sent."""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

from edgeserve.domain.errors import RequestError
from edgeserve.wire.oip.bounds import LARGEST_SIZE, MOST_SIZES
from edgeserve.wire.oip.datatype import BYTES, datatype_of, dtype_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

_LENGTH = struct.Struct("<I")


@dataclass(frozen=True, slots=True)
class Tensor:
    """A tensor whose elements are as many as its shape says.

    Attributes:
        name: within its request or response.
        datatype: the protocol's name of the element type.
        shape: no size is negative.
        raw: the elements in row-major order, little-endian; of BYTES each with its length before
            it, 4 bytes.
    """

    name: str
    datatype: str
    shape: tuple[int, ...]
    raw: bytes | memoryview

    @classmethod
    def received(
        cls, name: str, datatype: str, shape: Iterable[int], raw: bytes | memoryview
    ) -> Tensor:
        """A tensor from outside; the elements of BYTES are looked at when they are read.

        Raises:
            RequestError: type, shape and number of bytes do not fit together.
        """
        sizes = tuple(islice(shape, MOST_SIZES + 1))
        if len(sizes) > MOST_SIZES or not all(0 <= size <= LARGEST_SIZE for size in sizes):
            text = (
                f"input {name!r} has shape {list(sizes)}; expected {MOST_SIZES} sizes at most, "
                "none of them negative"
            )
            raise RequestError(text)
        if datatype != BYTES:
            expected = math.prod(sizes) * dtype_of(datatype).itemsize
            if len(raw) != expected:
                text = (
                    f"input {name!r} has {len(raw)} bytes; {datatype} {list(sizes)} has {expected}"
                )
                raise RequestError(text)
        return cls(name, datatype, sizes, raw)

    @classmethod
    def of_array(cls, name: str, array: NDArray[Any]) -> Tensor:
        """A tensor of numbers."""
        datatype = datatype_of(array.dtype)
        raw = array.astype(dtype_of(datatype), copy=False).tobytes()
        return cls(name, datatype, array.shape, raw)

    @classmethod
    def of_elements(cls, name: str, shape: tuple[int, ...], elements: Iterable[bytes]) -> Tensor:
        """A tensor of BYTES."""
        return cls(name, BYTES, shape, pack(elements))

    @property
    def count(self) -> int:
        """How many elements there are by the shape."""
        return math.prod(self.shape)

    def array(self) -> NDArray[Any]:
        """The numbers, a view; not of BYTES."""
        return np.frombuffer(self.raw, dtype=dtype_of(self.datatype)).reshape(self.shape)

    def elements(self) -> list[bytes]:
        """The elements of BYTES, copied.

        Raises:
            RequestError: they are not as many as the shape says, or one is cut off.
        """
        found: list[bytes] = []
        offset, end = 0, len(self.raw)
        while offset < end and len(found) < self.count:
            start = offset + _LENGTH.size
            if start > end:
                break
            offset = start + _LENGTH.unpack_from(self.raw, offset)[0]
            if offset > end:
                break
            found.append(bytes(self.raw[start:offset]))
        if offset != end or len(found) != self.count:
            text = (
                f"input {self.name!r} has shape {list(self.shape)} and {end} bytes, which are not "
                f"{self.count} elements with their lengths of 4 bytes before them"
            )
            raise RequestError(text)
        return found


def pack(elements: Iterable[bytes]) -> bytes:
    """The elements of BYTES, each with its length before it."""
    return b"".join(part for one in elements for part in (_LENGTH.pack(len(one)), one))
