"""The runtimes' makers are not told of their use."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

PROGRAM = """
from edgeserve.engines.loading import import_runtime

import_runtime("openvino", "OpenVINO", "Core")
import_runtime("onnxruntime", "ONNX Runtime", "InferenceSession")
"""


def test_loading_the_runtimes_leaves_no_id_behind(tmp_path: Path) -> None:
    for module in ("openvino", "onnxruntime"):
        pytest.importorskip(module)
    unset = {"CI", "ORT_DISABLE_TELEMETRY", "XDG_CACHE_HOME"}
    environment = {name: value for name, value in os.environ.items() if name not in unset}
    subprocess.run(
        [sys.executable, "-c", PROGRAM], check=True, env=environment | {"HOME": str(tmp_path)}
    )
    assert not list(tmp_path.rglob("*"))
