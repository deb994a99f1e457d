"""A weight file's numbers, layer by layer.

::

    major, minor, revision      3 x int32
    pictures seen in training   int64 from version 0.2 on, int32 before
    for each convolution        float32: biases, [scales, means, variances], kernels
"""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from edgeserve.domain.errors import ConfigurationError
from edgeserve.tooling.darknet.layers import Convolution

if TYPE_CHECKING:
    from pathlib import Path
    from typing import BinaryIO

    from numpy.typing import NDArray

    from edgeserve.tooling.darknet.network import Network

_VERSION = struct.Struct("<3i")
_FLOAT_BYTES = 4
_LARGEST_VERSION = 1000
_WIDE_COUNT = (0, 2)
"""The version since which the count of pictures has 8 bytes."""
_EPSILON = 1e-5


@dataclass(frozen=True, slots=True)
class Kernels:
    """A convolution's numbers with its batch norm folded into them.

    Attributes:
        weights: (filters, in_channels / groups, size, size) float32.
        biases: (filters,) float32.
    """

    weights: NDArray[np.float32]
    biases: NDArray[np.float32]


def read_weights(network: Network, path: Path) -> dict[int, Kernels]:
    """Read the weights of every convolution, by its layer's index.

    The file's length is held against the network before anything is read.

    Raises:
        ConfigurationError: the file cannot be read, is none of Darknet's, has other floats than
            the network needs, or its numbers are no weights.
    """
    try:
        with path.open("rb") as file:
            header_bytes = _read_header(file, path)
            _check_length(network, path, os.fstat(file.fileno()).st_size - header_bytes)
            return {
                index: _read_kernels(file, layer, path)
                for index, layer in enumerate(network.layers)
                if isinstance(layer, Convolution)
            }
    except OSError as error:
        text = f"{path}: cannot be read: {error.strerror}"
        raise ConfigurationError(text) from error


def _read_header(file: BinaryIO, path: Path) -> int:
    """Read past the header; returns its length."""
    start = file.read(_VERSION.size)
    if len(start) < _VERSION.size:
        text = f"{path}: not a Darknet weight file: its {len(start)} bytes are less than a header"
        raise ConfigurationError(text)
    major, minor, _ = _VERSION.unpack(start)
    if not (0 <= major < _LARGEST_VERSION and 0 <= minor < _LARGEST_VERSION):
        text = (
            f"{path}: not a Darknet weight file: it begins with version {major}.{minor}, expected "
            "0.1 to 0.5 or thereabouts"
        )
        raise ConfigurationError(text)
    count_bytes = 8 if (major, minor) >= _WIDE_COUNT else 4
    return _VERSION.size + len(file.read(count_bytes))


def _check_length(network: Network, path: Path, length_bytes: int) -> None:
    there, odd_bytes = divmod(length_bytes, _FLOAT_BYTES)
    expected = network.stored_floats
    if there == expected and not odd_bytes:
        return
    begin = 0
    for layer in network.layers:
        if not isinstance(layer, Convolution):
            continue
        if begin + layer.stored > there:
            what = (
                f"needs {layer.stored} floats and {path} holds {max(0, there - begin)} more: the "
                f"network needs {expected} in all and the file has {there}; it is cut off, or "
                "belongs to another cfg"
            )
            layer.section.refuse(what)
        begin += layer.stored
    last = next((layer for layer in network.layers[::-1] if isinstance(layer, Convolution)), None)
    name = f"layer {last.section.index} [{last.section.name}]" if last else "the last layer"
    text = (
        f"{path}: {length_bytes - expected * _FLOAT_BYTES} bytes are left after {name}: "
        f"{network.path} needs {expected} floats and the file has {there}; it belongs to another "
        "cfg"
    )
    raise ConfigurationError(text)


def _read_kernels(file: BinaryIO, layer: Convolution, path: Path) -> Kernels:
    filters = layer.shape.channels
    biases = _floats(file, filters, layer, path).astype(np.float64)
    factors = np.ones(filters)
    if layer.batch_normalize:
        scales, means, variances = (_floats(file, filters, layer, path) for _ in range(3))
        if variances.min() < 0:
            what = f"{path} holds a negative variance for it; it belongs to another cfg"
            layer.section.refuse(what)
        factors = scales / np.sqrt(variances + _EPSILON, dtype=np.float64)
        biases -= means * factors
    shape = (filters, layer.in_channels // layer.groups, layer.kernel_px, layer.kernel_px)
    weights = _floats(file, layer.weights, layer, path).reshape(shape)
    with np.errstate(over="ignore", invalid="ignore"):
        kernels = Kernels(
            weights * factors.astype(np.float32)[:, None, None, None],
            biases.astype(np.float32),
        )
    if not (np.isfinite(kernels.weights).all() and np.isfinite(kernels.biases).all()):
        what = f"{path} holds weights for it that overflow; it belongs to another cfg"
        layer.section.refuse(what)
    return kernels


def _floats(
    file: BinaryIO,
    count: int,
    layer: Convolution,
    path: Path,
) -> NDArray[np.float32]:
    data = file.read(count * _FLOAT_BYTES)
    if len(data) != count * _FLOAT_BYTES:  # it shrank since its length was looked at
        layer.section.refuse(f"{path} ended while it was read")
    values = np.frombuffer(data, dtype="<f4").astype(np.float32, copy=False)
    if not np.isfinite(values).all():
        what = f"{path} holds a number for it that is infinite or none; it belongs to another cfg"
        layer.section.refuse(what)
    return values
