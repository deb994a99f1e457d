"""The server that a command talks to: the user's, or one started for the command alone."""

from __future__ import annotations

import os
import secrets
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from edgeserve.domain.errors import EdgeserveError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from edgeserve.client import Credentials

_ONLY_THE_USER = 0o077
"""Mask of the rights that a new socket does not give."""


@contextmanager
def server_for(
    address: str | None, model: str, version: str, credentials: Credentials
) -> Iterator[str]:
    """The address of a server that has a model.

    Where the user names no server and none at the usual address serves the model, one is started
    in a process of its own, on a Unix socket that only this user can reach, until the context
    ends. It takes the configuration from the environment, as `edgeserve serve` does.

    Args:
        address: of the user's server, or None.
        model: name; "" takes the default.
        version: of the model; "" takes any.
        credentials: to show to the user's server.

    Raises:
        ModelNotFoundError: there is no such model on this machine.
        NotAvailableError: the server did not start; it has said why on standard error.
    """
    from edgeserve.client.channel import DEFAULT_ADDRESS  # noqa: PLC0415 - loads gRPC

    if address is not None or _serves(DEFAULT_ADDRESS, model, version, credentials):
        yield address or DEFAULT_ADDRESS
        return
    from edgeserve.tooling.server_process import ServerProcess  # noqa: PLC0415 - not for a client

    flags = []
    if model:
        _find(model, version)
        flags = ["--model", model]
    # No folder of its own: a signal ends this process, and the server removes its socket itself.
    socket = Path(tempfile.gettempdir(), f"edgeserve-{secrets.token_hex(8)}")
    umask = os.umask(_ONLY_THE_USER)
    try:
        own = ServerProcess("--listen", f"unix:{socket}", "--http-listen", "", *flags)
    finally:
        os.umask(umask)
    with own:
        yield own.address


def _serves(address: str, model: str, version: str, credentials: Credentials) -> bool:
    from edgeserve.client import DetectionClient  # noqa: PLC0415 - loads gRPC

    try:
        with DetectionClient(address, credentials=credentials) as client:
            return any(
                status.ready and model in {"", status.name} and version in {"", status.version}
                for status in client.list_models()
            )
    except EdgeserveError:
        return False


def _find(model: str, version: str) -> None:
    """Say at once, in one line, that there is no such model."""
    from edgeserve.catalog.repository import Repository, shipped_dir  # noqa: PLC0415 - not for a client
    from edgeserve.config.load import load_settings  # noqa: PLC0415 - as above

    settings = load_settings(None, os.environ, {})
    Repository(settings.catalog.models_dir, shipped_dir()).find(model, version)
