"""`edgeserve verify` on the shipped bundle."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

from edgeserve.cameras.open import open_source
from edgeserve.catalog.bundle import MANIFEST
from edgeserve.catalog.repository import Repository, shipped_dir
from edgeserve.cli.main import run

if TYPE_CHECKING:
    from pathlib import Path

    from edgeserve.catalog.bundle import Bundle

BUNDLE = shipped_dir() / "road-csp-tiny"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The shipped bundle, without the FP32 form as an installed package has it."""
    return shutil.copytree(BUNDLE, tmp_path / "copy", ignore=shutil.ignore_patterns("*fp32*"))


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """A folder with some of the sample."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    with open_source("sample", limit=3) as frames:
        for frame in frames:
            (folder / f"{frame.frame_id}.jpg").write_bytes(frame.data)
    return folder


@pytest.mark.parametrize("bundle", Repository(shipped_dir()).bundles(), ids=lambda b: b.folder.name)
def test_every_form_of_every_shipped_bundle_passes_on_every_device_here(
    bundle: Bundle, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["verify", str(bundle.folder), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["verdict"] == "passed"
    forms = {(one["device"], one["precision"]) for one in found["devices"]}
    assert forms >= {
        (f"{runtime}:CPU", file.precision)
        for file in bundle.spec.files
        for runtime in file.runtimes
    }
    for one in found["devices"]:
        assert set(one) >= {"runtime", "device", "precision", "matched", "score_mae", "verdict"}
        assert one["verdict"] in {"passed", "skipped"}


def test_the_default_model_is_told_of_in_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["verify"]) == 0
    title, header, *rows, verdict = capsys.readouterr().out.splitlines()
    assert title.startswith("road-csp-tiny:1, 6 pictures")
    assert header.split()[:2] == ["DEVICE", "PRECISION"]
    assert any(row.split()[:3] == ["onnxruntime:CPU", "int8", "1.000"] for row in rows)
    assert verdict == "passed"


def test_a_failure_is_exit_code_1_with_its_reason(
    copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    manifest = copy / MANIFEST
    manifest.write_text(manifest.read_text().replace('fit = "center"', 'fit = "stretch"'))
    assert run(["verify", str(copy)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert "failed: " in lines[2]
    assert "scores differ by 0.1" in lines[2]
    assert "on average, 0.035 is allowed" in lines[2]
    assert lines[-1] == "failed"


@pytest.mark.parametrize("with_fp32", [True, False])
def test_own_pictures_are_compared_with_the_best_reference_there_is(
    copy: Path, pictures: Path, *, with_fp32: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    if with_fp32 and not (BUNDLE / "model-fp32.onnx").exists():
        pytest.skip("the installed package leaves the FP32 form out")
    folder = BUNDLE if with_fp32 else copy
    assert run(["verify", str(folder), "--data", str(pictures), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    expected = "fp32 on onnxruntime:CPU" if with_fp32 else "int8 on openvino:CPU"
    assert (found["reference"], found["pictures"]) == (expected, 3)
    itself = [
        one for one in found["devices"] if f"{one['precision']} on {one['device']}" == expected
    ]
    assert [(one["matched"], one["score_mae"]) for one in itself] == [(1, 0)]


def test_pictures_that_are_no_use_are_named(
    copy: Path, pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    assert run(["verify", str(copy), "--data", str(empty)]) == 2
    assert "holds no picture" in capsys.readouterr().err
    (pictures / "bad.jpg").write_bytes(b"no picture")
    assert run(["verify", str(copy), "--data", str(pictures)]) == 2
    assert "bad.jpg cannot be used: not a JPEG" in capsys.readouterr().err
    manifest = copy / MANIFEST
    manifest.write_text(manifest.read_text().replace("score = 0.35", "score = 0.99"))
    (pictures / "bad.jpg").unlink()
    assert run(["verify", str(copy), "--data", str(pictures)]) == 2
    assert "nothing to compare" in capsys.readouterr().err


def test_without_golden_frames_own_pictures_are_asked_for(
    copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    manifest = copy / MANIFEST
    head, _, _ = manifest.read_text().partition("[golden]")
    manifest.write_text(head)
    assert run(["verify", str(copy)]) == 3
    assert "give pictures with --data" in capsys.readouterr().err
