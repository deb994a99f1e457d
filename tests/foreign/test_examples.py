"""The example in Node, run as a user runs it; that of Triton's client is in `test_clients`."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import edgeserve.cameras.sample

if TYPE_CHECKING:
    from tests.system.conftest import Start

pytestmark = [pytest.mark.foreign, pytest.mark.timeout(1200)]

ROOT = Path(__file__).parents[2]
PERSON = Path(edgeserve.cameras.sample.__file__).parent / "sample" / "grace_hopper.jpg"
INSTALL_S = 600


@pytest.fixture(scope="session")
def node(pytestconfig: pytest.Config) -> Path:
    """The example's folder with its packages; the test is skipped where there is no Node."""
    example = ROOT / "deploy" / "examples" / "node"
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.skip("no node or no npm here (Debian: nodejs npm)")
    cache = pytestconfig.cache
    assert cache is not None
    key = hashlib.sha256((example / "package.json").read_bytes()).hexdigest()[:16]
    root = cache.mkdir(f"foreign-node-{key}")
    folder = root / "deploy" / "examples" / "node"
    shutil.copytree(example, folder, dirs_exist_ok=True)
    shutil.copytree(ROOT / "protos", root / "protos", dirs_exist_ok=True)
    command = [npm, "install", "--no-audit", "--no-fund", "--prefer-offline"]
    installed = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=INSTALL_S, check=False
    )
    if installed.returncode:
        pytest.skip(f"its packages do not install here: {installed.stderr[-300:]}")
    return folder


def test_node(serve: Start, node: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"no picture")
    pictures = [str(broken), *[str(PERSON)] * 40]
    command = ["node", str(node / "detect.js"), *pictures, "--address"]
    ended = subprocess.run(
        [*command, serve().address], capture_output=True, text=True, timeout=100, check=True
    )
    first, *others = ended.stdout.splitlines()
    assert first.startswith(f"{broken}: not a JPEG")
    assert sum(line.startswith(f"{PERSON}: person 0.") for line in others) == 40


def test_node_without_a_server(node: Path) -> None:
    command = ["node", str(node / "detect.js"), str(PERSON), "--address", "127.0.0.1:1"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert ended.returncode == 1
    assert "UNAVAILABLE" in ended.stderr
