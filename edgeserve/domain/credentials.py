"""Texts that may hold the user name and password of a camera."""

from __future__ import annotations

import re

_WORD = re.compile(r"[^\s'\"]+")
_PARAMETER = re.compile(
    r"(?i)\b((?:pass|pass_?word|passwd|pwd|user|user_?name|usr|token|auth|api_?key|key)=)[^&\s'\"]*",
)


def without_credentials(text: str) -> str:
    """The text with what stands before an @ in URLs, and parameters such as `password=`, hidden."""
    return _PARAMETER.sub(r"\1***", _WORD.sub(_without_user_info, text))


def _without_user_info(word: re.Match[str]) -> str:
    """A word up to its last @: a password may hold a slash that nobody escaped."""
    scheme, slashes, rest = word[0].partition("://")
    _, at, place = rest.rpartition("@")
    return f"{scheme}{slashes}***@{place}" if at else word[0]
