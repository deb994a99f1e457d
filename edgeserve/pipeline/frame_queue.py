"""A stream's frames whose turn has not come."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, NamedTuple

from edgeserve.domain.request import Policy
from edgeserve.domain.result import DropReason

if TYPE_CHECKING:
    from edgeserve.domain.frame import EncodedFrame
    from edgeserve.pipeline.budget import Budget


class Waiting(NamedTuple):
    """A frame in the queue; its model is chosen when its turn comes."""

    number: int
    frame: EncodedFrame


class FrameQueue:
    """Holds frames as the stream's policy and the memory for all queues allow. Not thread-safe."""

    def __init__(self, policy: Policy, places: int, budget: Budget) -> None:
        """Begin empty; the budget is shared with all other streams."""
        self._policy = policy
        self._places = places
        self._budget = budget
        self._frames: deque[Waiting] = deque()

    def __len__(self) -> int:
        """How many wait."""
        return len(self._frames)

    def add(self, waiting: Waiting) -> list[tuple[Waiting, DropReason]]:
        """Queue a frame; which ones go for it and why, the frame itself where there is no room."""
        size_bytes = _size_bytes(waiting.frame)
        gone: list[tuple[Waiting, DropReason]] = []
        if self._policy is Policy.BLOCK:
            # It was read because it may not be dropped; the stream's feeder holds the next back.
            self._budget.add(size_bytes)
        else:
            latest = self._policy is Policy.LATEST
            reason = DropReason.REPLACED if latest else DropReason.QUEUE_FULL
            if len(self._frames) >= self._places:
                gone.append((self.pop(), reason))
            while not self._budget.reserve(size_bytes):
                if not self._frames:
                    return [*gone, (waiting, DropReason.QUEUE_FULL)]
                gone.append((self.pop(), reason))
        self._frames.append(waiting)
        return gone

    def pop(self) -> Waiting:
        """Remove and return the oldest.

        Raises:
            IndexError: none waits.
        """
        oldest = self._frames.popleft()
        self._budget.add(-_size_bytes(oldest.frame))
        return oldest


def _size_bytes(frame: EncodedFrame) -> int:
    return memoryview(frame.data).nbytes
