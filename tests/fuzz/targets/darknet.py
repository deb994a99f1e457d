"""A Darknet cfg, and weights behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from edgeserve.domain.errors import ConfigurationError
from edgeserve.tooling.darknet.network import read_network
from edgeserve.tooling.darknet.weights import read_weights
from tests.fuzz.memory_file import memory_file
from tests.fuzz.target import Target, check_told
from tests.tooling.darknet import mini

if TYPE_CHECKING:
    from collections.abc import Mapping

_BEHIND = b"\n#WEIGHTS\n"
_REGION = """
[convolutional]
filters=14
size=1
activation=linear

[region]
anchors=1,1, 2,2
num=2
classes=2
coords=4
softmax=1
"""
_JOINS = """
[convolutional]
filters=8
size=3
pad=1
activation=leaky

[shortcut]
from=-2
activation=linear

[route]
layers=-1,-3
groups=2
group_id=1

[maxpool]
size=2
stride=1

[upsample]
stride=2

[reorg]
stride=2

[dropout]
probability=.5

[avgpool]
"""
_CFGS = {
    "yolo": mini.NET + mini.FIRST + mini.LAST,
    "region": mini.NET + mini.FIRST + _REGION,
    "joins": mini.NET + mini.FIRST + _JOINS,
}


def run(data: bytes) -> None:
    cfg, _, numbers = data.partition(_BEHIND)
    with memory_file(cfg) as path, memory_file(numbers) as weights:
        try:
            network = read_network(path)
            assert all(layer.shape.size > 0 for layer in network.layers)
            read = read_weights(network, weights)
        except ConfigurationError as error:
            check_told(error)
            return
    assert all(np.isfinite(one.weights).all() for one in read.values())


def seeds() -> Mapping[str, bytes]:
    seeds = {}
    for name, cfg in _CFGS.items():
        with memory_file(cfg.encode()) as path:
            floats = read_network(path).stored_floats
        header = bytes((0, 0, 0, 0, 2, 0, 0, 0)) + bytes(12)
        seeds[name] = cfg.encode() + _BEHIND + header + bytes(4 * floats)
        seeds[f"{name} alone"] = cfg.encode()
    return seeds


TARGET = Target(
    run,
    seeds,
    words=(b"[yolo]", b"[route]", b"layers=", b"groups=", b"-1", b"nan", b"1e999", b"8192"),
    longest=1 << 13,
)
