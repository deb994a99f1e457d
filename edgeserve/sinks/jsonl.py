"""JSON lines into a file, or to standard output."""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from edgeserve.sinks.message import detections_message, encode, event_message
from edgeserve.sinks.worker import Worker

if TYPE_CHECKING:
    from edgeserve.domain.camera import CameraResult
    from edgeserve.sinks.options import JsonlOptions
    from edgeserve.sinks.worker import SinkCounts

_STDOUT = "-"
_STDOUT_FD = 1
_MODE = 0o644


class JsonlSink:
    """Writes each result as a line, and each of its events as one; see `schema/`.

    A line is one write: programs that follow the file see whole lines. While the file cannot be
    written results are lost and counted, and each next one is a new try.
    """

    name = "jsonl"

    def __init__(self, options: JsonlOptions) -> None:
        """Prepare the sink; the file is opened with the first line."""
        self._options = options
        self._path = None if options.jsonl_path == _STDOUT else Path(options.jsonl_path)
        self._file: int | None = None
        self._reopen = threading.Event()
        self._worker: Worker[CameraResult] = Worker("jsonl", options.jsonl_buffer, self._write)

    def start(self) -> None:
        """Begin to write."""
        self._worker.start()

    def __call__(self, result: CameraResult) -> None:
        """Take a result, from any thread, without waiting."""
        self._worker.put(replace(result, frame=None))

    def reopen(self) -> None:
        """Open the file anew before the next line: who rotates logs has moved it away."""
        self._reopen.set()

    def counts(self) -> SinkCounts:
        """Results written, failed and dropped."""
        return self._worker.counts()

    def close(self, seconds: float) -> None:
        """Write what waits, for at most so long, and close the file."""
        if self._worker.close(seconds):
            self._close_file()

    def _write(self, result: CameraResult) -> bool:
        messages = [detections_message(result)]
        messages += [event_message(result, event) for event in result.events]
        lines = b"".join(encode(message) + b"\n" for message in messages)
        try:
            self._append(self._opened(len(lines)), lines)
        except OSError as error:
            self._close_file()
            self._worker.trouble(f"{self._path or 'standard output'}: {error.strerror}")
            return False
        self._worker.well()
        return True

    def _opened(self, more_bytes: int) -> int:
        """The file, with room for so many bytes."""
        if self._path is None:
            return _STDOUT_FD
        if self._reopen.is_set():
            self._reopen.clear()
            self._close_file()
        file = self._file = self._open(self._path) if self._file is None else self._file
        most, size = self._options.jsonl_max_bytes, os.fstat(file).st_size
        if not most or not size or size + more_bytes <= most:
            return file
        self._close_file()
        self._rotate(self._path)
        self._file = self._open(self._path)
        return self._file

    def _open(self, path: Path) -> int:
        path.parent.mkdir(parents=True, exist_ok=True)
        return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, _MODE)

    def _rotate(self, path: Path) -> None:
        """FILE.1 becomes FILE.2 and so on, then FILE becomes FILE.1; the last one is lost."""
        names = [path, *(Path(f"{path}.{n}") for n in range(1, self._options.jsonl_files + 1))]
        for newer, older in reversed(list(pairwise(names))):
            if newer.exists():
                newer.replace(older)

    def _append(self, file: int, data: bytes) -> None:
        """Write all or, on a full disk, nothing: half a line would spoil the next one."""
        size, rest = os.fstat(file).st_size, memoryview(data)
        try:
            while rest:
                rest = rest[os.write(file, rest) :]
        except OSError:
            if self._path is not None:
                with suppress(OSError):
                    os.ftruncate(file, size)
            raise

    def _close_file(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None
