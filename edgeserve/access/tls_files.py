"""The server's certificate and whom it trusts, read again when a file changes."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from edgeserve.access.changes import FileChanges
from edgeserve.access.expiry import expiry_unix_s
from edgeserve.domain.errors import ConfigurationError

if TYPE_CHECKING:
    from edgeserve.access.options import AccessOptions


@dataclass(frozen=True, slots=True)
class TlsMaterial:
    """What a TLS server shows and trusts.

    Attributes:
        certificate: PEM, ours first.
        key: PEM, of the first certificate.
        client_ca: PEM, of authorities that clients' certificates may come from; empty for none.
        expiry_unix_s: when our certificate ends.
        context: the same, for transports that take it in this form. A client's certificate is
            verified where it shows one, and not demanded.
    """

    certificate: bytes
    key: bytes = field(repr=False)
    client_ca: bytes
    expiry_unix_s: float
    context: ssl.SSLContext


class TlsFiles:
    """The files of `tls_cert`, `tls_key` and `tls_client_ca`.

    Attributes:
        material: as it was when the files were last good.
        takes_certificates: whether clients may show certificates.
    """

    def __init__(self, options: AccessOptions) -> None:
        """Read the files.

        Raises:
            ConfigurationError: one is missing or is not what it should be.
        """
        self._options = options
        self.takes_certificates = bool(options.tls_client_ca)
        paths = (options.tls_cert, options.tls_key, options.tls_client_ca)
        self._changes = FileChanges(Path(path) for path in paths if path)
        self.material = _read(options)

    def reload(self) -> bool:
        """Read the files again if they have changed; return whether they were.

        Raises:
            ConfigurationError: they are no longer good; what was read before holds.
        """
        if not self._changes.seen():
            return False
        self.material = _read(self._options)
        return True

    def context(self) -> ssl.SSLContext:
        """A context for one server, each of whose handshakes takes what is in force then."""
        outer = _context(self._options)

        def choose(connection: ssl.SSLObject, _name: str | None, _outer: ssl.SSLContext) -> None:
            connection.context = self.material.context

        # OpenSSL calls it for each handshake, also where the client names no server.
        outer.sni_callback = choose
        return outer


def _read(options: AccessOptions) -> TlsMaterial:
    cert, key, client_ca = options.tls_cert, options.tls_key, options.tls_client_ca
    # Proves that the key is the certificate's, before anybody is served with it.
    context = _context(options)
    certificate = _bytes("tls_cert", cert)
    return TlsMaterial(
        certificate=certificate,
        key=_bytes("tls_key", key or cert),
        client_ca=_bytes("tls_client_ca", client_ca) if client_ca else b"",
        expiry_unix_s=expiry_unix_s(certificate),
        context=context,
    )


def _context(options: AccessOptions) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    cert, key = options.tls_cert, options.tls_key
    setting, path = "tls_cert", f"{cert} with {key}" if key else cert
    try:
        context.load_cert_chain(cert, key or None, password=_no_password)
        if options.tls_client_ca:
            setting, path = "tls_client_ca", options.tls_client_ca
            context.load_verify_locations(path)
            context.verify_mode = ssl.CERT_OPTIONAL
    except OSError as error:  # ssl.SSLError among them
        broken = isinstance(error, ssl.SSLError)
        why = "no usable PEM file, or not of one another" if broken else error.strerror
        text = f"{setting}: {path} cannot be used: {why}"
        raise ConfigurationError(text) from None
    return context


def _bytes(setting: str, path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        text = f"{setting}: {path} cannot be read: {error.strerror}"
        raise ConfigurationError(text) from None


def _no_password() -> str:
    """Do not ask on the terminal for the password of a locked key."""
    return ""
