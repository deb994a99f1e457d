"""Cameras through OpenCV: network streams by its FFmpeg, USB cameras by V4L2."""

from __future__ import annotations

import math
import time
from abc import abstractmethod
from dataclasses import replace
from typing import TYPE_CHECKING, cast

import cv2

from edgeserve.cameras.ffmpeg_gate import ffmpeg_options
from edgeserve.cameras.reach import check_answers, why_refused
from edgeserve.cameras.reading import FramesStoppedError
from edgeserve.cameras.source import Source
from edgeserve.cameras.stamping import Stamping
from edgeserve.domain.errors import NotAvailableError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray

    from edgeserve.cameras.form import Form
    from edgeserve.cameras.reading import Reading
    from edgeserve.domain.frame import EncodedFrame

_OPTIONS = {"tcp": "rtsp_transport;tcp", "udp": "rtsp_transport;udp"}
_KEYFRAMES = "avdiscard;nonkey"
_DECODERS = {2: "d3d11", 3: "vaapi", 4: "mfx", 5: "drm"}
"""By cv2.VIDEO_ACCELERATION_*."""
_ASK_S = 3.0


class Capture(Source):
    """Frames of a cv2.VideoCapture, each stamped with its capture time."""

    frame_count = None
    fps: float | None = None
    live = True

    def __init__(self, name: str, reading: Reading, form: Form) -> None:
        """Prepare a source; iterating opens it."""
        self.name = name
        self._reading = reading
        self._form = form

    def __iter__(self) -> Iterator[EncodedFrame]:
        """Open the source and give its frames until it breaks.

        Raises:
            NotAvailableError: it cannot be opened, or gives no frames any more; the text says
                why, without credentials.
        """
        capture = self._open()
        try:
            self.decoder = _DECODERS.get(int(capture.get(cv2.CAP_PROP_HW_ACCELERATION)), "software")
            yield from self._frames(capture)
        finally:
            capture.release()

    @abstractmethod
    def _open(self) -> cv2.VideoCapture:
        """A capture that is open; raises NotAvailableError if it cannot be."""

    def _stamping(self) -> Stamping:
        return Stamping(self._reading)

    def _frames(self, capture: cv2.VideoCapture) -> Iterator[EncodedFrame]:
        stamping = self._stamping()
        frame_id = 0
        while True:
            began_s = time.monotonic()
            if not capture.grab():
                waited_s = time.monotonic() - began_s
                raise FramesStoppedError(_stopped(waited_s, self._reading.read_timeout_s))
            self.last_seen_s = time.monotonic()
            stamp_ms = capture.get(cv2.CAP_PROP_POS_MSEC)
            known = math.isfinite(stamp_ms) and stamp_ms > 0
            capture_ns = stamping.capture_ns(round(stamp_ms * 1e6) if known else None)
            if capture_ns is None:
                continue
            good, pixels = capture.retrieve()
            if not good:
                continue
            frame = self._form.pack(frame_id, cast("NDArray[np.uint8]", pixels))
            yield replace(frame, capture_time_unix_ns=capture_ns)
            frame_id += 1


class NetworkCapture(Capture):
    """RTSP, HTTP MJPEG or HLS."""

    def __init__(self, url: str, name: str, reading: Reading, form: Form) -> None:
        """Prepare a stream; iterating connects.

        Args:
            url: with credentials, which no error repeats.
            name: for people, without credentials.
            reading: time-outs and options.
            form: of the frames.
        """
        super().__init__(name, reading, form)
        self._url = url

    def _stamping(self) -> Stamping:
        return network_stamping(self._url, self._reading)

    def _open(self) -> cv2.VideoCapture:
        reading = self._reading
        check_answers(self._url, reading.connect_timeout_s)
        words = [_OPTIONS[reading.transport]] if reading.transport != "tcp" else []
        if reading.keyframes_only:
            words = [_OPTIONS[reading.transport], _KEYFRAMES]
        parameters = [
            cv2.CAP_PROP_OPEN_TIMEOUT_MSEC,
            round(reading.connect_timeout_s * 1000),
            cv2.CAP_PROP_READ_TIMEOUT_MSEC,
            round(reading.read_timeout_s * 1000),
            cv2.CAP_PROP_HW_ACCELERATION,
            cv2.VIDEO_ACCELERATION_ANY if reading.hardware else cv2.VIDEO_ACCELERATION_NONE,
        ]
        began_s = time.monotonic()
        with ffmpeg_options("|".join(words)):
            capture = cv2.VideoCapture(self._url, cv2.CAP_FFMPEG, parameters)
        if capture.isOpened():
            return capture
        capture.release()
        waited_s = time.monotonic() - began_s
        if waited_s >= reading.connect_timeout_s * 0.9:
            why = f"no video in {reading.connect_timeout_s:g} s (setting connect_timeout)"
        else:
            why = why_refused(self._url, min(_ASK_S, reading.connect_timeout_s))
        text = f"the stream cannot be opened: {why}"
        raise NotAvailableError(text)


class DeviceCapture(Capture):
    """A USB or built-in camera, by Video4Linux."""

    def __init__(self, device: int | str, name: str, reading: Reading, form: Form) -> None:
        """Prepare a camera; iterating opens it.

        Args:
            device: its index, or the path of its device file.
            name: for people.
            reading: options; V4L2 has its own time-out of 10 s.
            form: of the frames.
        """
        super().__init__(name, reading, form)
        self._device = device

    def _open(self) -> cv2.VideoCapture:
        capture = cv2.VideoCapture(self._device, cv2.CAP_V4L2)
        if not capture.isOpened():
            capture.release()
            text = (
                f"the camera {self.name} cannot be opened: it is not plugged in, another program "
                "has it, or this user may not read it (group video); `v4l2-ctl --list-devices` "
                "tells what is there"
            )
            raise NotAvailableError(text)
        # One waiting picture in the driver instead of four: the newest counts.
        capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)
        return capture


def network_stamping(url: str, reading: Reading) -> Stamping:
    """How the frames of an RTSP, MJPEG or HLS stream are dated."""
    playlist = url.partition("?")[0].lower().endswith(".m3u8")
    return Stamping(reading, dated=playlist or url.lower().startswith("rtsp"), paced=playlist)


def _stopped(waited_s: float, timeout_s: float) -> str:
    if waited_s >= timeout_s * 0.9:
        return f"no frame for {timeout_s:g} s (setting read_timeout)"
    return "the stream ended, or can no longer be decoded"
