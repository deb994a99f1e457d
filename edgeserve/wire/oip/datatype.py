"""Element types by their names in the protocol."""

from __future__ import annotations

from typing import Any

import numpy as np

from edgeserve.domain.errors import RequestError

BYTES = "BYTES"
"""Elements of any length."""

_DTYPES: dict[str, np.dtype[Any]] = {
    "BOOL": np.dtype("?"),
    "UINT8": np.dtype("<u1"),
    "UINT16": np.dtype("<u2"),
    "UINT32": np.dtype("<u4"),
    "UINT64": np.dtype("<u8"),
    "INT8": np.dtype("<i1"),
    "INT16": np.dtype("<i2"),
    "INT32": np.dtype("<i4"),
    "INT64": np.dtype("<i8"),
    "FP16": np.dtype("<f2"),
    "FP32": np.dtype("<f4"),
    "FP64": np.dtype("<f8"),
}
_NAMES = {dtype: name for name, dtype in _DTYPES.items()}


def dtype_of(datatype: str) -> np.dtype[Any]:
    """Numpy's type of elements of a fixed size, little-endian.

    Raises:
        RequestError: there is no such type.
    """
    dtype = _DTYPES.get(datatype)
    if dtype is None:
        text = f"datatype {datatype!r} is unknown; expected {', '.join(_DTYPES)} or {BYTES}"
        raise RequestError(text)
    return dtype


def datatype_of(dtype: np.dtype[Any] | str) -> str:
    """The protocol's name of a numpy type."""
    return _NAMES[np.dtype(dtype).newbyteorder("<")]
