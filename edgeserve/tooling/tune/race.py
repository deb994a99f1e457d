"""Candidates side by side: the speed of a machine drifts, so all are measured in turn, in rounds.

What is compared are ratios to the baseline within a round, and their medians over the rounds.
"""

from __future__ import annotations

from collections import defaultdict
from math import sqrt
from statistics import median
from typing import TYPE_CHECKING

from edgeserve.domain.errors import EdgeserveError
from edgeserve.tooling.progress import progress
from edgeserve.tooling.tune.candidate import Load

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from edgeserve.tooling.tune.candidate import Candidate, Run

    Measure = Callable[[Run, float], float]

NOISE = 0.03
"""Ratios closer than this are the same."""


class Race:
    """Measurements of many candidates.

    Attributes:
        faults: what went wrong with a run; its candidates are out.
    """

    def __init__(self, measure: Measure, baseline: Candidate, cores: int) -> None:
        """Compare with a baseline.

        Args:
            measure: frames a second of a run, over so many seconds.
            baseline: what others are held against; it must run.
            cores: of the machine.
        """
        self._measure = measure
        self._baseline = baseline
        self._cores = cores
        self._fps: dict[Run, list[float]] = defaultdict(list)
        self._ratios: dict[Run, list[float]] = defaultdict(list)
        self.faults: dict[Run, str] = {}

    def round(self, candidates: Sequence[Candidate], seconds: float, title: str) -> None:
        """Measure each run of the candidates once, and the baseline's before and after them.

        Raises:
            EdgeserveError: the baseline fails.
        """
        base = self.runs([self._baseline])
        rest = [run for run in self.runs(candidates) if run not in {*base, *self.faults}]
        seen: dict[Run, list[float]] = defaultdict(list)
        for run in progress([*base, *rest, *(base if rest else ())], title):
            try:
                fps = self._measure(run, seconds)
            except EdgeserveError as error:  # noqa: PERF203 - one that fails stops no other
                if run in base:
                    raise
                self.faults[run] = str(error)
            else:
                seen[run].append(fps)
        of_base = {run.load: sum(seen[run]) / len(seen[run]) for run in base}
        for run, found in seen.items():
            fps = sum(found) / len(found)
            self._fps[run].append(fps)
            self._ratios[run].append(fps / of_base[run.load])

    def runs(self, candidates: Sequence[Candidate]) -> list[Run]:
        """What has to be measured for candidates, each once."""
        found = (candidate.run(load, self._cores) for candidate in candidates for load in Load)
        return list(dict.fromkeys(found))

    def fps(self, candidate: Candidate, load: Load) -> float | None:
        """Median frames a second; None if it was never measured."""
        found = self._fps.get(candidate.run(load, self._cores))
        return median(found) if found else None

    def ratio(self, candidate: Candidate, load: Load) -> float | None:
        """Median multiple of the baseline's speed; None if it was never measured."""
        found = self._ratios.get(candidate.run(load, self._cores))
        return median(found) if found else None

    def fault(self, candidate: Candidate) -> str:
        """What went wrong with it; empty if nothing did."""
        runs = self.runs([candidate])
        return next((self.faults[run] for run in runs if run in self.faults), "")

    def score(self, candidate: Candidate) -> float:
        """How good it is: the mean gain, where no load loses by it; else what that load keeps."""
        ratios = [self.ratio(candidate, load) for load in Load]
        known = [ratio for ratio in ratios if ratio is not None]
        if len(known) < len(Load) or self.fault(candidate):
            return 0.0
        least = min(known)
        return least if least < 1 - NOISE else sqrt(known[0] * known[1])

    def best(self, candidates: Sequence[Candidate], count: int) -> list[Candidate]:
        """The best so far, best first, without those that failed."""
        alive = [one for one in candidates if self.score(one)]
        return sorted(alive, key=self.score, reverse=True)[:count]
