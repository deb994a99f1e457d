"""What the threads of a lane have made for each of its models."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterator

    from edgeserve.pipeline.detector import Detector

T = TypeVar("T")


class PerThread(Generic[T]):
    """A table a thread, by model: each thread uses its own without a lock."""

    def __init__(self) -> None:
        """Begin without threads."""
        self._tables: dict[int, dict[Detector, T]] = {}

    @contextmanager
    def table(self) -> Iterator[dict[Detector, T]]:
        """The calling thread's, until the context ends."""
        own: dict[Detector, T] = {}
        self._tables[id(own)] = own
        try:
            yield own
        finally:
            del self._tables[id(own)]

    def forget(self, detector: Detector) -> None:
        """Let go of what all threads have for a model, none of which works with it any more."""
        for table in tuple(self._tables.values()):
            table.pop(detector, None)
