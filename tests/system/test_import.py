"""A model of somebody else's: imported, then served, by two commands without options."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from edgeserve.catalog.bundle import Bundle
from tests.system.conftest import run

if TYPE_CHECKING:
    from pathlib import Path


def test_a_public_model_finds_what_is_in_the_picture(data_dir: Path, tmp_path: Path) -> None:
    models = {"EDGESERVE_MODELS": str(tmp_path)}
    imported = run("import", str(data_dir / "onnx" / "yolox_nano.onnx"), **models)
    assert imported.returncode == 0, imported.stderr
    for words in ("head grid-unit, because", "the labels of COCO, because", "color order BGR"):
        assert f"assumed: {words}" in imported.stdout
    assert Bundle.read(tmp_path / "yolox_nano" / "1").manifest.files[0].precision == "fp32"

    picture = str(data_dir / "media" / "dog.jpg")
    ended = run("detect", picture, "--model", "yolox_nano", "--json=-", **models)
    assert ended.returncode == 0, ended.stderr
    frame = json.loads(ended.stdout.splitlines()[0])
    labels = {detection["label"] for detection in frame["detections"]}
    assert {"bicycle", "dog"} <= labels
    assert labels & {"car", "truck"}


def test_detect_brings_its_server_along_and_leaves_nothing_behind(tmp_path: Path) -> None:
    picture = tmp_path / "demo.jpg"
    made = run(
        "demo",
        "--once",
        "--listen=127.0.0.1:0",
        "--http-listen=127.0.0.1:0",
        "--output",
        str(picture),
    )
    assert made.returncode == 0, made.stderr
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    ended = run("detect", str(picture), "--json=-", TMPDIR=str(scratch))
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout.splitlines()[-1])["summary"]["ok"] == 1
    assert not list(scratch.iterdir())


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (["--model", "nothing-like-it"], 2, "there is no model 'nothing-like-it'"),
        (["--address", "127.0.0.1:1"], 3, "127.0.0.1:1"),
    ],
)
def test_detect_says_in_one_line_what_is_missing(
    options: list[str],
    code: int,
    said: str,
    tmp_path: Path,
) -> None:
    picture = tmp_path / "picture.jpg"
    picture.write_bytes(b"\xff\xd8")
    ended = run("detect", str(picture), *options)
    assert ended.returncode == code
    (line,) = ended.stderr.splitlines()
    assert said in line
