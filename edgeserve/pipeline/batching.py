"""Which prepared frames go to a device together. Pure, on the caller's clock."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(slots=True)
class _Group(Generic[T]):
    """Frames of one model; `since_ns` is when the oldest became ready."""

    limit: int
    items: deque[tuple[int, T]] = field(default_factory=deque)

    @property
    def since_ns(self) -> int:
        return self.items[0][0]


class Batcher(Generic[T]):
    """Gathers frames of one model each, oldest first."""

    def __init__(self, wait_ns: int) -> None:
        """Let a frame wait at most so long for others."""
        self._wait_ns = wait_ns
        self._groups: dict[int, _Group[T]] = {}

    def add(self, item: T, model: int, limit: int, now_ns: int) -> None:
        """A frame is ready.

        Args:
            item: the frame.
            model: frames of one model only go together.
            limit: most frames of this model in a batch.
            now_ns: monotonic clock.
        """
        self._groups.setdefault(model, _Group(limit)).items.append((now_ns, item))

    def take(self, now_ns: int, *, more: bool) -> list[T]:
        """The batch that is due: full, or as old as may be; none if it pays to wait.

        Args:
            now_ns: monotonic clock.
            more: whether other frames are on their way, for which it may pay to wait.
        """
        due = [
            (group.since_ns, model)
            for model, group in self._groups.items()
            if not more
            or len(group.items) >= group.limit
            or now_ns - group.since_ns >= self._wait_ns
        ]
        if not due:
            return []
        _, model = min(due)
        group = self._groups[model]
        batch = [group.items.popleft()[1] for _ in range(min(group.limit, len(group.items)))]
        if not group.items:
            del self._groups[model]
        return batch

    def due_ns(self) -> int | None:
        """When the oldest frame will have waited long enough; None if there is none."""
        if not self._groups:
            return None
        return min(group.since_ns for group in self._groups.values()) + self._wait_ns
