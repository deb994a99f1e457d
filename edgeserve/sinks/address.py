"""Where a sink sends to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from edgeserve.domain.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Address:
    """A URL in its parts.

    Attributes:
        scheme: as in "https".
        host: name or IP address.
        port: given, or the scheme's.
        target: path and query.
    """

    scheme: str
    host: str
    port: int
    target: str

    def __str__(self) -> str:
        """What may be logged: path and query are left out, as they often are a secret."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"


def parse_address(setting: str, url: str, ports: Mapping[str, int]) -> Address:
    """Take a URL apart.

    Args:
        setting: its name, for the error.
        url: SCHEME://HOST, with :PORT, path and query where given.
        ports: the schemes that are expected, each with its usual port.

    Raises:
        ConfigurationError: it is another scheme or malformed, or holds a user; the text does not
            repeat it.
    """
    expected = " or ".join(f"{scheme}://HOST[:PORT]" for scheme in ports)
    text = f"{setting} is no address that can be used; expected {expected}, without user and space"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ConfigurationError(text) from None
    usual = ports.get(parts.scheme)
    printable = url.isascii() and url.isprintable() and " " not in url
    if usual is None or not parts.hostname or "@" in parts.netloc or not printable:
        raise ConfigurationError(text)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Address(parts.scheme, parts.hostname, port or usual, target)
