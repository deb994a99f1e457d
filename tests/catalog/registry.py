"""A real registry (CNCF Distribution) on a loopback port."""

from __future__ import annotations

import shutil
import socket
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.sinks.ports import free_port
from tests.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def program() -> str:
    """The registry's path, or the test is skipped."""
    path = shutil.which("docker-registry")
    if path is None:
        pytest.skip("no program docker-registry: apt-get install docker-registry")
    return path


@contextmanager
def registry(folder: Path) -> Iterator[str]:
    """Its HOST:PORT; everything is kept in a folder."""
    run, port = program(), free_port()
    config = folder / "registry.yml"
    config.write_text(
        f"version: 0.1\nlog: {{level: error}}\n"
        f"storage: {{filesystem: {{rootdirectory: {folder / 'storage'}}}}}\n"
        f"http: {{addr: '127.0.0.1:{port}'}}\n",
        encoding="utf-8",
    )
    process = subprocess.Popen(
        [run, "serve", str(config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        wait_until(lambda: process.poll() is not None or _listens(port), "the registry")
        assert process.poll() is None, "the registry did not start"
        yield f"127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
