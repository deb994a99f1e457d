"""Measures runs, on the frame path of the server in a bare loop."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgeserve.pipeline.detector import Detector
from edgeserve.tooling.bench.limit import Candidate, measure

if TYPE_CHECKING:
    from collections.abc import Collection

    from edgeserve.domain.frame import EncodedFrame
    from edgeserve.domain.model import ModelSpec
    from edgeserve.tooling.tune.candidate import Run

_MOST_PIXELS = 7680 * 4320
_WARM_UP_S = 0.1

_Engine = tuple[object, ...]


class Stopwatch:
    """Compiles engines when they are first run, and keeps them while they are wanted."""

    def __init__(self, spec: ModelSpec, frames: list[EncodedFrame]) -> None:
        """Measure a model on these frames."""
        self._spec = spec
        self._frames = frames
        self._detectors: dict[_Engine, Detector] = {}

    def fps(self, run: Run, seconds: float) -> float:
        """Frames a second.

        Raises:
            EdgeserveError: the form cannot be opened, or fails.
        """
        key = _engine(run)
        if key not in self._detectors:
            engine = run.form.open(run.hint, run.threads, run.streams)
            self._detectors[key] = Detector(
                self._spec, engine, max_pixels=_MOST_PIXELS, reduced_decode=True
            )
            self._loop(run, min(_WARM_UP_S, seconds))
        return self._loop(run, seconds)

    def keep(self, runs: Collection[Run]) -> None:
        """Give the memory of all other engines back."""
        wanted = {_engine(run) for run in runs}
        self._detectors = {key: one for key, one in self._detectors.items() if key in wanted}

    def _loop(self, run: Run, seconds: float) -> float:
        candidate = Candidate(run.hint, run.in_flight, self._detectors[_engine(run)])
        fps: float = measure(candidate, self._frames, seconds)["fps"]
        return fps


def _engine(run: Run) -> _Engine:
    return run.form, run.hint, run.threads, run.streams
