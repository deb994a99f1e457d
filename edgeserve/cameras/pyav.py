"""Network streams through PyAV (extra `[video]`): options of their own, key frames, exact stamps.

Nothing here is the process's: two cameras with different options open side by side.
"""

from __future__ import annotations

import importlib.util
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from edgeserve.cameras.capture import network_stamping
from edgeserve.cameras.reach import check_answers, why_refused
from edgeserve.cameras.reading import FramesStoppedError
from edgeserve.cameras.source import Source
from edgeserve.domain.credentials import without_credentials
from edgeserve.domain.errors import NotAvailableError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray

    from edgeserve.cameras.form import Form
    from edgeserve.cameras.reading import Reading
    from edgeserve.domain.frame import EncodedFrame

_ASK_S = 3.0


def pyav_installed() -> bool:
    """Whether the package `av` is there."""
    return importlib.util.find_spec("av") is not None


class PyAvStream(Source):
    """RTSP, HTTP MJPEG or HLS."""

    frame_count = None
    fps: float | None = None
    live = True

    def __init__(self, url: str, name: str, reading: Reading, form: Form) -> None:
        """Prepare a stream; iterating connects. Arguments as of `NetworkCapture`."""
        self.name = name
        self._url = url
        self._reading = reading
        self._form = form

    def __iter__(self) -> Iterator[EncodedFrame]:
        """Connect and give frames until the stream breaks.

        Raises:
            NotAvailableError: it cannot be opened, or gives no frames any more; the text says
                why, without credentials.
        """
        import av  # noqa: PLC0415 - an extra, loaded where it is asked for

        reading = self._reading
        check_answers(self._url, reading.connect_timeout_s)
        try:
            container = av.open(
                self._url,
                options={"rtsp_transport": reading.transport, "max_delay": "500000"},
                timeout=(reading.connect_timeout_s, reading.read_timeout_s),
            )
        except (av.FFmpegError, OSError):
            why = why_refused(self._url, min(_ASK_S, reading.connect_timeout_s))
            text = f"the stream cannot be opened: {why}"
            raise NotAvailableError(text) from None  # the error's text holds the URL
        try:
            yield from self._frames(container)
        except (av.FFmpegError, OSError) as error:
            text = f"the stream broke off: {_reason(error)}"
            raise FramesStoppedError(text) from None
        finally:
            container.close()
        text = "the stream ended"
        raise FramesStoppedError(text)

    def _frames(self, container: Any) -> Iterator[EncodedFrame]:  # noqa: ANN401 - av is optional
        import av  # noqa: PLC0415 - as above

        if not container.streams.video:
            text = "the stream has no video"
            raise NotAvailableError(text)
        video = container.streams.video[0]
        video.thread_type = "AUTO"
        if self._reading.keyframes_only:
            video.codec_context.skip_frame = "NONKEY"
        self.decoder = "software"
        stamping = network_stamping(self._url, self._reading)
        frame_id = 0
        for packet in container.demux(video):
            if self._reading.keyframes_only:  # what comes between them is a sign of life, too
                self.last_seen_s = time.monotonic()
            try:
                decoded = packet.decode()
            except av.InvalidDataError:
                continue  # a damaged packet: the next key frame mends the picture
            for picture in decoded:
                self.last_seen_s = time.monotonic()
                stamp = picture.pts
                base = picture.time_base
                stamp_ns = None if stamp is None or base is None else round(stamp * base * 10**9)
                capture_ns = stamping.capture_ns(stamp_ns)
                if capture_ns is None:
                    continue
                pixels = cast("NDArray[np.uint8]", picture.to_ndarray(format="bgr24"))
                frame = self._form.pack(frame_id, pixels)
                yield replace(frame, capture_time_unix_ns=capture_ns)
                frame_id += 1


def _reason(error: Exception) -> str:
    words = getattr(error, "strerror", None) or type(error).__name__
    return without_credentials(str(words))
