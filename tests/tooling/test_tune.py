"""The search for the fastest, on forms whose speed is known beforehand."""

from __future__ import annotations

import itertools
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from edgeserve.checks.forms import Form
from edgeserve.domain.errors import EngineError, NotAvailableError
from edgeserve.domain.model import ModelFile
from edgeserve.domain.status import DeviceStatus
from edgeserve.pipeline.lane import workers_for
from edgeserve.tooling.tune.candidate import Candidate, Load, Setting, settings
from edgeserve.tooling.tune.race import Race
from edgeserve.tooling.tune.search import Outcome, search
from tests import fakes
from tests.checks.test_forms import Runtime

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from edgeserve.tooling.tune.candidate import Run

CORES = 2
SECONDS = 1.0
RUNTIME = Runtime("a")


def form(name: str, device: str = "CPU") -> Form:
    file = ModelFile(Path(name), ("a",), "int8")
    status = DeviceStatus(f"a:{device}", "a", available=True)
    return Form(file, fakes.model_spec().input, RUNTIME, status, "int8")


class Stopwatch:
    """Tells what a function says, on a machine that grows slower and slower."""

    def __init__(self, speed: Callable[[Run], float]) -> None:
        self._speed = speed
        self._drift = itertools.count(1000)
        self.counts: Counter[str] = Counter()

    def fps(self, run: Run, seconds: float) -> float:
        assert seconds > 0
        self.counts[run.form.file.path.name] += 1
        return self._speed(run) / next(self._drift)

    def keep(self, runs: Collection[Run]) -> None:
        self.kept = runs


def found(speed: Callable[[Run], float], *names: str) -> Outcome:
    forms = [form(name) for name in names]
    return search(forms, forms[0], Stopwatch(speed), CORES, SECONDS)  # type: ignore[arg-type]


def by_name(speeds: dict[str, tuple[float, float]]) -> Callable[[Run], float]:
    return lambda run: speeds[run.form.file.path.name][run.load is Load.SATURATED]


def test_the_fastest_form_is_chosen_with_its_ratios() -> None:
    speeds = {"default": (10.0, 20.0), "good": (11.0, 26.0), "better": (15.0, 30.0)}
    chosen = found(by_name(speeds), *speeds).chosen
    assert chosen.candidate == Candidate(form("better"))
    assert chosen.ratios[Load.SINGLE] == pytest.approx(1.5, rel=0.05)
    assert chosen.ratios[Load.SATURATED] == pytest.approx(1.5, rel=0.05)


def test_what_loses_on_one_load_is_not_chosen_however_fast_on_the_other() -> None:
    speeds = {"default": (10.0, 20.0), "batchy": (5.0, 200.0), "both": (11.5, 23.0)}
    assert found(by_name(speeds), *speeds).chosen.candidate.form.file.path.name == "both"


def test_the_default_stays_where_nothing_gains() -> None:
    speeds = {"default": (10.0, 20.0), "same": (10.1, 20.1), "slow": (5.0, 9.0)}
    chosen = found(by_name(speeds), *speeds).chosen
    assert chosen.candidate == Candidate(form("default"))


def test_a_setting_that_helps_is_chosen() -> None:
    def speed(run: Run) -> float:
        return 15.0 if run.in_flight == CORES + 1 else 10.0

    assert found(speed, "default", "other").chosen.candidate.setting == Setting(workers=CORES + 1)


def test_what_fails_is_out_and_says_why() -> None:
    def speed(run: Run) -> float:
        if run.form.file.path.name == "broken":
            text = "no memory"
            raise EngineError(text)
        return 10.0

    outcome = found(speed, "default", "broken")
    assert outcome.chosen.candidate.form.file.path.name == "default"
    faults = {line.candidate.form.file.path.name: line.fault for line in outcome.lines}
    assert faults == {"default": "", "broken": "no memory"}


def test_a_baseline_that_may_not_be_chosen_is_not_chosen() -> None:
    speeds = {"slow": (5.0, 5.0), "default": (10.0, 10.0)}
    baseline = form("default")
    stopwatch = Stopwatch(by_name(speeds))
    outcome = search([form("slow")], baseline, stopwatch, CORES, SECONDS)  # type: ignore[arg-type]
    assert outcome.chosen.candidate.form.file.path.name == "slow"
    assert outcome.chosen.ratios[Load.SINGLE] == pytest.approx(0.5, rel=0.05)


def test_where_nothing_runs_it_says_why() -> None:
    def speed(run: Run) -> float:
        if run.form.file.path.name == "only":
            text = "no memory"
            raise EngineError(text)
        return 10.0

    stopwatch = Stopwatch(speed)
    with pytest.raises(NotAvailableError, match="no memory"):
        search([form("only")], form("default"), stopwatch, CORES, SECONDS)  # type: ignore[arg-type]


def test_the_slow_are_measured_less_than_the_fast() -> None:
    names = [str(number) for number in range(8)]
    forms = [form(name) for name in names]
    stopwatch = Stopwatch(lambda run: 10.0 + int(run.form.file.path.name))
    search(forms, forms[0], stopwatch, CORES, SECONDS)  # type: ignore[arg-type]
    assert stopwatch.counts["7"] > 2 * stopwatch.counts["1"]


def test_rounds_cancel_the_drift_of_a_machine() -> None:
    base, other = Candidate(form("default")), Candidate(form("other"))
    race = Race(Stopwatch(lambda _: 10.0).fps, base, CORES)
    for _ in range(3):
        race.round([other], 1, "")
    assert race.ratio(other, Load.SINGLE) == pytest.approx(1, rel=0.01)


@pytest.mark.parametrize(
    ("setting", "single", "saturated"),
    [
        (Setting(), ("latency", 1), ("throughput", workers_for(CORES))),
        (Setting("throughput", workers=5), ("throughput", 1), ("throughput", 5)),
        (Setting("latency"), ("latency", 1), ("latency", 1)),
        (Setting(threads=1), ("latency", 1), ("throughput", workers_for(1))),
    ],
)
def test_a_setting_is_measured_as_a_lane_would_run_it(
    setting: Setting, single: tuple[str, int], saturated: tuple[str, int]
) -> None:
    candidate = Candidate(form("default"), setting)
    runs = [candidate.run(load, CORES) for load in Load]
    assert [(run.hint, run.in_flight) for run in runs] == [single, saturated]


@pytest.mark.parametrize("cores", [1, 2, 4, 64])
def test_settings_fit_the_machine(cores: int) -> None:
    found = settings(form("default"), cores)
    assert len(set(found)) == len(found)
    assert Setting() not in found
    for one in found:
        assert max(one.threads, one.streams) <= cores
    assert Candidate(form("default", "GPU")).run(Load.SINGLE, cores).hint == "throughput"
