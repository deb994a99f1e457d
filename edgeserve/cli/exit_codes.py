"""From what went wrong to the program's last line and its exit code."""

from __future__ import annotations

import click

from edgeserve.domain.errors import (
    AccessError,
    ConfigurationError,
    DeviceHungError,
    EdgeserveError,
    ModelNotReadyError,
    NotAvailableError,
    RequestError,
    TransportError,
)

GOOD = 0
CHECK_FAILED = 1
USAGE = 2
NOT_THERE = 3
HUNG = 4
INTERRUPTED = 130

_CODES: tuple[tuple[type[EdgeserveError], int], ...] = (
    (ConfigurationError, USAGE),
    (RequestError, USAGE),
    (AccessError, USAGE),
    (NotAvailableError, NOT_THERE),
    (TransportError, NOT_THERE),
    (ModelNotReadyError, NOT_THERE),
    (DeviceHungError, HUNG),
)

_EXTRAS = {
    "aiohttp": "server",
    "av": "video",
    "cv2": "server",
    "grpc_health": "server",
    "grpc_reflection": "server",
    "nncf": "quantize",
    "onnx": "quantize",
    "onnxruntime": "server",
    "opentelemetry": "otel",
    "openvino": "server",
    "paho": "mqtt",
    "prometheus_client": "server",
    "pycocotools": "quantize",
    "ray": "ray",
    "simplejpeg": "server",
}
"""The extra that brings an optional dependency."""


def code_and_text(error: Exception) -> tuple[int, str] | None:
    """The exit code and the line for an error; None if it is a fault of the program."""
    if isinstance(error, EdgeserveError):
        codes = (code for kind, code in _CODES if isinstance(error, kind))
        return next(codes, CHECK_FAILED), str(error)
    if isinstance(error, click.UsageError):
        context = error.ctx
        hint = f" (try `{context.command_path} --help`)" if context else ""
        return USAGE, error.format_message().rstrip(".") + hint
    if isinstance(error, click.ClickException):
        return USAGE, error.format_message()
    if isinstance(error, ImportError):
        return _of_import(error)
    return None


def _of_import(error: ImportError) -> tuple[int, str] | None:
    module = (error.name or "").partition(".")[0]
    extra = _EXTRAS.get(module)
    if extra is None:
        return None
    text = f"this needs the package {module} ({error}); pip install 'edgeserve[{extra}]'"
    return NOT_THERE, text
