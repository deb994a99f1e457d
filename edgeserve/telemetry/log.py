"""Log lines on standard error."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from edgeserve.telemetry.log_format import HumanFormatter, JsonFormatter
from edgeserve.telemetry.log_handler import LimitedHandler

if TYPE_CHECKING:
    from edgeserve.telemetry.options import TelemetryOptions


def configure(options: TelemetryOptions) -> None:
    """Write the program's log lines; standard output stays for results."""
    handler = LimitedHandler(options.log_repeats)
    handler.setFormatter(JsonFormatter() if options.log_format == "json" else HumanFormatter())
    logging.basicConfig(handlers=[handler], level=options.log_level.upper(), force=True)
