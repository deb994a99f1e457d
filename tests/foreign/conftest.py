"""Programs that we did not write, each in an environment of its own.

Their requirements clash with ours. An environment is made once and kept beside pytest's cache.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import venv
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pytest

from tests.system.conftest import serve  # noqa: F401 - a fixture

if TYPE_CHECKING:
    from collections.abc import Callable

_HERE = Path(__file__).parent
_INSTALL_S = 600


class Foreign(Protocol):
    """Runs a script of this folder where its requirements are: its standard output."""

    def __call__(self, script: str, *arguments: str, needs: tuple[str, ...]) -> bytes: ...


@pytest.fixture(scope="session")
def environment(pytestconfig: pytest.Config) -> Callable[[tuple[str, ...]], Path]:
    """Requirements to the Python that has them; the test is skipped where they do not install."""
    cache = pytestconfig.cache
    assert cache is not None

    def create(requirements: tuple[str, ...]) -> Path:
        key = hashlib.sha256(" ".join((sys.version, *requirements)).encode()).hexdigest()[:16]
        folder = cache.mkdir(f"foreign-{key}")
        python, ready = folder / "bin" / "python", folder / "ready"
        if ready.exists():
            return python
        venv.create(folder, clear=True, with_pip=True)
        installed = subprocess.run(
            [str(python), "-m", "pip", "install", "-q", *requirements],
            capture_output=True,
            text=True,
            timeout=_INSTALL_S,
            check=False,
        )
        if installed.returncode:
            pytest.skip(f"{requirements} do not install here: {installed.stderr[-300:]}")
        ready.touch()
        return python

    return create


@pytest.fixture
def foreign(environment: Callable[[tuple[str, ...]], Path]) -> Foreign:
    """See `Foreign`."""

    def run(script: str, *arguments: str, needs: tuple[str, ...]) -> bytes:
        done = subprocess.run(
            [str(environment(needs)), str(_HERE / script), *arguments],
            capture_output=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stderr.decode()[-3000:]
        return done.stdout

    return run
