"""Annotated pictures of a run, in a folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgeserve.domain.result import Status
from edgeserve.drawing.annotate import annotate
from edgeserve.drawing.picture import read_frame, write_picture

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from edgeserve.domain.frame import EncodedFrame
    from edgeserve.domain.result import FrameResult


class Annotator:
    """Keeps frames on their way out until their results come back."""

    def __init__(self, folder: Path) -> None:
        """Write into `folder`, which is made when the first picture comes."""
        self._folder = folder
        self._frames: dict[int, EncodedFrame] = {}

    def keep(self, frames: Iterable[EncodedFrame]) -> Iterator[EncodedFrame]:
        """Pass frames on, remembering them."""
        for frame in frames:
            self._frames[frame.frame_id] = frame
            yield frame

    def write(self, result: FrameResult, name: str) -> None:
        """Write the picture of a result as NAME.jpg; only where its frame was processed.

        Raises:
            NotAvailableError: the disk refuses.
        """
        frame = self._frames.pop(result.frame_id)
        if result.status is not Status.OK:
            return
        picture = annotate(read_frame(frame), result.detections, result.labels)
        write_picture(self._folder / f"{name}.jpg", picture)
