"""What a caller may do."""

from __future__ import annotations

from enum import Enum


class Right(str, Enum):
    """A kind of thing to do; none implies another."""

    INFER = "infer"
    """Send frames and have them looked at."""
    WATCH = "watch"
    """See cameras, results and figures."""
    ADMIN = "admin"
    """Change the running server."""


ALL = frozenset(Right)


def rights_from_text(text: str) -> frozenset[Right]:
    """Read rights as a person writes them: `infer+watch`; none is the empty text.

    Raises:
        ValueError: a word is no right; the text says so.
    """
    words = text.split("+") if text else []
    try:
        return frozenset(Right(word.strip()) for word in words)
    except ValueError:
        message = f"{text!r} are no rights; expected infer, watch or admin, joined by +"
        raise ValueError(message) from None


def rights_to_text(rights: frozenset[Right]) -> str:
    """Write rights so that `rights_from_text` reads them."""
    return "+".join(right.value for right in Right if right in rights)
