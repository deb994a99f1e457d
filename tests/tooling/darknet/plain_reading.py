"""A Darknet network computed in numpy by the plainest reading of its cfg.

Slow on purpose and independent of the importer: the two must come to the same maps.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from pathlib import Path

Map = NDArray[np.float64]
"""(channels, height, width)."""


class Numbers(Protocol):
    """Where weights come from, in the order of the weight file."""

    def take(self, what: str, count: int) -> Map: ...


class Stored:
    """Those of a file of version 0.2 or later."""

    def __init__(self, path: Path) -> None:
        self._left = np.frombuffer(path.read_bytes()[20:], dtype="<f4").astype(np.float64)

    def take(self, _: str, count: int) -> Map:
        taken, self._left = self._left[:count], self._left[count:]
        assert len(taken) == count
        return taken

    @property
    def left(self) -> int:
        return len(self._left)


class Invented:
    """Random ones; `file` is the weight file that holds them."""

    def __init__(self, seed: int, largest_weight: float = 0.7) -> None:
        self._random = np.random.default_rng(seed)
        self._ranges = {
            "weights": (-largest_weight, largest_weight),
            "scales": (0.5, 1.5),
            "variances": (0.1, 2),
        }
        self._taken: list[NDArray[np.float32]] = []

    def take(self, what: str, count: int) -> Map:
        low, high = self._ranges.get(what, (-0.7, 0.7))
        values = self._random.uniform(low, high, count).astype(np.float32)
        self._taken.append(values)
        return values.astype(np.float64)

    def file(self, version: tuple[int, int] = (0, 2)) -> bytes:
        seen = struct.pack("<q" if version >= (0, 2) else "<i", 64)
        numbers = b"".join(values.tobytes() for values in self._taken)
        return struct.pack("<3i", *version, 0) + seen + numbers


def head_maps(cfg: str, picture: Map, numbers: Numbers) -> list[Map]:
    """What the [yolo] and [region] layers read."""
    outputs: list[Map] = []
    heads = []
    now = picture
    for name, keys in sections(cfg)[1:]:
        if name == "convolutional":
            now = convolutional(now, keys, numbers)
        elif name in {"route", "shortcut", "sam", "scale_channels"}:
            now = joined(name, keys, now, outputs)
        elif name in {"yolo", "region"}:
            heads.append(now)
        elif name != "dropout":
            now = resampled(name, keys, now)
        outputs.append(now)
    return heads


def joined(name: str, keys: dict[str, str], now: Map, outputs: list[Map]) -> Map:
    indices = [int(text) for text in keys.get("layers", keys.get("from", "")).split(",")]
    others = [outputs[index + len(outputs) if index < 0 else index] for index in indices]
    if name == "route":
        groups, mine = int(keys.get("groups", 1)), int(keys.get("group_id", 0))
        return np.concatenate([np.split(other, groups)[mine] for other in others])
    if name == "shortcut":
        result = now.copy()
        for other in others:
            common = min(len(result), len(other))
            result[:common] += other[:common]
    else:
        result = others[0] * now
    return activation(result, keys.get("activation", "linear"))


def resampled(name: str, keys: dict[str, str], now: Map) -> Map:
    if name == "maxpool":
        size = int(keys.get("size", keys.get("stride", 1)))
        return maxpool(now, size, int(keys.get("stride", 1)), int(keys.get("padding", size - 1)))
    if name == "avgpool":
        means: Map = now.mean(axis=(1, 2), keepdims=True)
        return means
    if name == "upsample":
        times = int(keys["stride"])
        return now.repeat(times, axis=1).repeat(times, axis=2) * float(keys.get("scale", 1))
    assert name in {"reorg", "reorg3d"}, name
    return reorg(now, int(keys["stride"]), as_first_written=name == "reorg")


def sections(cfg: str) -> list[tuple[str, dict[str, str]]]:
    found: list[tuple[str, dict[str, str]]] = []
    for raw in cfg.splitlines():
        line = raw.split("#")[0].replace(" ", "").replace("\t", "")
        if line.startswith("["):
            found.append((line.strip("[]"), {}))
        elif line and not line.startswith(";"):
            key, value = line.split("=")
            found[-1][1][key] = value
    return found


def convolutional(source: Map, keys: dict[str, str], numbers: Numbers) -> Map:
    filters, size = int(keys["filters"]), int(keys.get("size", 1))
    groups, dilation = int(keys.get("groups", 1)), int(keys.get("dilation", 1))
    stride = int(keys.get("stride", 1))
    down, right = int(keys.get("stride_y", stride)), int(keys.get("stride_x", stride))
    padding = size // 2 if keys.get("pad") == "1" else int(keys.get("padding", 0))
    height = (source.shape[1] + 2 * padding - size) // down + 1
    width = (source.shape[2] + 2 * padding - size) // right + 1
    biases = numbers.take("biases", filters)
    normalized = keys.get("batch_normalize") == "1"
    if normalized:
        scales, means, variances = (
            numbers.take(what, filters) for what in ("scales", "means", "variances")
        )
    inside = len(source) // groups
    weights = numbers.take("weights", filters * inside * size * size)
    weights = weights.reshape(groups, filters // groups, inside, size, size)
    margin = padding * dilation
    padded = np.pad(source, ((0, 0), (margin, margin), (margin, margin)))
    result = np.zeros((groups, filters // groups, height * width))
    for y in range(size):
        for x in range(size):
            seen = padded[:, y * dilation :: down, x * dilation :: right][:, :height, :width]
            result += weights[:, :, :, y, x] @ seen.reshape(groups, inside, height * width)
    output = result.reshape(filters, height, width)
    if normalized:
        output -= means[:, None, None]
        output /= np.sqrt(variances + 1e-5)[:, None, None]
        output *= scales[:, None, None]
    output += biases[:, None, None]
    return activation(output, keys["activation"])


def maxpool(source: Map, size: int, stride: int, padding: int) -> Map:
    channels, height, width = source.shape
    rows, columns = (height + padding - size) // stride + 1, (width + padding - size) // stride + 1
    result = np.full((channels, rows, columns), -np.inf)
    for row in range(rows):
        top = row * stride - padding // 2
        for column in range(columns):
            left = column * stride - padding // 2
            for y in range(top, top + size):
                for x in range(left, left + size):
                    if 0 <= y < height and 0 <= x < width:
                        result[:, row, column] = np.maximum(result[:, row, column], source[:, y, x])
    return result


def reorg(source: Map, stride: int, *, as_first_written: bool) -> Map:
    """Darknet's first [reorg] takes the map for one of fewer channels and a larger size."""
    channels, height, width = source.shape
    wide = source
    if as_first_written:
        wide = source.reshape(channels // stride**2, height * stride, width * stride)
    inside, rows, columns = wide.shape[0], wide.shape[1] // stride, wide.shape[2] // stride
    result = np.zeros((inside * stride**2, rows, columns))
    for channel in range(len(result)):
        block = channel // inside
        for row in range(rows):
            for column in range(columns):
                y, x = row * stride + block // stride, column * stride + block % stride
                result[channel, row, column] = wide[channel % inside, y, x]
    return result.reshape(channels * stride**2, height // stride, width // stride)


def activation(x: Map, name: str) -> Map:
    sigmoid = 1 / (1 + np.exp(-x))
    exponential = np.exp(np.minimum(x, 0)) - 1
    result: Map = {
        "linear": x,
        "leaky": np.where(x > 0, x, 0.1 * x),
        "relu": np.where(x > 0, x, 0),
        "relu6": np.minimum(np.where(x > 0, x, 0), 6),
        "logistic": sigmoid,
        "mish": x * np.tanh(np.log(1 + np.exp(x))),
        "hard_mish": np.where(x > 0, x, np.where(x > -2, x * x / 2 + x, 0)),
        "swish": x * sigmoid,
        "silu": x * sigmoid,
        "hard_swish": x * np.clip(x + 3, 0, 6) / 6,
        "hswish": x * np.clip(x + 3, 0, 6) / 6,
        "tanh": np.tanh(x),
        "elu": np.where(x > 0, x, exponential),
        "selu": 1.0507 * np.where(x > 0, x, 1.67326 * exponential),
        "relie": np.where(x > 0, x, 0.01 * x),
        "ramp": np.where(x > 0, x, 0) + 0.1 * x,
        "loggy": 2 * sigmoid - 1,
        "hardtan": np.clip(x, -1, 1),
    }[name]
    return result
