"""A client that streams on through whatever happens, and remembers what came back."""

from __future__ import annotations

import itertools
import threading
import time
from typing import TYPE_CHECKING, NamedTuple

from edgeserve.cameras.open import open_source
from edgeserve.client import Credentials, DetectionClient, Policy, StreamOptions
from edgeserve.domain.errors import EdgeserveError
from edgeserve.domain.result import Status
from tests.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import TracebackType

    from typing_extensions import Self

    from edgeserve.client.picture import Picture

_PICTURES = 8
_LONGEST_NAP_S = 0.2


class Answer(NamedTuple):
    """What came back for a frame, and when (monotonic seconds)."""

    frame_id: int
    status: Status
    what: str
    latency_us: int
    came_s: float


def sample() -> list[bytes]:
    """Encoded pictures of 640x480."""
    with open_source("sample", limit=_PICTURES) as source:
        return [bytes(frame.data) for frame in source]


class Traffic:
    """A resuming BLOCK stream, from its making until `end`; a context manager.

    Attributes:
        sent: frames that were handed to the client.
        answers: in the order in which they came.
        error: that ended the stream.
    """

    def __init__(
        self,
        address: str,
        *,
        fps: float = 10.0,
        pictures: Sequence[Picture] = (),
        policy: Policy = Policy.BLOCK,
        credentials: Credentials | None = None,
    ) -> None:
        """Begin; at `fps` whatever comes back, or with 0 as fast as the server takes frames."""
        self._address = address
        self._fps = fps
        self._pictures = pictures or sample()
        self._options = StreamOptions(policy=policy)
        self._credentials = credentials or Credentials()
        self._ended = threading.Event()
        self.sent = 0
        self.answers: list[Answer] = []
        self.error: EdgeserveError | None = None
        self._thread = threading.Thread(target=self._run, name="traffic")
        self._thread.start()

    def wait_for(self, more: int = 5) -> None:
        """Until so many more frames are answered OK."""
        after = len(self.answers)

        def there() -> bool:
            assert self.error is None, self.error
            return sum(one.status is Status.OK for one in self.answers[after:]) >= more

        wait_until(there, f"{more} more results", patience_s=100)

    def end(self) -> None:
        """Send no more, and wait for the answers of all that was sent."""
        self._ended.set()
        self._thread.join(100)
        assert not self._thread.is_alive(), "the stream does not end"

    def faults(self) -> list[str]:
        """What was lost, doubled, out of order or not OK."""
        found = [] if self.error is None else [str(self.error)]
        if [one.frame_id for one in self.answers] != list(range(self.sent)):
            found.append(f"{self.sent} frames were sent, {len(self.answers)} came back")
        return found + sorted({one.what for one in self.answers if one.status is not Status.OK})

    def silence_s(self, since_s: float) -> float:
        """The longest time without a result, from then on."""
        came = [since_s, *(one.came_s for one in self.answers if one.came_s > since_s)]
        return max(later - sooner for sooner, later in itertools.pairwise([*came, came[-1]]))

    def first_after(self, since_s: float) -> float:
        """Seconds from then to the next result that is OK."""
        good = (one for one in self.answers if one.status is Status.OK and one.came_s > since_s)
        return next(good).came_s - since_s

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.end()

    def _run(self) -> None:
        client = DetectionClient(
            self._address, reconnect_timeout=100, credentials=self._credentials
        )
        with client:
            try:
                for result in client.stream(self._frames(), self._options):
                    reason = result.drop_reason or result.error_code
                    what = f"{result.status.value} {reason.value if reason else ''}".strip()
                    if result.message:
                        what += f": {result.message}"
                    self.answers.append(
                        Answer(
                            result.frame_id,
                            result.status,
                            what,
                            result.latency_us,
                            time.monotonic(),
                        )
                    )
            except EdgeserveError as error:
                self.error = error

    def _frames(self) -> Iterator[Picture]:
        began_s = time.monotonic()
        while True:
            due_s = began_s + self.sent / self._fps if self._fps else 0.0
            while not self._ended.is_set() and (left_s := due_s - time.monotonic()) > 0:
                self._ended.wait(min(left_s, _LONGEST_NAP_S))
            if self._ended.is_set():
                return
            self.sent += 1
            yield self._pictures[self.sent % len(self._pictures)]
