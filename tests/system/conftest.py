"""The installed program as a user runs it: processes, signals, files."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pytest

from edgeserve.catalog.repository import shipped_dir

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from collections.abc import Iterator

PLUGIN = Path(__file__).parent.parent / "plugin"
ENTRY_POINTS = "edgeserve.engines"
# The installed script: `python -m` would run what lies in the working directory.
EDGESERVE = (str(Path(sys.executable).with_name("edgeserve")),)


@dataclass
class ServerProcess:
    """A running `edgeserve serve`."""

    process: subprocess.Popen[str]
    address: str
    http: str

    def terminate(self) -> int:
        """SIGTERM, then wait: its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command of the program to its end."""
    return subprocess.run(
        [*EDGESERVE, *arguments],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
        env=os.environ | environment,
    )


class Start(Protocol):
    """Starts a server that ends with the test: `serve("--strict")`."""

    def __call__(self, *flags: str, listen: str = ..., **environment: str) -> ServerProcess: ...


@pytest.fixture
def serve() -> Iterator[Start]:
    """See `Start`."""
    servers: list[subprocess.Popen[str]] = []

    def start(*flags: str, listen: str = "127.0.0.1:0", **environment: str) -> ServerProcess:
        process = subprocess.Popen(
            [*EDGESERVE, "serve", "--listen", listen, "--http-listen", "127.0.0.1:0", *flags],
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | environment,
        )
        servers.append(process)
        assert process.stdout is not None
        words = process.stdout.readline().split()
        assert words[:1] == ["ready"], f"the server did not start: {words}"
        addresses = dict(word.split("=", 1) for word in words[1:])
        return ServerProcess(process, addresses["grpc"], addresses["http"])

    yield start
    for process in servers:
        process.kill()
        process.communicate()


@pytest.fixture
def bundle_copy(tmp_path: Path) -> Path:
    """A models folder with a copy of the default bundle, to be damaged."""
    folder = tmp_path / "models" / "road-csp-tiny" / "99"
    shutil.copytree(shipped_dir() / "road-csp-tiny", folder)
    manifest = folder / "model.toml"
    lines = manifest.read_text().splitlines()
    changed = ['version = "99"' if line.startswith("version") else line for line in lines]
    manifest.write_text("\n".join(changed) + "\n")
    return tmp_path / "models"


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A folder of packages with the plug-in in it, as pip would install it."""
    folder = tmp_path / "site"
    project = tomllib.loads((PLUGIN / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    info = folder / f"edgeserve_example_engine-{project['version']}.dist-info"
    info.mkdir(parents=True)
    shutil.copy(PLUGIN / "edgeserve_example.py", folder)
    metadata = f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    (info / "METADATA").write_text(metadata, encoding="utf-8")
    points = project["entry-points"][ENTRY_POINTS].items()
    lines = [f"[{ENTRY_POINTS}]", *(f"{name} = {target}" for name, target in points)]
    (info / "entry_points.txt").write_text("\n".join(lines), encoding="utf-8")
    return folder


@pytest.fixture
def example_models(bundle_copy: Path) -> Path:
    """The default bundle as `simulated`, which the plug-in may open too."""
    folder = bundle_copy / "road-csp-tiny" / "99"
    manifest = folder / "model.toml"
    text = manifest.read_text(encoding="utf-8")
    text = text.replace('name = "road-csp-tiny"', 'name = "simulated"')
    text = text.replace('runtimes = ["onnxruntime"]', 'runtimes = ["onnxruntime", "example"]')
    manifest.write_text(text, encoding="utf-8")
    return bundle_copy
