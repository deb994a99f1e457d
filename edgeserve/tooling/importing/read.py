"""Which library reads a model file."""

from __future__ import annotations

from importlib import util
from typing import TYPE_CHECKING

from edgeserve.domain.errors import ConfigurationError, NotAvailableError
from edgeserve.tooling.importing.onnx_source import OnnxSource
from edgeserve.tooling.importing.openvino_source import OpenVinoSource

if TYPE_CHECKING:
    from pathlib import Path

    from edgeserve.tooling.importing.model_file import ModelSource

_SUFFIXES = (".onnx", ".xml")


def read_source(path: Path) -> ModelSource:
    """Read a model by its suffix; ONNX by OpenVINO where the package onnx is not installed.

    Raises:
        ConfigurationError: it is no model, or one that the server could not feed.
        NotAvailableError: the file, a part of it, or every library that reads it is missing.
    """
    if path.suffix.lower() not in _SUFFIXES:
        text = f"{path} is called {path.suffix or 'without suffix'}; expected .onnx or .xml"
        raise ConfigurationError(text)
    try:
        empty = path.stat().st_size == 0
    except OSError as error:
        text = f"{path} cannot be read: {error.strerror}"
        raise NotAvailableError(text) from error
    if empty:
        text = f"{path} is empty"
        raise ConfigurationError(text)
    if path.suffix.lower() == ".onnx" and installed("onnx"):
        return OnnxSource(path)
    return OpenVinoSource(path)


def installed(module: str) -> bool:
    """Whether a package could be imported."""
    return util.find_spec(module) is not None
