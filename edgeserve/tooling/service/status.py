"""What is installed, and how it does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgeserve.tooling.service import release, systemd

if TYPE_CHECKING:
    from edgeserve.tooling.service.layout import Layout


@dataclass(frozen=True)
class ServiceStatus:
    """A service as it is found.

    Attributes:
        version: in force; empty where none is installed.
        previous: the version to go back to; empty where there is none.
        program: what the unit starts.
        unit: whether the unit is there.
        configuration: the file, whether or not it is there.
        state: what systemd says, as "active (running)"; empty where it does not say.
        told: the service's own line.
        restarts: by systemd, since it was started by hand.
    """

    version: str
    previous: str
    program: str
    unit: bool
    configuration: str
    state: str = ""
    told: str = ""
    restarts: int = 0

    @property
    def good(self) -> bool:
        """Installed and, as far as systemd can tell, running."""
        runs = not self.state or self.state.startswith("active ")
        return bool(self.version) and self.unit and runs


def status(layout: Layout) -> ServiceStatus:
    """Look."""
    current, previous = map(release.record_of, (layout.current, layout.previous))
    known = systemd.state() if systemd.is_there(layout) else {}
    state = f"{known['ActiveState']} ({known.get('SubState', '')})" if known else ""
    restarts = known.get("NRestarts", "")
    return ServiceStatus(
        version=current["version"] if current else "",
        previous=previous["version"] if previous else "",
        program=str(layout.program),
        unit=layout.unit.is_file(),
        configuration=str(layout.configuration),
        state=state,
        told=known.get("StatusText", ""),
        restarts=int(restarts) if restarts.isdigit() else 0,
    )
