"""`model.toml`, from the file to the head that it describes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from edgeserve.catalog.bundle import Bundle
from edgeserve.catalog.manifest import read_manifest
from edgeserve.domain.errors import ConfigurationError
from edgeserve.postprocess.heads import LAYOUTS, create_head
from tests.catalog import bundles
from tests.fuzz.memory_file import memory_file
from tests.fuzz.target import Target, check_told

if TYPE_CHECKING:
    from collections.abc import Mapping

_NOWHERE = Path("/nonexistent")
_WIDTH, _REG_MAX = "width_px = 416", "reg_max = 8"
_ANCHORS = """\
anchors = { sizes_px = [[[9, 9]], [[20, 30]], [[40, 50]]], scale_xy = [1, 1.1, 2], \
box_sizes = "exp", class_scores = "sigmoid" }"""


def run(data: bytes) -> None:
    with memory_file(data) as path:
        try:
            manifest = read_manifest(path)
            spec = Bundle(_NOWHERE, manifest).spec
            create_head(spec).check({"b": (1, 32, 2730), "s": (1, 2, 2730)})
        except ConfigurationError as error:
            check_told(error)


def changed(*changes: tuple[str, str]) -> bytes:
    return bundles.manifest(changes=changes).encode()


def seeds() -> Mapping[str, bytes]:
    layouts = {
        layout: changed(('layout = "dfl"', f'layout = "{layout}"'), (_REG_MAX, _ANCHORS))
        for layout in LAYOUTS
    }
    return {"whole": changed()} | layouts


def found() -> Mapping[str, bytes]:
    ten_thousand = "9" * 10_000
    return {
        "deep lists": b"a = " + b"[" * 5_000,
        "deep tables": b"a = " + b"{a=" * 5_000,
        "deep keys": b"name." + b"a." * 5_000 + b"a = 1",
        "a number of 10,000 digits": b"a = " + ten_thousand.encode(),
        "a number too long to be shown": changed((_WIDTH, "width_px = 0x" + ten_thousand)),
        "larger than any model": changed((_WIDTH, "width_px = 1000000000")),
        "a cell a pixel": changed((_WIDTH, "width_px = 8192"), ("[8, 16, 32]", "[1, 1, 1]")),
        "a name longer than a file system takes": changed(("model.onnx", "a" * 300)),
        "addresses without an end": changed((_WIDTH, f'width_px = "{"://" * 200_000}"')),
        "a file without an end": changed() + b"#" * (1 << 21),
    }


TARGET = Target(run, seeds, found, (b"[[files]]", b"inf", b"nan", b'"""', b"0x", b"1e999"))
