"""Ports that stay free until a server takes them."""

from __future__ import annotations

import random
import socket


def free_port() -> int:
    """A loopback port that nobody listens on.

    Below the range from which the system takes ports for outgoing connections: while a server is
    away nobody gets its port by chance, not even the client that tries to reach it.
    """
    while True:
        port = random.randint(20_000, 32_000)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
