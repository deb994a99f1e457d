"""How long to wait before the next try."""

from __future__ import annotations

import random


class Backoff:
    """Waits that double, with jitter: clients of a server that restarts must not come as one."""

    def __init__(self, first_s: float = 0.1, most_s: float = 5.0) -> None:
        """Begin at `first_s`, stop growing at `most_s`."""
        self._first_s = first_s
        self._most_s = most_s
        self._next_s = first_s

    def reset(self) -> None:
        """Begin anew, after a success."""
        self._next_s = self._first_s

    def wait_s(self) -> float:
        """The next wait: between half of its step and the whole."""
        step_s = self._next_s
        self._next_s = min(step_s * 2, self._most_s)
        return step_s * random.uniform(0.5, 1.0)  # noqa: S311 - no secret  # nosec B311
