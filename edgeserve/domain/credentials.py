"""Texts that may hold the user name and password of a camera."""

from __future__ import annotations

import re

# Up to the last @ of the word: a password may hold a slash that nobody escaped.
_USER_INFO = re.compile(r"(?<=://)[^\s'\"]*@")
_PARAMETER = re.compile(
    r"(?i)\b((?:pass|pass_?word|passwd|pwd|user|user_?name|usr|token|auth|api_?key|key)=)[^&\s'\"]*",
)


def without_credentials(text: str) -> str:
    """The text with what stands before an @ in URLs, and parameters such as `password=`, hidden."""
    return _PARAMETER.sub(r"\1***", _USER_INFO.sub("***@", text))
