"""Class names as a user gives them."""

from __future__ import annotations

from pathlib import Path

from edgeserve.domain.errors import ConfigurationError

_MOST_BYTES = 1 << 20


def given_labels(text: str) -> tuple[str, ...]:
    """Names from a file with one a line, or from a list with commas.

    Raises:
        ConfigurationError: the file cannot be read, or there is no name.
    """
    path = Path(text)
    if "," not in text and (path.is_file() or path.suffix or len(path.parts) > 1):
        try:
            with path.open(encoding="utf-8") as file:
                text = file.read(_MOST_BYTES)
        except (OSError, UnicodeDecodeError) as error:
            message = f"labels: {path} cannot be read: {error}"
            raise ConfigurationError(message) from error
        names = [line.strip() for line in text.strip().splitlines()]
    else:
        names = [name.strip() for name in text.split(",")]
    if not all(names) or not names:
        message = f"labels: {text!r:.80} has an empty name; expected one a line, or a,b,c"
        raise ConfigurationError(message)
    return tuple(names)
