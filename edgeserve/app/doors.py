"""The addresses that a server opens, and who may come in."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from edgeserve.access.gate import check_access
from edgeserve.domain.errors import ConfigurationError
from edgeserve.serving.address import check_address, check_admin_address, exposure

if TYPE_CHECKING:
    from edgeserve.access.gate import Gate
    from edgeserve.config.settings import Settings

_log = logging.getLogger(__name__)
_LOOK_S = 1.0
"""Between looks at the files of tokens and certificates."""


def check_doors(settings: Settings) -> None:
    """Refuse addresses and rules that make no sense, or are open to the network unasked.

    Raises:
        ConfigurationError: the text says what to do.
    """
    access, serving = settings.access, settings.serving
    check_access(access)
    for setting, address in _addresses(settings):
        check_address(setting, address, insecure=serving.insecure, asks=access.asks)
    check_admin_address(serving, asks=access.asks)
    mtls = serving.mtls_listen
    if mtls and (mtls.startswith("unix:") or not access.tls_client_ca):
        text = (
            f"mtls_listen is {mtls!r}; expected HOST:PORT, with tls_client_ca for "
            "the authorities of the clients' certificates"
        )
        raise ConfigurationError(text)
    if access.tokens_file and access.tls_client_ca and not mtls:
        text = (
            "tokens_file and tls_client_ca are both given, and one gRPC port cannot ask for both; "
            "expected mtls_listen, a second HOST:PORT for clients with certificates"
        )
        raise ConfigurationError(text)


def warn_of_exposure(settings: Settings) -> None:
    """Say in the log what an operator should know of the addresses."""
    access = settings.access
    for setting, address in (*_addresses(settings), ("admin_listen", _admin(settings))):
        text = exposure(setting, address, asks=access.asks, encrypted=bool(access.tls_cert))
        if text:
            _log.warning("%s", text)


def is_only_local(settings: Settings) -> bool:
    """Whether the HTTP server is for its own machine, and asks nobody."""
    listen = settings.web.http_listen
    local = not listen.startswith("unix:") and not exposure(
        "http_listen", listen, asks=False, encrypted=False
    )
    return local and not (settings.access.asks or settings.serving.insecure)


async def keep_current(gate: Gate) -> None:
    """Read files again when they change, until cancelled."""
    while True:
        await asyncio.sleep(_LOOK_S)
        gate.reload()


def _addresses(settings: Settings) -> list[tuple[str, str]]:
    given = [
        ("listen", settings.serving.listen),
        ("mtls_listen", settings.serving.mtls_listen),
        ("http_listen", settings.web.http_listen),
    ]
    return [(setting, address) for setting, address in given if address]


def _admin(settings: Settings) -> str:
    listen = settings.serving.admin_listen
    return listen if ":" in listen else ""
