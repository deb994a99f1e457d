"""The wheel alone, in environments that lack what a server does not need."""

from __future__ import annotations

import subprocess
import sys
import venv
from pathlib import Path
from zipfile import ZipFile

import pytest

import edgeserve

DIST = Path(__file__).resolve().parents[2] / "dist"
DETECT = """
import importlib.util, re, subprocess, sys
from edgeserve.client import DetectionClient
from edgeserve.cameras.open import open_source

absent = sys.argv[1].split(",")
assert not [name for name in absent if importlib.util.find_spec(name)], absent
server = subprocess.Popen(
    [sys.executable, "-m", "edgeserve", "serve", "--listen", "127.0.0.1:0",
     "--http-listen", "127.0.0.1:0"],
    stdout=subprocess.PIPE, text=True,
)
try:
    address = re.match(r"ready grpc=(\\S+)", server.stdout.readline())[1]
    with DetectionClient(address) as client, open_source("sample", limit=1) as frames:
        result = client.detect(next(iter(frames)))
        print(client.list_models()[0].engine.chosen, *result.labels)
finally:
    server.kill()
    server.wait()
"""
NEVER = ("torch", "nncf", "onnx")


def wheel() -> Path:
    (path,) = DIST.glob("edgeserve-*.whl")
    return path


def environment(folder: Path, extras: str) -> Path:
    """A new environment with the wheel and these extras: its interpreter."""
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    install = ["-m", "pip", "install", "-q", f"edgeserve[{extras}] @ {wheel().as_uri()}"]
    subprocess.run([python, *install], check=True)
    return python


def test_what_is_tested_is_the_installed_wheel() -> None:
    assert "site-packages" in Path(edgeserve.__file__).parts


def test_the_wheel_carries_the_int8_bundle_for_both_runtimes_and_stays_small() -> None:
    with ZipFile(wheel()) as archive:
        names = {Path(name).name for name in archive.namelist() if "/bundles/" in name}
    assert {"model.toml", "golden.npz", "CARD.md"} <= names
    assert {Path(name).suffix for name in names} >= {".xml", ".bin", ".onnx"}
    assert not [name for name in names if "fp32" in name]
    assert wheel().stat().st_size < 10e6


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("extras", "chosen", "absent"),
    [
        ("serving,openvino", "openvino:CPU", (*NEVER, "onnxruntime")),
        ("serving,onnxruntime", "onnxruntime:CPU", (*NEVER, "openvino")),
    ],
)
def test_a_server_with_one_runtime_detects(
    tmp_path: Path,
    extras: str,
    chosen: str,
    absent: tuple[str, ...],
) -> None:
    python = environment(tmp_path / "venv", extras)
    ended = subprocess.run(
        [python, "-c", DETECT, ",".join(absent)],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert ended.returncode == 0, ended.stderr
    first, *labels = ended.stdout.split()
    assert first == chosen
    assert "person" in labels


@pytest.mark.long
@pytest.mark.timeout(900)
def test_the_base_install_has_the_client_and_says_what_the_server_lacks(tmp_path: Path) -> None:
    venv.create(tmp_path / "venv", with_pip=True)
    python = tmp_path / "venv" / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "-q", str(wheel())], check=True)

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command: list[str | Path] = [python, "-m", "edgeserve", *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)

    assert run("--help").returncode == 0
    assert run("health", "--address", "127.0.0.1:9").returncode == 3
    server = run("serve")
    assert server.returncode == 3
    assert "pip install 'edgeserve[server]'" in server.stderr
    assert sys.version_info >= (3, 10)
