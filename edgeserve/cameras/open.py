"""From what the operator wrote to a source."""

from __future__ import annotations

import re
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from edgeserve.cameras.capture import DeviceCapture, NetworkCapture
from edgeserve.cameras.form import Form
from edgeserve.cameras.limited import Limited
from edgeserve.cameras.pattern import Pattern, is_pattern
from edgeserve.cameras.pictures import Pictures, is_picture, pictures_in
from edgeserve.cameras.pyav import PyAvStream, pyav_installed
from edgeserve.cameras.reach import host_and_port
from edgeserve.cameras.reading import Reading
from edgeserve.cameras.sample import Sample
from edgeserve.cameras.video_file import VideoFile
from edgeserve.domain.credentials import without_credentials
from edgeserve.domain.errors import ConfigurationError, NotAvailableError

if TYPE_CHECKING:
    from edgeserve.cameras.source import Source

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_NETWORK = {"rtsp", "rtsps", "http", "https"}
_USB = re.compile(r"usb:(\d{1,3})")
_DEVICE_FILE = re.compile(r"/dev/(?:video\d+|v4l/.+)")
_ACCEPTED = (
    "rtsp:// or http:// (MJPEG, HLS), usb:0 or /dev/video0, a picture, a video file, a folder of "
    "pictures, `sample` (the embedded sample), or `pattern` (a moving test pattern)"
)


def open_source(
    url: str,
    *,
    raw: bool = False,
    jpeg_quality: int = 90,
    limit: int | None = None,
    reading: Reading | None = None,
) -> Source:
    """Open what `url` names; live sources are opened when they are iterated.

    Args:
        url: `rtsp://`, `rtsps://`, `http://` or `https://` (MJPEG, HLS); `usb:N`, or the path of
            a device file; `sample`; `pattern`; or the path of a picture (jpg, jpeg, png, webp),
            of a folder (its pictures, sorted by name) or of a video. A file that is called
            `sample` is `./sample`.
        raw: give decoded frames as BGR pixels instead of JPEG. Pictures keep their bytes.
        jpeg_quality: 1..100, for frames that are decoded and packed anew.
        limit: stop after so many frames; None gives all.
        reading: how a live source is read; None takes the defaults.

    Raises:
        NotAvailableError: nothing is there, or it may not be read.
        ConfigurationError: what is there is no source, or an option is out of range.
    """
    form = Form(raw=raw, jpeg_quality=jpeg_quality)
    source = _choose(url, form, reading or Reading())
    return source if limit is None else Limited(source, limit)


def _choose(url: str, form: Form, reading: Reading) -> Source:
    if url == "sample":
        return Sample(form)
    if is_pattern(url):
        return Pattern(url, form)
    if usb := _USB.fullmatch(url):
        return DeviceCapture(int(usb[1]), url, reading, form)
    if _DEVICE_FILE.fullmatch(url):
        return DeviceCapture(url, url, reading, form)
    scheme = _SCHEME.match(url)
    if scheme:
        if scheme[1].lower() not in _NETWORK:
            # Only the scheme is repeated: a camera's URL often holds its password.
            text = f"sources of the kind {scheme[1]}:// are not read; expected {_ACCEPTED}"
            raise ConfigurationError(text)
        return _from_network(url, form, reading)
    if not url or "\0" in url:
        text = f"{url!r} is no path; expected {_ACCEPTED}"
        raise ConfigurationError(text)
    return _from_path(Path(url), form)


def _from_network(url: str, form: Form, reading: Reading) -> Source:
    host_and_port(url)
    if reading.backend == "pyav" or (reading.backend == "auto" and pyav_installed()):
        if not pyav_installed():
            text = "the package av is not installed; pip install 'edgeserve[video]'"
            raise NotAvailableError(text)
        return PyAvStream(url, without_credentials(url), reading, form)
    return NetworkCapture(url, without_credentials(url), reading, form)


def _from_path(path: Path, form: Form) -> Source:
    try:
        mode = path.stat().st_mode
    except OSError as error:
        text = f"the source {path} cannot be opened: {error.strerror}; expected {_ACCEPTED}"
        raise NotAvailableError(text) from error
    if stat.S_ISDIR(mode):
        return pictures_in(path)
    if not stat.S_ISREG(mode):
        text = f"{path} is neither a file nor a folder; expected {_ACCEPTED}"
        raise ConfigurationError(text)
    if is_picture(path):
        return Pictures(path.name, [path])
    return VideoFile(path, form)
