"""Narrows down what is worth measuring long: forms, then settings of the best, then a final."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgeserve.domain.errors import NotAvailableError
from edgeserve.tooling.tune.candidate import Candidate, Load, Setting, settings
from edgeserve.tooling.tune.race import NOISE, Race

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edgeserve.checks.forms import Form
    from edgeserve.tooling.tune.stopwatch import Stopwatch

_FORMS_TO_SET = 2
_FINALISTS = 3
_ROUNDS = 2
_FINAL_ROUNDS = 5
_SHORTEST_S = 0.01


@dataclass(frozen=True, slots=True)
class Line:
    """What was found of one candidate.

    Attributes:
        candidate: that was measured.
        fps: frames a second by load, medians; None where it did not run.
        ratios: to the baseline's speed by load, likewise.
        fault: why it is out; empty if it is not.
    """

    candidate: Candidate
    fps: dict[Load, float | None]
    ratios: dict[Load, float | None]
    fault: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a search found.

    Attributes:
        chosen: the line of the best candidate.
        lines: of all candidates, those that went furthest first.
    """

    chosen: Line
    lines: Sequence[Line]


def search(
    forms: Sequence[Form], baseline: Form, stopwatch: Stopwatch, cores: int, seconds: float
) -> Outcome:
    """Find the candidate that is the fastest over both loads, and on neither slower than now.

    Args:
        forms: that may be chosen.
        baseline: the form that a server would run by its defaults; it need not be among `forms`.
        stopwatch: measures.
        cores: of the machine.
        seconds: to measure in all; compiling comes on top.

    Raises:
        EdgeserveError: the baseline fails.
        NotAvailableError: none of the forms runs.
    """
    default = Candidate(baseline)
    race = Race(stopwatch.fps, default, cores)
    each_s = max(_SHORTEST_S, seconds / _units(forms, cores))
    candidates = [Candidate(form) for form in forms]
    best = _halve(race, stopwatch, candidates, each_s, "forms")
    # The runner-up may be the one that a setting helps.
    variants = [
        Candidate(one.form, setting)
        for one in best[:_FORMS_TO_SET]
        for setting in settings(one.form, cores)
    ]
    tried = list(dict.fromkeys([*candidates, *variants]))
    _halve(race, stopwatch, [*best[:_FORMS_TO_SET], *variants], each_s, "settings")
    finalists = race.best(tried, _FINALISTS)
    if not finalists:
        text = f"nothing could be measured: {'; '.join(dict.fromkeys(race.faults.values()))}"
        raise NotAvailableError(text)
    stopwatch.keep(race.runs([default, *finalists]))
    final = Race(stopwatch.fps, default, cores)
    for number in range(_FINAL_ROUNDS):
        final.round(finalists, 2 * each_s, f"final {number + 1}/{_FINAL_ROUNDS}")
    chosen = _choose(final, finalists, default if baseline in forms else None)
    shown = dict.fromkeys([*finalists, default])
    lines = [_line(final, one) for one in sorted(shown, key=final.score, reverse=True)]
    rest = [one for one in tried if one not in shown]
    lines += [_line(race, one) for one in sorted(rest, key=race.score, reverse=True)]
    return Outcome(next(line for line in lines if line.candidate == chosen), lines)


def _halve(
    race: Race, stopwatch: Stopwatch, candidates: Sequence[Candidate], each_s: float, title: str
) -> list[Candidate]:
    """Measure all, then the better half again; the best first."""
    left = list(candidates)
    for number in range(_ROUNDS):
        race.round(left, each_s, f"{title} {number + 1}/{_ROUNDS}")
        left = race.best(left, max(_FORMS_TO_SET, -(-len(left) // 2)))
        stopwatch.keep(race.runs(left))
    return left


def _choose(final: Race, finalists: Sequence[Candidate], default: Candidate | None) -> Candidate:
    """The best of the final; `default`, where it may be chosen, unless another is clearly better.

    Among settings of equal use it is the default one.
    """
    ordered = sorted(finalists, key=lambda one: one.setting != Setting())
    best = ordered[0] if default is None else default
    for one in ordered:
        if final.score(one) > (1 + NOISE) * final.score(best):
            best = one
    return best


def _units(forms: Sequence[Form], cores: int) -> float:
    """About how many measurements of one length a search makes."""
    loads = len(Load)
    first = (1 + 0.5) * loads * len(forms)
    variants = sum(len(settings(form, cores)) for form in forms[:_FORMS_TO_SET])
    second = (1 + 0.5) * loads * variants
    baselines = 2 * loads * (2 * _ROUNDS + 2 * _FINAL_ROUNDS)
    return first + second + baselines + 2 * loads * _FINAL_ROUNDS * _FINALISTS


def _line(race: Race, candidate: Candidate) -> Line:
    return Line(
        candidate,
        {load: race.fps(candidate, load) for load in Load},
        {load: race.ratio(candidate, load) for load in Load},
        race.fault(candidate),
    )
