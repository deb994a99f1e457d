"""The Python that a service runs on."""

from __future__ import annotations

import sys
from pathlib import Path

from edgeserve.domain.errors import EdgeserveError, NotAvailableError
from edgeserve.tooling.service.step import command

_OLDEST, _NEWEST = (3, 10), (3, 13)
_HOMES = (Path("/home"), Path("/root"), Path("/run/user"))
_SYSTEM = Path("/usr/bin/python3")


def service_python() -> Path:
    """An interpreter that a service can read: its unit hides all homes from it.

    Raises:
        NotAvailableError: there is none.
    """
    own = Path(getattr(sys, "_base_executable", sys.executable)).resolve()
    for python in (own, _SYSTEM.resolve()):
        if not in_a_home(python) and _fits(python):
            return python
    text = (
        f"neither {own} nor {_SYSTEM} can run a service: expected Python 3.10 to 3.13 outside of "
        "home folders, which a service does not see; install one, or name it by --python"
    )
    raise NotAvailableError(text)


def in_a_home(python: Path) -> bool:
    """Whether an interpreter, or what it links to, is in somebody's home."""
    return any(home in python.resolve().parents for home in _HOMES)


def _fits(python: Path) -> bool:
    try:
        said = command([python, "-c", "import sys; print(*sys.version_info[:2])"])
    except EdgeserveError:
        return False
    major, minor = map(int, said.split())
    return _OLDEST <= (major, minor) <= _NEWEST
