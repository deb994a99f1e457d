"""Inference runtimes are imported when first needed, and may fail in any way then."""

from __future__ import annotations

import os
import sys
from importlib import import_module, util
from typing import Any

from edgeserve.domain.errors import RuntimeMissingError
from edgeserve.process.imports import without

_CONVERTER = "openvino.tools.ovc"
"""OpenVINO imports it where it can be imported: half of the time and a third of the memory of its
import, for models of other frameworks than those that we read."""


def refuse_reports() -> None:
    """Keep the runtimes from telling their makers that they are used; to be called before imports.

    ONNX Runtime would write an id of the device and send events (ORT_DISABLE_TELEMETRY=0 in the
    environment lets it); OpenVINO and NNCF would fork a process that sends one, at every import.
    """
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    # None says that it cannot be imported: they carry a stand-in for that.
    sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]


def import_runtime(module: str, title: str, needs: str) -> Any:  # noqa: ANN401 - untyped libraries
    """Import a runtime's module.

    Args:
        module: its name, which is also the name of the extra that installs it.
        title: the runtime's name for people.
        needs: a name in the module, without which it is none: an uninstalled package may leave an
            empty folder behind.

    Raises:
        RuntimeMissingError: it is not installed, or its import fails; the text says which, and
            what to do.
    """
    refuse_reports()
    try:
        if util.find_spec(module) is None:
            fault = ""
        else:
            with without(_CONVERTER):
                imported = import_module(module)
            if hasattr(imported, needs):
                return imported
            fault = f"there is no {needs} in {list(getattr(imported, '__path__', []))}"
    except (Exception, SystemExit) as error:  # noqa: BLE001 - a broken wheel must not stop a server
        fault = f"{type(error).__name__}: {error}"
    if fault:
        text = (
            f"{title} is installed and cannot be loaded ({fault}); "
            f"install it anew: pip install --force-reinstall {module}"
        )
    else:
        text = f"{title} is not installed; install it with: pip install 'edgeserve[{module}]'"
    raise RuntimeMissingError(text)
