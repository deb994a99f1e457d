"""Where a bundle comes from: a folder, an archive, a URL or a registry."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from edgeserve.domain.errors import ConfigurationError

_SHA256 = re.compile(r"[0-9a-f]{64}")
_EXPECTED = (
    "expected a folder or an archive (PATH, with a / in it), http(s)://…#sha256=HEX or "
    "oci://HOST/NAME@sha256:HEX"
)


class Kind(str, Enum):
    """How a source is reached."""

    PATH = "path"
    HTTP = "http"
    OCI = "oci"


@dataclass(frozen=True, slots=True)
class Source:
    """A bundle somewhere.

    Attributes:
        kind: how it is reached.
        place: a path, a URL without its fragment, or HOST/NAME of a registry.
        sha256: in hex; of the archive, or of an artefact's manifest; "" only for a PATH.
    """

    kind: Kind
    place: str
    sha256: str = ""

    @classmethod
    def read(cls, text: str) -> Source:
        """Read what an operator wrote.

        Raises:
            ConfigurationError: it is none, or a download without its checksum.
        """
        scheme, separator, rest = text.partition("://")
        if not separator:
            path, _, sha256 = text.partition("#sha256=")
            place = str(Path(path).expanduser())
            return cls(Kind.PATH, place, _checked(text, sha256, pinned=False))
        if scheme in {"http", "https"}:
            place, _, sha256 = text.partition("#sha256=")
            return cls(Kind.HTTP, place, _checked(text, sha256))
        if scheme == "oci":
            place, _, sha256 = rest.partition("@sha256:")
            return cls(Kind.OCI, place, _checked(text, sha256))
        what = f"{text!r} is no source of a bundle; {_EXPECTED}"
        raise ConfigurationError(what)


def is_source(text: str) -> bool:
    """Whether a text means a source: names of models have no slash."""
    return "/" in text


def _checked(text: str, sha256: str, *, pinned: bool = True) -> str:
    if _SHA256.fullmatch(sha256) or (not pinned and "#" not in text):
        return sha256
    what = f"{text!r} names no sha256 (64 hex digits), by which a download is known; {_EXPECTED}"
    raise ConfigurationError(what)
