"""The one table from paths to the rights that they need; any one of those named will do."""

from __future__ import annotations

from edgeserve.access.rights import Right

ADMIN = frozenset({Right.ADMIN})
INFER = frozenset({Right.INFER})
WATCH = frozenset({Right.WATCH})
EITHER = INFER | WATCH

_OPEN = None
_READING = frozenset({"GET", "HEAD", "OPTIONS"})
# Path prefix: what reading needs, what everything else needs. The longest prefix counts.
_TABLE: dict[str, tuple[frozenset[Right] | None, frozenset[Right] | None]] = {
    # The page's own files: they hold nothing of this box, and without them nobody could log in.
    "/": (_OPEN, ADMIN),
    "/api": (WATCH, ADMIN),
    "/api/detect": (INFER, INFER),
    "/api/login": (_OPEN, _OPEN),
    "/api/logout": (_OPEN, _OPEN),
    "/api/session": (_OPEN, ADMIN),
    "/healthz": (_OPEN, ADMIN),
    "/metrics": (WATCH, ADMIN),
    "/readyz": (_OPEN, ADMIN),
    "/v2": (EITHER, INFER),
    "/v2/health": (_OPEN, ADMIN),
    "/v2/repository": (EITHER, ADMIN),
    "/v2/repository/index": (EITHER, EITHER),
}
_PREFIXES = sorted(_TABLE, key=len, reverse=True)
_PARTS = {"/metrics": "metrics", "/api": "page"}


def is_reading(method: str) -> bool:
    """Whether a method of HTTP changes nothing."""
    return method in _READING


def rights_for(
    method: str, path: str, unprotected: tuple[str, ...] = ()
) -> frozenset[Right] | None:
    """What a request needs.

    Args:
        method: of HTTP.
        path: of the route, or of the request where there is none.
        unprotected: parts of which nobody is asked who reads them.

    Returns:
        The rights of which one is needed; None where nobody is asked.
    """
    prefix = next(one for one in _PREFIXES if _under(path, one))
    reading, other = _TABLE[prefix]
    if not is_reading(method):
        return other
    return _OPEN if _PARTS.get(prefix) in unprotected else reading


def _under(path: str, prefix: str) -> bool:
    return prefix in {"/", path} or path.startswith(f"{prefix}/")
