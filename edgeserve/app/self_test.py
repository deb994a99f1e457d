"""A frame of our own through every model."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from edgeserve.domain.errors import EdgeserveError
from edgeserve.domain.frame import EncodedFrame, Encoding
from edgeserve.domain.request import DetectOptions, Policy, StreamOptions
from edgeserve.pipeline.observer import NullObserver

if TYPE_CHECKING:
    from edgeserve.domain.status import ModelStatus
    from edgeserve.pipeline.served import ServedModels

_GREY = b"\x72"


async def self_test(models: ServedModels, patience_s: float) -> bool:
    """Send a frame to every model that is ready, outside all metrics; whether all come back.

    A model that is out of service is not asked: the watchdog of its inferences has it in hand.

    Args:
        models: of the server.
        patience_s: for all of them together.
    """
    frames = [_frame_through(models, status) for status in models.statuses() if status.ready]
    try:
        await asyncio.wait_for(asyncio.gather(*frames), patience_s)
    except (EdgeserveError, asyncio.TimeoutError):
        return False
    return True


async def _frame_through(models: ServedModels, status: ModelStatus) -> None:
    """Wait for the result, whatever it is: an error is a sign of life, too."""
    loop = asyncio.get_running_loop()
    back = asyncio.Event()

    def on_change() -> None:
        loop.call_soon_threadsafe(back.set)

    width_px, height_px = status.input_width_px, status.input_height_px
    frame = EncodedFrame(
        frame_id=0,
        data=_GREY * (width_px * height_px),
        encoding=Encoding.GRAY,
        width_px=width_px,
        height_px=height_px,
    )
    stream = models.open_stream(
        StreamOptions(
            detect=DetectOptions(model=status.name, version=status.version), policy=Policy.BLOCK
        ),
        source="self-test",
        on_change=on_change,
        observer=NullObserver(),
    )
    try:
        stream.submit(frame)
        await back.wait()
    finally:
        stream.close()
