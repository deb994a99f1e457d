"""Keeps other people's pages from using this server through their visitors' browsers."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from aiohttp import web


def is_foreign(request: web.Request) -> bool:
    """Whether a browser sends this for a page that did not come from here."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site not in {"same-origin", "none"}
    origin = request.headers.get("Origin")
    return origin is not None and urlsplit(origin).netloc != request.host


def is_rebound(request: web.Request) -> bool:
    """Whether the request names this machine by a name that is not its own.

    A page can have the name it came from point to 127.0.0.1, so that its requests to us are no
    longer foreign to the browser; their Host still says where the page came from.
    """
    if "Host" not in request.headers:  # a probe; browsers always send it
        return False
    host = urlsplit(f"//{request.host}").hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return False
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return True
    return False
