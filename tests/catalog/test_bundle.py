"""Files held against their checksums."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from edgeserve.catalog.bundle import Bundle
from edgeserve.domain.errors import ModelNotReadyError
from tests.catalog import bundles

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return bundles.write(tmp_path / "tiny")


def test_a_whole_bundle_is_fine(folder: Path) -> None:
    bundle = Bundle.read(folder)
    bundle.verify()
    assert bundle.folder == folder


@pytest.mark.parametrize("path", bundles.CONTENT)
@pytest.mark.parametrize("position", [0, -1])
def test_a_flipped_bit_is_found(folder: Path, path: str, position: int) -> None:
    content = bytearray(bundles.CONTENT[path])
    content[position] ^= 1
    (folder / path).write_bytes(bytes(content))
    with pytest.raises(ModelNotReadyError, match="the file is damaged or was changed") as refusal:
        Bundle.read(folder).verify()
    assert str(folder / path) in str(refusal.value)


def test_a_truncated_file_is_found(folder: Path) -> None:
    (folder / "model.bin").write_bytes(b"")
    with pytest.raises(ModelNotReadyError, match=r"model\.bin: sha256 is e3b0c44298fc1c14"):
        Bundle.read(folder).verify()


@pytest.mark.parametrize("path", ["model.bin", "golden.npz"])
def test_a_file_that_others_need_must_be_there(folder: Path, path: str) -> None:
    (folder / path).unlink()
    with pytest.raises(ModelNotReadyError, match="cannot be read: No such file") as refusal:
        Bundle.read(folder).verify()
    assert str(folder / path) in str(refusal.value)


def test_a_form_of_the_model_may_be_left_out_whole(folder: Path) -> None:
    (folder / "model.xml").unlink()
    (folder / "model.bin").unlink()
    bundle = Bundle.read(folder)
    bundle.verify()
    assert [file.path for file in bundle.spec.files] == [folder / "model.onnx"]


def test_all_forms_may_not(folder: Path) -> None:
    for path in ("model.xml", "model.bin", "model.onnx"):
        (folder / path).unlink()
    with pytest.raises(ModelNotReadyError, match=r"none .* is there \(model.onnx, model.xml\)"):
        Bundle.read(folder).verify()
