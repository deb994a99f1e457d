"""Secrets and certificates that an operator names."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import TYPE_CHECKING

from edgeserve.domain.errors import ConfigurationError

if TYPE_CHECKING:
    from pydantic import SecretStr


def read_secret(setting: str, secret: SecretStr, path: str) -> str:
    """The secret itself, or what its file holds, without the end of the line.

    Args:
        setting: name of the secret's setting; that of the file ends in `_file`.
        secret: what the configuration or the environment says; empty for none.
        path: of the file, empty for none.

    Raises:
        ConfigurationError: both are given, or the file cannot be read or is empty.
    """
    if not path:
        return secret.get_secret_value()
    if secret.get_secret_value():
        text = f"{setting} and {setting}_file are both given; expected one of them"
        raise ConfigurationError(text)
    try:
        held = Path(path).read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "not UTF-8"
        text = f"{setting}_file: {path} cannot be read: {why}"
        raise ConfigurationError(text) from None
    if not held:
        text = f"{setting}_file: {path} is empty; expected the secret"
        raise ConfigurationError(text)
    return held


def tls_context(section: str, ca: str, cert: str = "", key: str = "") -> ssl.SSLContext:
    """What a TLS connection trusts and shows.

    Args:
        section: first part of the settings' names: SECTION_ca, SECTION_cert and SECTION_key.
        ca: PEM file with authorities; empty takes the system's.
        cert: PEM file with our certificate; empty for none.
        key: PEM file with its key; empty where the certificate's file holds it.

    Raises:
        ConfigurationError: a file is missing or is not what it should be, or there is a key
            without a certificate.
    """
    if key and not cert:
        text = f"{section}_key is given without {section}_cert; expected both or none"
        raise ConfigurationError(text)
    setting, path = f"{section}_ca", ca
    try:
        context = ssl.create_default_context(cafile=ca or None)
        if cert:
            setting, path = f"{section}_cert", f"{cert} with {key}" if key else cert
            context.load_cert_chain(cert, key or None, password=_no_password)
    except OSError as error:  # ssl.SSLError among them
        why = "no usable PEM file" if isinstance(error, ssl.SSLError) else error.strerror
        text = f"{setting}: {path} cannot be used: {why}"
        raise ConfigurationError(text) from None
    return context


def _no_password() -> str:
    """Do not ask on the terminal for the password of a locked key."""
    return ""
