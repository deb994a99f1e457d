"""When a certificate ends, which the ssl module does not tell of one's own."""

from __future__ import annotations

import base64
import re
from datetime import datetime, timezone
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_NAME = rb"(?:X509 |TRUSTED )?CERTIFICATE-----"
_PEM = re.compile(rb"-----BEGIN " + _NAME + rb"(.+?)-----END " + _NAME, re.DOTALL)
_EXPLICIT_VERSION = 0xA0
_VALIDITY = 3
"""Behind serial number, algorithm and issuer (RFC 5280, 4.1)."""
_UTC_TIME = 0x17
_LONG = 0x80


def expiry_unix_s(pem: bytes) -> float:
    """The end of the first certificate's validity, in seconds since 1970.

    Args:
        pem: that OpenSSL has read without complaint.
    """
    found = _PEM.search(pem)
    der = base64.b64decode(found[1] if found else b"")
    # A "trusted" one has more behind it.
    (_, certificate), *_ = _parts(der)
    (_, signed), *_ = _parts(certificate)
    fields = [content for tag, content in _parts(signed) if tag != _EXPLICIT_VERSION]
    _, (tag, end) = _parts(fields[_VALIDITY])
    form = "%y%m%d%H%M%SZ" if tag == _UTC_TIME else "%Y%m%d%H%M%SZ"
    ends = datetime.strptime(end.decode("ascii"), form).replace(tzinfo=timezone.utc)
    return ends.timestamp()


def _parts(der: bytes) -> Iterator[tuple[int, bytes]]:
    """Tag and content of each value, one behind the other (X.690)."""
    at = 0
    while at < len(der):
        tag, length, at = der[at], der[at + 1], at + 2
        if length >= _LONG:
            more = length - _LONG
            length, at = int.from_bytes(der[at : at + more], "big"), at + more
        yield tag, der[at : at + length]
        at += length
