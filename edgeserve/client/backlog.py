"""Frames that wait for their results: what a stream must send again when its connection breaks."""

from __future__ import annotations

import asyncio
from collections import deque

from edgeserve.domain.errors import RequestError, TransportError


class Backlog:
    """Serialised frames in order, from the oldest without a result; bounded.

    A frame takes a place before it is read from the caller's pictures, and gives it back when
    the caller takes its result: what waits for the server and what waits for the caller are
    bounded together.
    """

    def __init__(self, most: int) -> None:
        """Hold at most so many frames."""
        self._messages: deque[tuple[int, bytes]] = deque()
        self._ids: set[int] = set()
        self._places = asyncio.Semaphore(most)
        self._changed = asyncio.Event()
        self._complete = False
        self.answered = 0
        """Frames that have had their results."""

    @property
    def empty(self) -> bool:
        """Whether every frame so far has its result."""
        return not self._messages

    @property
    def done(self) -> bool:
        """Whether every frame has its result and no more will come."""
        return self._complete and self.empty

    async def take_place(self) -> None:
        """Wait until one more frame may be read."""
        await self._places.acquire()

    def give_place(self) -> None:
        """The caller has taken a result."""
        self._places.release()

    def add(self, frame_id: int, message: bytes) -> None:
        """Append a frame.

        Raises:
            RequestError: a frame of the same number still waits.
        """
        if frame_id in self._ids:
            text = f"two frames have the frame_id {frame_id}; expected a new one for each frame"
            raise RequestError(text)
        self._ids.add(frame_id)
        self._messages.append((frame_id, message))
        self._changed.set()

    def complete(self) -> None:
        """No more frames will come."""
        self._complete = True
        self._changed.set()

    def answer(self, frame_id: int) -> None:
        """Forget the oldest frame, whose result came.

        Raises:
            TransportError: the result is not that frame's.
        """
        expected = self._messages[0][0] if self._messages else None
        if frame_id != expected:
            wanted = "no result" if expected is None else f"the result of frame {expected}"
            text = f"the server sent the result of frame {frame_id}; expected {wanted}"
            raise TransportError(text)
        self._messages.popleft()
        self._ids.remove(frame_id)
        self.answered += 1

    def message(self, number: int) -> bytes | None:
        """The frame that was added as the `number`th (from 0), if it is there and unanswered."""
        index = number - self.answered
        return self._messages[index][1] if 0 <= index < len(self._messages) else None

    async def message_when_added(self, number: int) -> bytes | None:
        """Like `message`, but wait for it; None when no more will come.

        One task at a time may wait.
        """
        while True:
            message = self.message(number)
            if message is not None or self._complete:
                return message
            self._changed.clear()
            await self._changed.wait()
