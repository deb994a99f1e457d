"""What a stream and its lane know of each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from edgeserve.domain.frame import EncodedFrame
    from edgeserve.domain.origin import Origin
    from edgeserve.domain.result import FrameResult
    from edgeserve.pipeline.detector import Detector
    from edgeserve.pipeline.fair_queue import Turn
    from edgeserve.postprocess.finalize import Selection


class Feed(Protocol):
    """A stream as its lane sees it. The lane's lock is held in all of this but `finish`."""

    clock_synchronised: bool
    origin: Origin
    turn: Turn

    @property
    def waiting(self) -> bool:
        """Whether any frame waits."""

    def pop(self) -> Ticket | None:
        """The next frame to run."""

    def finish(self, ticket: Ticket, result: FrameResult) -> None:
        """Take the result of a frame that ran."""


class FeedLane(Protocol):
    """A lane as its streams see it."""

    @property
    def lock(self) -> AbstractContextManager[object]:
        """Guards the queues of all its streams."""

    def now_ns(self) -> int:
        """The monotonic clock."""

    def wake(self, stream: Feed) -> None:
        """A stream has a frame waiting. Lock held."""

    def forget(self, stream: Feed) -> None:
        """A stream has none any more. Lock held."""


class DeviceLane(FeedLane, Protocol):
    """A lane as those see it who start and stop it."""

    def add(self, detector: Detector) -> None:
        """Make ready to serve a model: what the lane has compiled of others is compiled of it.

        Raises:
            EdgeserveError: that fails.
        """

    def remove(self, detector: Detector) -> None:
        """Serve a model no longer: wait for its frames in work, then forget all about it."""

    def close(self) -> None:
        """Stop after the frames that are in work; what waits is never run."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """A frame that has its turn, and the model that runs it."""

    stream: Feed
    number: int
    frame: EncodedFrame
    detector: Detector
    selection: Selection
