"""What a fault looked like from outside, as a row of the table that `make faults` writes."""

from __future__ import annotations

import json
import os
import re
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from types import TracebackType

    from typing_extensions import Self

    from tests.faults.server import Series, Server
    from tests.faults.traffic import Answer

ROWS = "EDGESERVE_FAULT_ROWS"
"""Variable with the file that rows are appended to, a JSON object each."""
_ROUTINE = {
    "edgeserve_configuration_switches_total",
    "edgeserve_frames_received_total",
    "edgeserve_results_total",
    "edgeserve_sink_delivered_total",
    "edgeserve_traced_frames_total",
}
_LONGEST = 200
_MOST_LINES = 3


class Observation:
    """Watches a server while a fault happens to it; a context manager.

    The row is written when the context ends without an error: it holds what was observed, by a
    test that passed.
    """

    def __init__(self, fault: str, server: Server, *, from_start: bool = False) -> None:
        """Name the fault, in the table's words.

        Args:
            fault: its name.
            server: to which it happens.
            from_start: whether what the log said before belongs to it.
        """
        self._fault = fault
        self._server = server
        self._pid = server.process.pid
        self._before = server.metrics()
        self._log_bytes = 0 if from_start else server.log.stat().st_size
        self._seen: list[str] = []
        self._recovered: list[str] = []
        self.began_s = time.monotonic()

    def saw(self, text: str) -> None:
        """Users saw this."""
        self._seen.append(text)

    def saw_answers(self, answers: Iterable[Answer | str]) -> None:
        """Users got these answers."""
        kinds = Counter(one if isinstance(one, str) else one.what for one in answers)
        self._seen += [f"{count} x {what}" for what, count in kinds.most_common()]

    def recovered(self, what: str, seconds: float | None = None) -> None:
        """It was well again, after so long."""
        self._recovered.append(what if seconds is None else f"{what} after {seconds:.1f} s")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is not None:
            return
        row = {
            "fault": self._fault,
            "seen": [_plain(text) for text in self._seen],
            "counted": self._counted(),
            "logged": self._logged(),
            "recovered": self._recovered,
        }
        if path := os.environ.get(ROWS):
            with Path(path).open("a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")

    def _counted(self) -> list[str]:
        if self._server.process.poll() is not None:
            return []
        same = self._server.process.pid == self._pid
        return _risen(self._before if same else {}, self._server.metrics())

    def _logged(self) -> list[str]:
        lines: Counter[str] = Counter()
        for line in self._server.complaints(self._log_bytes):
            lines[_short(_plain(line))] += 1
        told = [f"{line} ({count} x)" if count > 1 else line for line, count in lines.items()]
        more = len(told) - _MOST_LINES
        return [*told[:_MOST_LINES], *([f"and {more} other lines"] if more > 0 else [])]


def _risen(before: Mapping[Series, float], after: Mapping[Series, float]) -> list[str]:
    """Counters of ours that are higher, other than those that rise with every frame."""
    found = []
    for (name, labels), value in sorted(after.items()):
        more = value - before.get((name, labels), 0)
        counts = name.startswith("edgeserve_") and name.endswith("_total")
        # A camera's newer frame replaces an older one whenever the machine is busy.
        routine = name in _ROUTINE or ("reason", "replaced") in labels
        if counts and not routine and more > 0:
            shown = ",".join(f'{key}="{text}"' for key, text in labels)
            found.append(f"{name}{{{shown}}} +{more:.0f}")
    return found


def _plain(line: str) -> str:
    """Without what differs from run to run."""
    line = re.sub(r"(127\.0\.0\.1|localhost):\d+", r"\1:PORT", line)
    return re.sub(r"/tmp/[^\s'\"]*/", "…/", line)  # noqa: S108 - pytest's folders


def _short(line: str) -> str:
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"
