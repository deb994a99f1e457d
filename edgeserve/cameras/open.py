"""From what the operator wrote to a source."""

from __future__ import annotations

import re
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from edgeserve.cameras.form import Form
from edgeserve.cameras.limited import Limited
from edgeserve.cameras.pictures import Pictures, is_picture, pictures_in
from edgeserve.cameras.sample import Sample
from edgeserve.cameras.video_file import VideoFile
from edgeserve.domain.errors import ConfigurationError, NotAvailableError

if TYPE_CHECKING:
    from edgeserve.cameras.source import Source

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_ACCEPTED = "a picture, a video file, a folder of pictures, or `sample` (the embedded sample)"


def open_source(
    url: str,
    *,
    raw: bool = False,
    jpeg_quality: int = 90,
    limit: int | None = None,
) -> Source:
    """Open what `url` names.

    Args:
        url: `sample`; or the path of a picture (jpg, jpeg, png, webp), of a folder (its pictures,
            sorted by name) or of a video. A file that is called `sample` is `./sample`.
        raw: give decoded frames as BGR pixels instead of JPEG. Pictures keep their bytes.
        jpeg_quality: 1..100, for frames that are decoded and packed anew.
        limit: stop after so many frames; None gives all.

    Raises:
        NotAvailableError: nothing is there, or it may not be read.
        ConfigurationError: what is there is no source, or an option is out of range.
    """
    source = _choose(url, Form(raw=raw, jpeg_quality=jpeg_quality))
    return source if limit is None else Limited(source, limit)


def _choose(url: str, form: Form) -> Source:
    if url == "sample":
        return Sample(form)
    scheme = _SCHEME.match(url)
    if scheme:
        # Only the scheme is repeated: a camera's URL often holds its password.
        text = (
            f"sources of the kind {scheme[1]}:// are not read yet; only files, folders and "
            f"`sample` are: expected {_ACCEPTED}"
        )
        raise ConfigurationError(text)
    if not url or "\0" in url:
        text = f"{url!r} is no path; expected {_ACCEPTED}"
        raise ConfigurationError(text)
    return _from_path(Path(url), form)


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
