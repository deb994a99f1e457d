"""Certificates of a broker and of its client."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.certificates import Authority

if TYPE_CHECKING:
    from pathlib import Path


def make_certificates(folder: Path) -> Path:
    """An authority `ca`, and `server` (127.0.0.1) and `client` signed by it: NAME.pem, NAME.key."""
    authority = Authority.make(folder)
    for name in ("server", "client"):
        authority.issue(name)
    return folder
