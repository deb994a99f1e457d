"""Environments in which a runtime is absent, broken, or there twice."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING

import numpy as np
import pytest

from edgeserve.client import DetectionClient
from edgeserve.domain.result import Status
from tests.system.conftest import run

if TYPE_CHECKING:
    from pathlib import Path

    from tests.system.conftest import Start

FLAGS = ("--listen", "127.0.0.1:0", "--http-listen", "127.0.0.1:0")
FAULTS = {
    "raises": "raise RuntimeError('libtbb.so.12 is another version')",
    "exits": "raise SystemExit(9)",
    "empty": "",
}


def broken(folder: Path, module: str, text: str) -> Path:
    """A folder of packages in which a runtime is not what it should be."""
    (folder / module).mkdir(parents=True)
    (folder / module / "__init__.py").write_text(text, encoding="utf-8")
    return folder


def installed(folder: Path, name: str, version: str, module: str = "onnxruntime") -> None:
    """The metadata that pip writes for a package with one module."""
    info = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n", encoding="utf-8"
    )
    (info / "top_level.txt").write_text(f"{module}\n", encoding="utf-8")


@pytest.mark.parametrize(
    ("module", "other", "fault"),
    [
        ("openvino", "onnxruntime", "raises"),
        ("openvino", "onnxruntime", "empty"),
        ("onnxruntime", "openvino", "exits"),
    ],
)
def test_the_server_serves_on_the_other_runtime(
    module: str,
    other: str,
    fault: str,
    serve: Start,
    tmp_path: Path,
) -> None:
    if importlib.util.find_spec(other) is None:
        pytest.skip(f"{other} is not installed")
    site = str(broken(tmp_path / "site", module, FAULTS[fault]))
    server = serve(PYTHONPATH=site)
    with DetectionClient(server.address) as client:
        (model,) = client.list_models()
        assert client.detect(np.zeros((48, 64, 3), dtype=np.uint8)).status is Status.OK
        devices = {device.name: device for device in client.list_devices()}
    assert model.engine.chosen == f"{other}:CPU"
    assert f"pip install --force-reinstall {module}" in devices[f"{module}:CPU"].missing
    assert server.terminate() == 0


def test_two_builds_of_onnx_runtime_are_refused_by_name(tmp_path: Path) -> None:
    site = tmp_path / "site"
    installed(site, "onnxruntime", "1.23.2")
    installed(site, "onnxruntime-gpu", "1.23.0")
    refused = run("serve", *FLAGS, PYTHONPATH=str(site))
    assert refused.returncode == 2
    assert "onnxruntime 1.23.2 and onnxruntime-gpu 1.23.0 are installed together" in refused.stderr
    mend = "pip uninstall -y onnxruntime onnxruntime-gpu && pip install onnxruntime-gpu==1.23.0"
    assert mend in refused.stderr
    assert len(refused.stderr.strip().splitlines()) == 1
    listed = run("devices", PYTHONPATH=str(site))
    assert listed.returncode == 0
    assert mend in listed.stdout


def test_packages_that_only_sound_alike_are_no_conflict(tmp_path: Path) -> None:
    site = tmp_path / "site"
    installed(site, "onnxruntime-extensions", "0.14", "onnxruntime_extensions")
    listed = run("devices", PYTHONPATH=str(site))
    assert "overwrite each other" not in listed.stdout
