"""Darknet's weights files: the zoo's YOLOv3-tiny, YOLOv4-tiny and YOLOv4 from and to them.

A file is a header, then little-endian float32 numbers, convolution by convolution in the order of
the cfg file: the batch norm's bias, gain, mean and variance, or else the convolution's bias; then
the kernel (out, in, side, side). It names nothing, so only the order tells what is what.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from models.zoo.blocks.conv import ConvBnAct

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from models.zoo.network import Network

_VERSION = (0, 2, 5)
_LONG_COUNT_FROM = 2
"""From version 0.2 on, the number of pictures seen has 64 bits instead of 32."""

_TINY_ORDER = ("backbone", "neck.lateral5", "head.levels.1", "neck.up5", "head.levels.0")
_V4_ORDER = (
    "backbone",
    *("neck.lateral5", "neck.up5", "neck.lateral4", "neck.top4"),
    *("neck.up4", "neck.lateral3", "neck.top3", "head.levels.0"),
    *("neck.down3", "neck.bottom4", "head.levels.1"),
    *("neck.down4", "neck.bottom5", "head.levels.2"),
)
_ORDERS = (_TINY_ORDER, _V4_ORDER)
"""Parts of a network in the order of its cfg; within a part, modules are in that order already."""


def read_weights(network: Network, path: Path) -> None:
    """Load a file into the network, in place.

    Raises:
        ValueError: the network is not one of Darknet's, or the file is of another one.
    """
    data = path.read_bytes()
    numbers = np.frombuffer(data, dtype="<f4", offset=_header_bytes(data, path))
    tensors = list(_tensors(network))
    wanted = sum(tensor.numel() for tensor in tensors)
    if numbers.size != wanted:
        msg = (
            f"{path} holds {numbers.size:,} numbers, the network takes {wanted:,}: "
            "expected the weights of the same network with the same number of classes"
        )
        raise ValueError(msg)
    start = 0
    with torch.no_grad():
        for tensor in tensors:
            part = numbers[start : start + tensor.numel()]
            tensor.copy_(torch.from_numpy(part.copy()).reshape(tensor.shape))
            start += tensor.numel()


def write_weights(network: Network, path: Path) -> None:
    """Write the network's weights as a file.

    Raises:
        ValueError: the network is not one of Darknet's.
    """
    header = struct.pack("<3iq", *_VERSION, 0)
    parts = [t.detach().numpy().astype("<f4").tobytes() for t in _tensors(network)]
    path.write_bytes(header + b"".join(parts))


def count_numbers(network: Network) -> int:
    """Floats in the file of this network: its parameters, and a mean and a variance a channel."""
    return sum(tensor.numel() for tensor in _tensors(network))


def _header_bytes(data: bytes, path: Path) -> int:
    if len(data) < struct.calcsize("<3iq"):
        msg = f"{path} holds {len(data)} bytes: expected a Darknet weights file"
        raise ValueError(msg)
    major, minor, _ = struct.unpack_from("<3i", data)
    long = major * 10 + minor >= _LONG_COUNT_FROM
    size = struct.calcsize("<3iq" if long else "<3ii")
    if (len(data) - size) % 4:
        msg = f"{path} ends inside a number: expected a whole Darknet weights file"
        raise ValueError(msg)
    return size


def _tensors(network: Network) -> Iterator[Tensor]:
    """Every tensor of the file, in order."""
    for module in _convolutions(network):
        if isinstance(module, nn.Conv2d):
            if module.bias is None:
                msg = "a convolution without batch norm has a bias in Darknet's files"
                raise ValueError(msg)
            yield module.bias
            yield module.weight
            continue
        norm = module.norm
        if (
            not isinstance(norm, nn.BatchNorm2d)
            or norm.running_mean is None
            or norm.running_var is None
        ):
            msg = "the network is folded: Darknet's files keep batch norms"
            raise ValueError(msg)
        yield norm.bias
        yield norm.weight
        yield norm.running_mean
        yield norm.running_var
        yield module.conv.weight


def _convolutions(network: Network) -> list[ConvBnAct | nn.Conv2d]:
    """All convolutions in Darknet's order, with their batch norms where they have one."""
    every = _inside(network)
    names = {name for name, _ in network.named_modules()}
    for order in _ORDERS:
        if not names.issuperset(order):
            continue
        found = [one for name in order for one in _inside(network.get_submodule(name))]
        if len(found) == len(every) and set(found) == set(every):
            return found
    msg = "the network is not one of Darknet's: expected yolov3-tiny, yolov4-tiny or yolov4"
    raise ValueError(msg)


def _inside(module: nn.Module) -> list[ConvBnAct | nn.Conv2d]:
    """Convolutions as registered; the one inside a ConvBnAct counts as part of it."""
    blocks = [m for m in module.modules() if isinstance(m, ConvBnAct)]
    own = {block.conv for block in blocks}
    return [
        m
        for m in module.modules()
        if isinstance(m, ConvBnAct) or (isinstance(m, nn.Conv2d) and m not in own)
    ]
