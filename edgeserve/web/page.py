"""The page: files of the package, as they are."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib import resources
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from importlib.resources.abc import Traversable

_INDEX = "index.html"
_TYPES = {
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}


@dataclass(frozen=True, slots=True)
class _File:
    body: bytes
    content_type: str
    etag: str


class Page:
    """/ and /static/.

    They hold nothing that is anybody's secret: what they show comes from /api.
    """

    def __init__(self) -> None:
        """Read the files; they are few and small."""
        self._files = {name: _read(file) for name, file in _walk(resources.files(__package__))}

    def routes(self) -> Iterable[web.AbstractRouteDef]:
        """See `Part`."""
        return (web.get("/", self._index), web.get("/static/{path:.+}", self._static))

    async def _index(self, request: web.Request) -> web.Response:
        return _response(request, self._files[_INDEX])

    async def _static(self, request: web.Request) -> web.Response:
        file = self._files.get(request.match_info["path"])
        if file is None:
            raise web.HTTPNotFound
        return _response(request, file)


def _walk(package: Traversable) -> Iterator[tuple[str, Traversable]]:
    waiting = [("", package / "static")]
    while waiting:
        prefix, folder = waiting.pop()
        for entry in folder.iterdir():
            name = f"{prefix}{entry.name}"
            if entry.is_dir():
                waiting.append((f"{name}/", entry))
            else:
                yield name, entry


def _read(file: Traversable) -> _File:
    body = file.read_bytes()
    content_type = _TYPES[PurePosixPath(file.name).suffix]
    return _File(body, content_type, hashlib.sha256(body).hexdigest()[:20])


def _response(request: web.Request, file: _File) -> web.Response:
    # A browser asks each time and gets an answer without a body: an update shows at once.
    headers = {"Cache-Control": "no-cache", "ETag": f'"{file.etag}"'}
    if any(etag.value in {"*", file.etag} for etag in request.if_none_match or ()):
        return web.Response(status=304, headers=headers)
    return web.Response(
        body=file.body, content_type=file.content_type, charset="utf-8", headers=headers
    )
