"""Files and options that are wrong: one line, exit code 2 or 3, and nothing is written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from edgeserve.catalog.repository import shipped_dir
from edgeserve.cli.main import run
from tests.tooling.importing import variants

if TYPE_CHECKING:
    from pathlib import Path

    from onnx import ModelProto

onnx = variants.onnx
FIVE = "--labels=a,b,c,d,e"


def save(model: ModelProto, path: Path) -> Path:
    onnx.save(model, str(path))
    return path


def refused(
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    model: Path,
    *options: str,
) -> tuple[int, str]:
    """Import, and be refused: the exit code and the line."""
    out = tmp_path / "models"
    code = run(["import", str(model), f"--out={out}", *options])
    told = capsys.readouterr()
    assert told.out == ""
    (line,) = told.err.splitlines()
    assert line.startswith("edgeserve: ")
    assert "Traceback" not in line
    assert not list(out.glob("*/*"))
    return code, line


def network(shapes: list[list[int]], picture: list[int | str] | None = None) -> ModelProto:
    """Random outputs of these shapes, and an input that nothing depends on."""
    value, random = onnx.helper.make_tensor_value_info, np.random.default_rng(0)
    nodes, constants, outputs = [], [], []
    nodes.append(onnx.helper.make_node("ReduceMax", ["images"], ["most"], keepdims=0))
    for index, shape in enumerate(shapes):
        array = random.random(shape).astype(np.float32)
        constants.append(onnx.numpy_helper.from_array(array, f"constant{index}"))
        nodes.append(onnx.helper.make_node("Mul", ["most", f"constant{index}"], [f"out{index}"]))
        outputs.append(value(f"out{index}", onnx.TensorProto.FLOAT, shape))
    inputs = [value("images", onnx.TensorProto.FLOAT, picture or [1, 3, 320, 320])]
    graph = onnx.helper.make_graph(nodes, "network", inputs, outputs, constants)
    opset = onnx.helper.make_opsetid("", 17)
    model: ModelProto = onnx.helper.make_model(graph, opset_imports=[opset], ir_version=8)
    return model


@pytest.mark.parametrize(
    ("name", "damage", "code", "said"),
    [
        ("model.onnx", b"", 2, "model.onnx is empty"),
        ("model.onnx", 0.5, 2, "not a whole ONNX model"),
        ("model.onnx", 1e-5, 2, "not a whole ONNX model"),
        ("model.onnx", b"\xff\xd8 not a model" * 50, 2, "not a whole ONNX model"),
        ("model.onnx", b"\0" * 4096, 2, "not a whole ONNX model"),
        ("model.xml", b"<net", 3, "model.bin, which is not there"),
        ("model.pt", 1.0, 2, "expected .onnx or .xml"),
        ("model", 1.0, 2, "expected .onnx or .xml"),
    ],
)
def test_a_file_that_is_no_model(
    name: str,
    damage: bytes | float,
    code: int,
    said: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = tmp_path / name
    whole = variants.original().read_bytes()
    path.write_bytes(damage if isinstance(damage, bytes) else whole[: int(len(whole) * damage)])
    found, line = refused(capsys, tmp_path, path, FIVE)
    assert found == code
    assert said in line


@pytest.mark.parametrize(
    ("xml", "weights"),
    [(1.0, 0.5), (0.5, 1.0), (0.0, 1.0)],
)
def test_an_ir_that_is_cut_off(
    xml: float,
    weights: float,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = shipped_dir() / "road-csp-tiny"
    for suffix, share in ((".xml", xml), (".bin", weights)):
        data = (folder / f"model-int8{suffix}").read_bytes()
        (tmp_path / f"cut{suffix}").write_bytes(data[: int(len(data) * share)])
    code, line = refused(capsys, tmp_path, tmp_path / "cut.xml", FIVE)
    assert code == 2
    assert "cut.xml is" in line


def test_without_the_package_onnx_a_broken_file_is_refused_as_well(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("edgeserve.tooling.importing.read.installed", lambda _name: False)
    path = tmp_path / "model.onnx"
    path.write_bytes(variants.original().read_bytes()[:5000])
    code, line = refused(capsys, tmp_path, path, FIVE)
    assert code == 2
    assert "not a whole model that OpenVINO reads" in line


def test_weights_in_a_file_that_is_not_there(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = tmp_path / "model.onnx"
    model = variants.dfl()
    onnx.save(model, str(path), save_as_external_data=True, location="weights.bin")
    assert run(["import", str(path), f"--out={tmp_path / 'whole'}", FIVE]) == 0
    capsys.readouterr()
    (tmp_path / "weights.bin").unlink()
    code, line = refused(capsys, tmp_path, path, FIVE)
    assert code == 3
    assert "weights.bin, which is not there" in line


@pytest.mark.parametrize(
    ("model", "options", "said"),
    [
        (network([[1, 85, 2100]]), [], "--head v8, but the first two channels do not"),
        (network([[1, 2100, 85]]), ["--labels=one"], "there are 1 labels"),
        (network([[1, 300, 6]]), [], "does not tell how many classes there are"),
        (network([[1, 12]]), [], "are not of a layout that is known"),
        (network([[1, 84, 2100]]), ["--head=ssd"], "are not ssd"),
        (network([[1, 84, 2100]], [1, 3, "h", "w"]), [], "its size is open; add --size WxH"),
        (network([[1, 84, 2100]]), ["--size=64x64"], "does not take 64x64"),
        (network([[1, 84, 2100]], [1, 4, 320, 320]), [], "expected one picture"),
        (network([[4, 84, 2100]], [4, 3, 320, 320]), [], "expected one picture"),
    ],
)
def test_a_model_that_is_not_understood(
    model: ModelProto,
    options: list[str],
    said: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, line = refused(capsys, tmp_path, save(model, tmp_path / "model.onnx"), *options)
    assert code == 2
    assert said in line


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--size=wide"], "expected WxH"),
        (["--mean=1,2"], "expected a number"),
        (["--std=0"], "expected a positive number"),
        (["--scale=255", "--std=255"], "--scale and --std say the same"),
        (["--labels=no/such/file.txt"], "no/such/file.txt cannot be read"),
        (["--labels=a,,b"], "has an empty name"),
        (["--name=../escape"], "expected letters, digits"),
        (["--version=.."], "expected letters, digits"),
        (["--head=v4"], "v4"),
    ],
)
def test_an_option_that_is_wrong(
    options: list[str],
    said: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, line = refused(capsys, tmp_path, variants.original(), *options)
    assert code == 2
    assert said in line


def test_a_version_that_is_there_is_not_replaced(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = save(network([[1, 84, 2100]]), tmp_path / "model.onnx")
    arguments = ["import", str(path), f"--out={tmp_path / 'models'}", "--version=mine", "--head=v8"]
    assert run(arguments) == 0
    capsys.readouterr()
    assert run(arguments) == 2
    assert "is there already; choose another --version" in capsys.readouterr().err


def test_a_model_and_a_darknet_network_are_not_imported_at_once(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name in ("net.cfg", "net.weights"):
        (tmp_path / name).write_text("[net]\n")
    files = ["--darknet", str(tmp_path / "net.cfg"), str(tmp_path / "net.weights")]
    code, line = refused(capsys, tmp_path, variants.original(), *files)
    assert (code, "not both" in line) == (2, True)
    assert run(["import"]) == 2
    assert "give MODEL, or --darknet CFG WEIGHTS" in capsys.readouterr().err
    assert run(["import", *files, f"--out={tmp_path / 'models'}"]) == 2
    assert "net.cfg" in capsys.readouterr().err


def test_a_darknet_network_is_imported_with_its_assumptions(
    data_dir: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    stem = data_dir / "darknet" / "MobileNetV2-YOLOv3-Nano-coco"
    files = ["--darknet", f"{stem}.cfg", f"{stem}.weights"]
    assert run(["import", *files, "--name=nano", f"--out={tmp_path}"]) == 0
    told = capsys.readouterr().out
    assert "assumed: the labels of COCO, because there are 80 classes" in told
    assert "nano:1: anchor-grid, 80 labels, 320x320, fp32" in told
    assert (tmp_path / "nano" / "1" / "model.toml").is_file()
