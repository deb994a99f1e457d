"""Results in the order of their frames."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edgeserve.domain.result import FrameResult


class ResultOrder:
    """Holds a result back until all earlier ones are there."""

    def __init__(self) -> None:
        """Begin with frame number 0."""
        self._early: dict[int, FrameResult] = {}
        self._ready: list[FrameResult] = []
        self._next = 0

    def put(self, number: int, result: FrameResult) -> bool:
        """Add the result of the so many-th frame; whether any result is ready now."""
        self._early[number] = result
        while (result_of_next := self._early.pop(self._next, None)) is not None:
            self._ready.append(result_of_next)
            self._next += 1
        return bool(self._ready)

    def take(self) -> list[FrameResult]:
        """Remove and return all that is ready."""
        ready, self._ready = self._ready, []
        return ready
