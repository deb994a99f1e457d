"""Servers that faults happen to, and disks that fill up."""

from __future__ import annotations

import os
import subprocess
from contextlib import ExitStack
from typing import TYPE_CHECKING, Protocol

import pytest

from tests.faults.server import Server
from tests.system.conftest import bundle_copy, example_models, site  # noqa: F401 - fixtures
from tests.waiting import PATIENCE_S

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path


class Start(Protocol):
    """Starts a server that ends with the test."""

    def __call__(
        self,
        *flags: str,
        environment: Mapping[str, str] | None = ...,
        log: Path | None = ...,
        tls: bool = ...,
    ) -> Server: ...


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """See `Start`."""
    with ExitStack() as servers:

        def start_one(
            *flags: str,
            environment: Mapping[str, str] | None = None,
            log: Path | None = None,
            tls: bool = False,
        ) -> Server:
            server = Server(tmp_path, *flags, environment=environment, log=log, tls=tls)
            return servers.enter_context(server)

        yield start_one


class Disk:
    """A small file system of its own.

    Attributes:
        folder: where it is mounted.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ballast = folder / "ballast"

    def fill(self) -> None:
        """Leave no byte free."""
        with self._ballast.open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(4096))
            except OSError:
                return

    def round_up(self, file: Path) -> int:
        """Fill the rest of a file's last page with empty lines; its size then."""
        rest = -file.stat().st_size % os.sysconf("SC_PAGESIZE")
        with file.open("ab") as end:
            end.write(b"\n" * rest)
        return file.stat().st_size

    def free(self) -> None:
        """Have room again."""
        self._ballast.unlink()

    def read_only(self, *, on: bool = True) -> None:
        """Let nobody write, or again."""
        _run("mount", "-o", f"remount,{'ro' if on else 'rw'}", str(self.folder))


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    """One of a megabyte, empty; the test is skipped where nobody may mount it."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount a file system")
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = _run("mount", "-t", "tmpfs", "-o", "size=1m", "edgeserve-test", str(folder))
    if mounted.returncode:
        pytest.skip(f"no file system can be mounted here: {mounted.stderr.strip()}")
    yield Disk(folder)
    # Lazily: a server that a failed test leaves behind may have files open in it.
    _run("umount", "--lazy", str(folder))


def _run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE_S)
