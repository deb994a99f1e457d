from __future__ import annotations

from typing import TYPE_CHECKING

from edgeserve.catalog.manifest import Accuracy, Checked, File, Training, read_manifest
from edgeserve.tooling.manifest_text import manifest_text

if TYPE_CHECKING:
    from pathlib import Path

    from edgeserve.catalog.bundle import Bundle


def test_reads_back_as_it_was(bundle: Bundle, tmp_path: Path) -> None:
    digest = "0" * 64
    manifest = bundle.manifest.model_copy(
        update={
            "description": 'Quotes "and" \\ backslashes,\nlines, ünïcödé and \x7f.',
            "files": (
                File(
                    path="a.xml",
                    sha256=digest,
                    runtimes=("openvino",),
                    precision="int8",
                    companions=(Checked(path="a.bin", sha256=digest),),
                ),
                *bundle.manifest.files,
            ),
            "golden": Checked(path="golden.npz", sha256=digest),
            "training": Training(recipe="r", data=("a", "b"), licence="CC BY 4.0"),
            "accuracy": (
                Accuracy(
                    runtime="openvino",
                    precision="int8",
                    split="val",
                    origin="highway",
                    ap=1e-05,
                    ap50=0.5,
                ),
            ),
        }
    )
    path = tmp_path / "model.toml"
    path.write_text(manifest_text(manifest), encoding="utf-8")
    assert read_manifest(path) == manifest
