"""`edgeserve tune` on the shipped bundle, and on what was made wrong on purpose."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from edgeserve.app.tuned import Tuned
from edgeserve.catalog.repository import Repository
from edgeserve.cli.main import run
from edgeserve.config.load import load_settings

if TYPE_CHECKING:
    from pathlib import Path

broken = pytest.importorskip("tests.checks.broken", exc_type=ImportError)


def test_what_is_wrong_is_left_out_and_the_best_of_the_rest_is_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    models, cache = tmp_path / "models", tmp_path / "cache"
    models.mkdir()
    bundle = broken.change_onnx(models / "road-csp-tiny", broken.round_head(3))
    arguments = [str(bundle.folder), "--seconds", "0.1", "--cache-dir", str(cache)]
    assert run(["tune", *arguments, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    verdicts = {one["device"]: one["verdict"] for one in found["verified"]}
    assert verdicts["openvino:CPU"] == "passed"
    assert verdicts["onnxruntime:CPU"] == "failed"
    assert {one["device"] for one in found["measured"]} == {"openvino:CPU"}
    for one in found["measured"]:
        assert {"precision", "hint", "threads", "streams", "workers"} <= set(one)
        assert all(one["fps"][load] > 0 < one["ratio"][load] for load in ("single", "saturated"))
    assert found["choice"]["device"] == "openvino:CPU"
    assert found["absent"] == ["fp32"]
    # A server finds it.
    settings = load_settings(None, {}, {"cache_dir": str(cache)})
    _, words = Tuned(settings, Repository(models)).for_model(bundle)
    assert words.startswith("openvino:CPU int8, hint ")


def test_a_table_shows_what_was_measured_and_nothing_is_written_in_a_dry_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--provider", "openvino:CPU", "--cache-dir", str(tmp_path / "cache")]
    bundle = broken.copy_bundle(tmp_path / "bundle")
    assert run(["tune", str(bundle.folder), *arguments, "--seconds", "0.1", "--dry-run"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].split()[:3] == ["DEVICE", "PRECISION", "HINT"]
    (chosen,) = (line for line in lines if line.startswith("*"))
    assert chosen.split()[1:3] == ["openvino:CPU", "int8"]
    assert "this installation lacks the model's fp32 form" in lines[-3]
    assert lines[-2].startswith("road-csp-tiny:1: openvino:CPU int8, hint ")
    assert lines[-1] == "not written"
    assert not (tmp_path / "cache").exists()


def test_where_no_form_is_right_nothing_is_chosen(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = broken.copy_bundle(tmp_path / "wrong", ('fit = "center"', 'fit = "stretch"'))
    assert run(["tune", str(wrong.folder), "--cache-dir", str(tmp_path / "cache")]) == 1
    told = capsys.readouterr().err
    assert "no form of model road-csp-tiny finds here what FP32 finds" in told
    assert not (tmp_path / "cache").exists()


def test_a_bundle_without_golden_frames_cannot_be_tuned(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = broken.copy_bundle(tmp_path / "bundle").folder
    manifest = folder / "model.toml"
    head, _, _ = manifest.read_text().partition("[golden]")
    manifest.write_text(head)
    assert run(["tune", str(folder)]) == 3
    assert "brings no golden frames" in capsys.readouterr().err


def test_a_choice_that_cannot_be_written_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    bundle = broken.copy_bundle(tmp_path / "bundle")
    arguments = ["--provider", "openvino:CPU", "--cache-dir", str(tmp_path / "file" / "cache")]
    assert run(["tune", str(bundle.folder), *arguments, "--seconds", "0.1"]) == 3
    assert "the choice cannot be written to" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--provider", "abacus"], 2, "provider 'abacus' is unknown"),
        (["--provider", "onnxruntime:Abacus"], 3, "nothing here could run model"),
        (["absent"], 2, "there is no model 'absent'"),
        (["--source", "nothing.mp4"], 3, "nothing.mp4"),
        (["--seconds", "0"], 2, "--seconds"),
    ],
)
def test_what_cannot_be_tuned_says_why(
    arguments: list[str], code: int, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["tune", *arguments]) == code
    assert words in capsys.readouterr().err
