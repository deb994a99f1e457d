"""Says which engines the suite ran on, and why the others are missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgeserve.engines import registry

if TYPE_CHECKING:
    import pytest


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One line an engine."""
    devices = registry.devices()
    terminalreporter.section("engines under contract")
    for device in devices:
        ran = f"ran, {device.runtime} {device.runtime_version}, {device.description}"
        state = ran if device.available else f"not here: {device.missing}"
        terminalreporter.write_line(f"{device.name}: {state}")
