from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from edgeserve.cli.main import run

if TYPE_CHECKING:
    from pathlib import Path

    from edgeserve.catalog.bundle import Bundle


def test_evaluate_writes_the_fields_that_others_rely_on(
    bundle: Bundle, squares: Path, tmp_path: Path
) -> None:
    report = tmp_path / "report.json"
    arguments = ["evaluate", str(bundle.folder), "--data", str(squares), "--split", "val"]
    arguments += ["--runtime", "onnxruntime", "--precision", "fp32", f"--json={report}"]
    assert run(arguments) == 0
    found = json.loads(report.read_text())
    assert set(found) >= {
        "model",
        "runtime",
        "device",
        "precision",
        "split",
        "protocol",
        "origins",
    }
    assert (found["model"], found["runtime"], found["precision"]) == (
        "synthetic",
        "onnxruntime",
        "fp32",
    )
    assert found["origins"]["all"]["ap"] == pytest.approx(1)
    assert set(found["origins"]["all"]["per_class"]) == {"blue", "red"}


def test_evaluate_prints_a_table(
    bundle: Bundle, squares: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["evaluate", str(bundle.folder), "--data", str(squares), "--precision", "fp32"]
    assert run([*arguments, "--runtime", "openvino"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "synthetic:1 fp32 on openvino:CPU, val"
    assert lines[2].split() == ["all", "mean", "1.0000", "1.0000"]


def test_evaluate_names_what_is_not_there(
    bundle: Bundle, squares: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model, data = str(bundle.folder), ["--data", str(squares)]
    assert run(["evaluate", "nothing-of-the-kind", *data]) == 2
    assert "there is no model 'nothing-of-the-kind'" in capsys.readouterr().err
    assert run(["evaluate", model, *data, "--runtime", "abacus"]) == 2
    assert "RUNTIME:DEVICE with a runtime of" in capsys.readouterr().err
    assert run(["evaluate", model, *data, "--runtime", "onnxruntime"]) == 3
    assert "has no int8 file" in capsys.readouterr().err


@pytest.mark.filterwarnings("ignore")
def test_quantize_says_so_and_writes_the_bundle(
    bundle: Bundle, squares: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    arguments = ["quantize", str(bundle.folder), "--data", str(squares), "--out", str(out)]
    assert run([*arguments, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["passed"] is True
    assert [one["runtime"] for one in found["runtimes"]] == ["openvino", "onnxruntime"]
    assert found["drop"] == pytest.approx(found["before"] - found["after"])
    assert set(found["float_layers"]) == {"last_classes", "last_boxes"}
    assert (out / "model-int8.onnx").is_file()


@pytest.mark.filterwarnings("ignore")
def test_quantize_refuses_with_the_figures(
    bundle: Bundle,
    squares: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("edgeserve.tooling.gate.Attempt.drop", 0.25)
    out = tmp_path / "out"
    arguments = ["quantize", str(bundle.folder), "--data", str(squares), "--out", str(out)]
    assert run([*arguments, "--runtime", "onnxruntime"]) == 1
    text = capsys.readouterr().out
    assert "refused: onnxruntime loses 0.2500 of all, 0.005 is allowed" in text
    assert not out.exists()


def test_evaluate_draws_the_curves(bundle: Bundle, squares: Path, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    picture = tmp_path / "curves.svg"
    arguments = ["evaluate", str(bundle.folder), "--data", str(squares), "--precision", "fp32"]
    assert run([*arguments, "--runtime", "onnxruntime", "--plot", str(picture)]) == 0
    drawn = picture.read_text()
    assert "<svg" in drawn
    assert len(drawn) > 10_000


@pytest.mark.parametrize("file", ["curves.nothing", "curves", "no/folder/curves.svg"])
def test_a_figure_that_cannot_be_drawn_is_refused_before_the_work(
    bundle: Bundle,
    squares: Path,
    tmp_path: Path,
    file: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    pytest.importorskip("matplotlib")
    figure = str(tmp_path / file)
    data = ["--data", str(squares), "--precision", "fp32", "--runtime", "onnxruntime"]
    assert run(["evaluate", str(bundle.folder), *data, "--plot", figure]) == 2
    assert run(["bench", "--plot", figure]) == 2
    said = capsys.readouterr()
    assert (said.out, said.err.count(figure)) == ("", 2)
