"""The service manager of the running system."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from edgeserve.domain.errors import EdgeserveError
from edgeserve.tooling.service.layout import UNIT
from edgeserve.tooling.service.step import Step, command

if TYPE_CHECKING:
    from collections.abc import Iterator

    from edgeserve.tooling.service.layout import Layout

_RUNNING = Path("/run/systemd/system")
_PROPERTIES = ("ActiveState", "SubState", "StatusText", "NRestarts", "MainPID")


def is_there(layout: Layout) -> bool:
    """Whether systemd runs the system that the layout is of."""
    return layout.live and _RUNNING.is_dir()


def set_up(layout: Layout) -> Iterator[Step]:
    """Create the user, set permissions, read the unit."""
    yield Step("create the user edgeserve", lambda: command(["systemd-sysusers", layout.sysusers]))
    yield Step(
        "let only root and the service read the configuration",
        lambda: command(["systemd-tmpfiles", "--create", layout.tmpfiles]),
    )
    yield read_units()


def read_units() -> Step:
    """Tell systemd that units have changed."""
    return Step("have systemd read its units", lambda: command(["systemctl", "daemon-reload"]))


def systemctl(verb: str, *flags: str) -> Step:
    """A step that tells systemd what to do with the service, and waits until it is done."""
    words = ["systemctl", verb, *flags, UNIT]
    return Step(f"run {' '.join(words)}", lambda: command(words))


def state() -> dict[str, str]:
    """What systemd knows of the service; nothing where it does not answer."""
    try:
        said = command(["systemctl", "show", UNIT, "--property", ",".join(_PROPERTIES)])
    except EdgeserveError:
        return {}
    return dict(line.split("=", 1) for line in said.splitlines() if "=" in line)
