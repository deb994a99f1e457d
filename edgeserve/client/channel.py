"""Channels to a server."""

from __future__ import annotations

from grpc import aio

from edgeserve.client.credentials import NOBODY, Credentials
from edgeserve.domain.errors import ConfigurationError

DEFAULT_ADDRESS = "127.0.0.1:8001"

_OPTIONS = (
    # What a frame may weigh is the server's to say, in words that name the setting.
    ("grpc.max_send_message_length", -1),
    ("grpc.max_receive_message_length", -1),
    # A connection that died without a word is noticed in 40 s. Servers permit a ping each 10 s;
    # faster ones would be answered with GOAWAY.
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.http2.max_pings_without_data", 0),
    # A server that restarts is back in seconds: gRPC's own steps go up to two minutes.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 5_000),
    # Frames go to a box in reach; `http_proxy`, meant for the web, would catch loopback too.
    ("grpc.enable_http_proxy", 0),
)


def open_channel(address: str, credentials: Credentials = NOBODY) -> aio.Channel:
    """Open a channel; it connects when first used.

    Args:
        address: HOST:PORT or unix:PATH.
        credentials: whether the connection is encrypted, and by what.

    Raises:
        ConfigurationError: the address is neither, or a file of the credentials is wrong.
    """
    _, colon, end = address.rpartition(":")
    if not colon or not end or not (address.startswith(("unix:", "dns:")) or end.isdigit()):
        text = f"the address is {address!r}; expected HOST:PORT or unix:PATH"
        raise ConfigurationError(text)
    # A Unix socket does not leave the machine: servers do not encrypt on it.
    secured = None if address.startswith("unix:") else credentials.channel_credentials()
    if secured is None:
        return aio.insecure_channel(address, options=_OPTIONS)
    return aio.secure_channel(address, secured, options=_OPTIONS)
