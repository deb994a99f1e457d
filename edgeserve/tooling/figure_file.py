"""Files that figures are drawn into, looked at before the work of which they show the result."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgeserve.domain.errors import ConfigurationError
from edgeserve.tooling.required import require

if TYPE_CHECKING:
    from pathlib import Path


def check_figure_file(path: Path) -> None:
    """Refuse what could not be drawn.

    Raises:
        ConfigurationError: the ending names no format, or the folder is not there.
        NotAvailableError: matplotlib is not installed.
    """
    formats = require("matplotlib.figure").Figure().canvas.get_supported_filetypes()
    if path.suffix[1:].lower() not in formats:
        text = f"{path}: its ending names no format; expected one of {', '.join(sorted(formats))}"
        raise ConfigurationError(text)
    if not path.parent.is_dir():
        text = f"{path}: there is no folder {path.parent}"
        raise ConfigurationError(text)
