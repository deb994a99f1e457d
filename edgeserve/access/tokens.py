"""Bearer tokens: 256 random bits each, of which the tokens file knows the SHA-256 only.

The file has a line `NAME:RIGHTS:SHA256` for each; a slow hash would protect passwords, which can
be guessed, and random bits cannot.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from typing import TYPE_CHECKING, NamedTuple

from edgeserve.access.rights import rights_from_text, rights_to_text
from edgeserve.domain.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from edgeserve.access.rights import Right

PREFIX = "edgeserve_"
"""So that a token that lies around is recognised."""
_RANDOM_BYTES = 32
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_FIELDS = 3


class TokenEntry(NamedTuple):
    """A line of the tokens file."""

    name: str
    rights: frozenset[Right]
    digest: str


def new_token() -> str:
    """A token that nobody has had."""
    return PREFIX + secrets.token_urlsafe(_RANDOM_BYTES)


def digest_of(token: str) -> str:
    """What the tokens file keeps of a token."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def check_name(name: str) -> None:
    """Refuse a name that the file could not hold.

    Raises:
        ConfigurationError: it is not of letters, digits, dots, hyphens and underscores.
    """
    if _NAME.fullmatch(name) is None:
        text = f"{name!r} is no name for a token; expected 1 to 64 of A-Z, a-z, 0-9, . _ -"
        raise ConfigurationError(text)


def parse_tokens(text: str, origin: str) -> tuple[TokenEntry, ...]:
    """Read a tokens file; empty lines and those that begin with # are passed over.

    Args:
        text: of the file.
        origin: its name, for errors.

    Raises:
        ConfigurationError: naming the line, and not showing it.
    """
    entries: list[TokenEntry] = []
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip() and not line.startswith("#"):
            try:
                entries.append(_entry(line.strip()))
            except (ConfigurationError, ValueError) as error:
                message = f"{origin}, line {number}: {error}"
                raise ConfigurationError(message) from None
    names = [entry.name for entry in entries]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        message = f"{origin}: {', '.join(twice)} is there more than once; expected one line each"
        raise ConfigurationError(message)
    return tuple(entries)


def write_tokens(entries: Iterable[TokenEntry]) -> str:
    """The text that `parse_tokens` reads."""
    return "".join(f"{one.name}:{rights_to_text(one.rights)}:{one.digest}\n" for one in entries)


def find_token(entries: Iterable[TokenEntry], digest: str) -> TokenEntry | None:
    """The entry of a digest, in a time that does not tell how much of it was right."""
    found = None
    for entry in entries:
        if hmac.compare_digest(entry.digest, digest):
            found = entry
    return found


def _entry(line: str) -> TokenEntry:
    fields = line.split(":")
    if len(fields) != _FIELDS:
        text = "expected NAME:RIGHTS:SHA256, as `edgeserve token create` writes it"
        raise ConfigurationError(text)
    name, rights, digest = fields
    check_name(name)
    if _DIGEST.fullmatch(digest) is None:
        text = f"the last field of {name} is no SHA-256; expected 64 hexadecimal digits"
        raise ConfigurationError(text)
    return TokenEntry(name, rights_from_text(rights), digest)
