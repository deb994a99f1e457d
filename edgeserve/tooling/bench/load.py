"""The pictures that every part of the benchmark works on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgeserve.cameras.open import open_source

if TYPE_CHECKING:
    from edgeserve.domain.frame import EncodedFrame

_PICTURES = 40


def pictures(source: str) -> list[EncodedFrame]:
    """The first pictures of a source, encoded; the sample's are 640x480 JPEG of about 60 KB."""
    with open_source(source, limit=_PICTURES) as opened:
        return list(opened)
