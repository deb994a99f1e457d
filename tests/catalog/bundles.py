"""Bundles on disk, made of a manifest and a few bytes."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

CONTENT = {
    "model.onnx": b"an ONNX file",
    "model.xml": b"an IR graph",
    "model.bin": b"an IR's weights",
    "golden.npz": b"golden outputs",
}

_TEMPLATE = """\
format = 1
name = "NAME"
version = "VERSION"
description = "for tests"
licence = "Apache-2.0"
labels = ["person", "car"]

[input]
width_px = 416
height_px = 320
layout = "NHWC"
dtype = "uint8"
color_order = "RGB"
fit = "top-left"
pad_value = 114
normalisation = { place = "graph", mean = [1.0, 2.0, 3.0], std = [4.0, 5.0, 6.0] }

[head]
layout = "dfl"
strides = [8, 16, 32]
reg_max = 8
outputs = { boxes = "b", scores = "s" }

[thresholds]
score = 0.25
iou = 0.45
max_detections = 100

[[files]]
path = "model.onnx"
sha256 = "SHA model.onnx"
runtimes = ["onnxruntime"]
precision = "int8"

[[files]]
path = "model.xml"
sha256 = "SHA model.xml"
runtimes = ["openvino"]
precision = "int8"
companions = [{ path = "model.bin", sha256 = "SHA model.bin" }]

[golden]
path = "golden.npz"
sha256 = "SHA golden.npz"
"""


def manifest(
    name: str = "tiny", version: str = "1", changes: tuple[tuple[str, str], ...] = ()
) -> str:
    """The text of a good manifest, then changed; every change must hit."""
    text = _TEMPLATE.replace("NAME", name).replace("VERSION", version)
    for path, content in CONTENT.items():
        text = text.replace(f"SHA {path}", hashlib.sha256(content).hexdigest())
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return text


def write(folder: Path, text: str | None = None) -> Path:
    """A whole bundle in a folder."""
    folder.mkdir(parents=True)
    (folder / "model.toml").write_text(manifest() if text is None else text, encoding="utf-8")
    for path, content in CONTENT.items():
        (folder / path).write_bytes(content)
    return folder
