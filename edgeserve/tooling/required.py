"""Libraries that only the tools need, imported when a tool runs."""

from __future__ import annotations

import importlib
from typing import Any

from edgeserve.domain.errors import NotAvailableError
from edgeserve.engines.loading import refuse_reports

_INSTALL = "pip install 'edgeserve[quantize]'"


def require(module: str) -> Any:  # noqa: ANN401 - a module
    """Import a module of the extra `quantize`.

    Raises:
        NotAvailableError: it is not installed; the text says how to get it.
    """
    refuse_reports()
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        library = module.partition(".")[0]
        if error.name is None or error.name.partition(".")[0] != library:
            raise
        text = f"{library} is not installed; install it with: {_INSTALL}"
        raise NotAvailableError(text) from error
