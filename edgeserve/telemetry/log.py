"""Log lines on standard error."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edgeserve.telemetry.options import TelemetryOptions


def configure(options: TelemetryOptions) -> None:
    """Write the program's log lines; standard output stays for results."""
    logging.basicConfig(
        format="%(asctime)s %(levelname)-7s %(name)s: %(message)s",
        level=options.log_level.upper(),
        force=True,
    )
