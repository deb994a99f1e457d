"""What a client shows to a server, and by what it knows the server."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import grpc

from edgeserve.domain.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from os import PathLike


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a client shows to a server, and by what it knows the server.

    Attributes:
        tls: whether the connection is encrypted; `ca` and `cert` imply it.
        ca: PEM file with the authorities that the server's certificate may come from; None takes
            those that gRPC brings along.
        cert: PEM file with the client's certificate; None for none.
        key: PEM file with its key; None where `cert` holds it.
        token: to show; "" for none.
        token_file: file with the token, in place of `token`; read again for each call, so that a
            token can be replaced while a client runs.
    """

    tls: bool = False
    ca: str | PathLike[str] | None = None
    cert: str | PathLike[str] | None = None
    key: str | PathLike[str] | None = None
    token: str = field(default="", repr=False)
    token_file: str | PathLike[str] | None = None

    @property
    def encrypted(self) -> bool:
        """Whether the connection is encrypted."""
        return bool(self.tls or self.ca or self.cert)

    def channel_credentials(self) -> grpc.ChannelCredentials | None:
        """What gRPC wants of them; None for a plain connection.

        Raises:
            ConfigurationError: they do not go together, or a file cannot be read.
        """
        if self.key and not self.cert:
            text = "a key is given without its certificate; expected both or none"
            raise ConfigurationError(text)
        if self.token and self.token_file:
            text = "a token and a file with one are both given; expected one of them"
            raise ConfigurationError(text)
        if not self.encrypted:
            return None
        return grpc.ssl_channel_credentials(
            root_certificates=_read(self.ca),
            private_key=_read(self.key or self.cert),
            certificate_chain=_read(self.cert),
        )

    def metadata(self) -> tuple[tuple[str, str], ...]:
        """What each call brings along.

        Raises:
            ConfigurationError: the token's file cannot be read or is empty.
        """
        token = self.token
        if self.token_file:
            token = (_read(self.token_file) or b"").decode("ascii", "replace").strip()
            if not token:
                text = f"{self.token_file} is empty; expected a token"
                raise ConfigurationError(text)
        return (("authorization", f"Bearer {token}"),) if token else ()


NOBODY = Credentials()
"""A plain connection that shows nothing."""


def credentials_from(environment: Mapping[str, str]) -> Credentials:
    """What the variables say that stand for the flags of `edgeserve stream`."""
    given = {name: environment.get(f"EDGESERVE_{name.upper()}") or None for name in _FILES}
    token = "" if given["token_file"] else environment.get("EDGESERVE_TOKEN", "").strip()
    tls = environment.get("EDGESERVE_TLS", "").lower() in {"1", "true", "yes", "on"}
    return Credentials(tls=tls, token=token, **given)


_FILES = ("ca", "cert", "key", "token_file")


def _read(path: str | PathLike[str] | None) -> bytes | None:
    if path is None:
        return None
    try:
        return Path(path).read_bytes()
    except OSError as error:
        text = f"{path} cannot be read: {error.strerror}"
        raise ConfigurationError(text) from None
