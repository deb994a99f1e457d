"""How a log line is written: for people, or as JSON. Credentials are hidden in both."""

from __future__ import annotations

import json
import logging
from datetime import datetime, timezone

from edgeserve.domain.credentials import without_credentials
from edgeserve.domain.origin import Origin, current_origin


class HumanFormatter(logging.Formatter):
    """Time, weight, place and message; then the camera or stream, where the message has none."""

    def __init__(self) -> None:
        """Choose the form."""
        super().__init__("%(asctime)s %(levelname)-7s %(name)s: %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the base's name
        """One line."""
        line = super().formatMessage(record)
        told = (f"{name} {value}" for name, value in _origin(record).fields().items())
        missing = ", ".join(text for text in told if text not in line)
        return f"{line} [{missing}]" if missing else line

    def format(self, record: logging.LogRecord) -> str:
        """One line, and the lines of an exception."""
        return without_credentials(super().format(record))


class JsonFormatter(logging.Formatter):
    """One object a line: time, level, logger, message; camera, stream, exception where known."""

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        at = datetime.fromtimestamp(record.created, tz=timezone.utc)
        line: dict[str, str | int] = {
            "time": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": without_credentials(record.getMessage()),
            **_origin(record).fields(),
        }
        if record.exc_info:
            line["exception"] = without_credentials(self.formatException(record.exc_info))
        if suppressed := getattr(record, "suppressed", 0):
            line["suppressed"] = suppressed
        return json.dumps(line, ensure_ascii=False)


def _origin(record: logging.LogRecord) -> Origin:
    """Of the frame that the line is about; else of the thread or task that wrote it."""
    told = getattr(record, "origin", None)
    return told if isinstance(told, Origin) else current_origin.get()
