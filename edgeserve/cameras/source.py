"""What every source of frames looks like."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

    from typing_extensions import Self

    from edgeserve.domain.frame import EncodedFrame


class Source(Protocol):
    """Frames, one after the other, as fast as the caller takes them.

    A context manager: leaving it closes the source. Each iteration starts at the first frame.

    Attributes:
        name: for people, in logs and results.
        fps: nominal frames a second; None where there is no rate (pictures).
        frame_count: how many frames an iteration gives; None where it is not known. A video's
            is what its container says, which may be off by some frames.
        live: whether frames come at their own time, and wait for nobody.
        last_seen_s: of a live source, when its last frame came, also one that is not given on;
            on the monotonic clock.
        decoder: what decodes it, as in "software" or "vaapi"; known once frames come.
    """

    name: str
    fps: float | None
    frame_count: int | None
    live: bool = False
    last_seen_s: float = 0.0
    decoder: str = "software"

    def __iter__(self) -> Iterator[EncodedFrame]:
        """Give the frames, `frame_id` counting from 0.

        `arrival_ns` is not set: whoever takes the frame stamps it. `capture_time_unix_ns` is set
        by live sources only.
        """
        ...

    def close(self) -> None:
        """Give back what the source holds; the default holds nothing."""
        return

    def __enter__(self) -> Self:
        """Return the source itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the source."""
        self.close()
