"""Files from HTTP(S) servers, known by their checksum."""

from __future__ import annotations

import hashlib
import urllib.request
from http.client import HTTPException
from typing import IO, TYPE_CHECKING
from urllib.error import HTTPError

from edgeserve.domain.credentials import without_credentials
from edgeserve.domain.errors import ModelNotReadyError, NotAvailableError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_TIMEOUT_S = 30
"""Without a byte."""
_CHUNK_BYTES = 1 << 20
_MEGA = 1 << 20


def download(url: str, sha256: str, target: Path, most_bytes: int) -> None:
    """Fetch a file.

    Raises:
        NotAvailableError: the server cannot be reached, or does not have it.
        ModelNotReadyError: it is another file, or a larger one than may be.
    """
    name = without_credentials(url)
    try:
        # The caller lets through http and https only.
        with urllib.request.urlopen(url, timeout=_TIMEOUT_S) as answer:  # noqa: S310 # nosec B310
            save(_chunks(answer), sha256, target, most_bytes, name)
    except HTTPError as error:
        with error:
            text = f"{name} cannot be fetched: the server says {error.code} {error.reason}"
        raise NotAvailableError(text) from error
    except (OSError, HTTPException, ValueError) as error:
        text = f"{name} cannot be fetched: {getattr(error, 'reason', None) or error}"
        raise NotAvailableError(text) from error


def save(chunks: Iterable[bytes], sha256: str, target: Path, most_bytes: int, name: str) -> None:
    """Write what comes, and hold it against its checksum.

    Raises:
        ModelNotReadyError: it is something else, or larger than may be; `name` is said.
    """
    digest, size_bytes = hashlib.sha256(), 0
    with target.open("wb") as out:
        for chunk in chunks:
            size_bytes += len(chunk)
            if size_bytes > most_bytes:
                limit = f"{most_bytes / _MEGA:g} MB (setting max_bundle_mb)"
                text = f"{name} is larger than {limit}"
                raise ModelNotReadyError(text)
            digest.update(chunk)
            out.write(chunk)
    if digest.hexdigest() != sha256:
        text = f"{name}: its sha256 is {digest.hexdigest()}, and {sha256} was asked for"
        raise ModelNotReadyError(text)


def _chunks(answer: IO[bytes]) -> Iterable[bytes]:
    while chunk := answer.read(_CHUNK_BYTES):
        yield chunk
