"""Addresses to listen on."""

from __future__ import annotations

import ipaddress
import socket
from pathlib import Path
from typing import TYPE_CHECKING

from edgeserve.domain.errors import ConfigurationError, PortTakenError
from edgeserve.serving.options import DEFAULT_ADMIN

if TYPE_CHECKING:
    from edgeserve.serving.options import ServingOptions


def check_address(setting: str, address: str, *, insecure: bool, asks: bool = False) -> None:
    """Refuse what cannot be listened on, and what would be open to the network unasked.

    Args:
        setting: its name, for the error.
        address: HOST:PORT or unix:PATH.
        insecure: an open address is wanted although nobody is asked who they are.
        asks: whether callers are asked.

    Raises:
        ConfigurationError: malformed, or open without `insecure`.
    """
    if address.startswith("unix:"):
        if address == "unix:":
            text = f"{setting} is {address!r}; expected unix:PATH"
            raise ConfigurationError(text)
        return
    host, colon, port = address.rpartition(":")
    if not colon or not host or not port.isdigit() or int(port) > _LAST_PORT:
        text = f"{setting} is {address!r}; expected HOST:PORT or unix:PATH"
        raise ConfigurationError(text)
    if not (insecure or asks or _is_loopback(host)):
        text = (
            f"{setting} is {address}: that opens the server to the network, and nobody is asked "
            "who they are; listen on 127.0.0.1, set tokens_file or tls_client_ca, or say "
            "--insecure if that is what you want"
        )
        raise ConfigurationError(text)


def check_admin_address(options: ServingOptions, *, asks: bool = False) -> None:
    """Refuse what cannot be listened on, and a network address without the switch for it.

    Args:
        options: of the room.
        asks: whether callers are asked who they are.

    Raises:
        ConfigurationError: the text says what to do.
    """
    listen = options.admin_listen
    if listen in {"", DEFAULT_ADMIN}:
        return
    if not listen.startswith("unix:") and not options.admin_network:
        text = (
            f"admin_listen is {listen}: whoever reaches that address changes this server; use "
            "unix:PATH, or say --admin-network if that is what you want"
        )
        raise ConfigurationError(text)
    check_address("admin_listen", listen, insecure=options.insecure, asks=asks)


def exposure(setting: str, address: str, *, asks: bool, encrypted: bool) -> str:
    """What an operator should be warned of; empty where there is nothing.

    Args:
        setting: its name.
        address: HOST:PORT or unix:PATH, checked before.
        asks: whether callers are asked who they are.
        encrypted: whether the address speaks TLS.
    """
    if not address or address.startswith("unix:") or _is_loopback(address.rpartition(":")[0]):
        return ""
    if not asks:
        return (
            f"{setting} is {address}, and nobody is asked who they are (insecure): WHOEVER REACHES "
            "IT MAY USE THIS SERVER; set tokens_file or tls_client_ca to change that"
        )
    if not encrypted:
        return (
            f"{setting} is {address} without TLS: whoever listens on the way reads tokens and "
            "pictures; set tls_cert and tls_key to change that"
        )
    return ""


def claim_socket(path: str) -> None:
    """Make way for a Unix socket: remove what a server that is gone has left.

    Both gRPC and asyncio would remove the socket of a server that lives, too.

    Raises:
        PortTakenError: somebody listens there.
    """
    if not Path(path).is_socket():
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(path)
        except ConnectionRefusedError:
            Path(path).unlink()
            return
    text = f"cannot listen on unix:{path}: another server does; stop it or choose another path"
    raise PortTakenError(text)


_LAST_PORT = 65535


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
