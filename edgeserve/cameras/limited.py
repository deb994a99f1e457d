"""The beginning of a source."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from edgeserve.cameras.source import Source
from edgeserve.domain.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from edgeserve.domain.frame import EncodedFrame


class Limited(Source):
    """The first `limit` frames of another source, or all where it has fewer."""

    def __init__(self, source: Source, limit: int) -> None:
        """Wrap `source`, which is closed with this one.

        Raises:
            ConfigurationError: the limit is below 1.
        """
        if limit < 1:
            text = f"the limit is {limit} frames; expected 1 or more, or none for all frames"
            raise ConfigurationError(text)
        self.name = source.name
        self.fps = source.fps
        self.live = source.live
        known = source.frame_count
        self.frame_count = None if known is None else min(known, limit)
        self._source = source
        self._limit = limit

    def __iter__(self) -> Iterator[EncodedFrame]:
        """Give the first frames."""
        return islice(self._source, self._limit)

    def close(self) -> None:
        """Close the source underneath."""
        self._source.close()
