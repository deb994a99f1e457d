"""The fastest way of running a model on this machine that finds what FP32 finds."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from edgeserve.app.verify import golden_frames, judge_form
from edgeserve.checks.choice import Choice, Choices
from edgeserve.checks.forms import forms
from edgeserve.checks.machine import facts
from edgeserve.checks.report import PASSED
from edgeserve.domain.errors import EdgeserveError, NotAvailableError
from edgeserve.engines.options import EngineOptions
from edgeserve.engines.registry import runtimes
from edgeserve.engines.wishes import read_wishes
from edgeserve.process.cpus import available_cpus
from edgeserve.tooling.bench.load import pictures
from edgeserve.tooling.progress import progress
from edgeserve.tooling.tune.search import search
from edgeserve.tooling.tune.stopwatch import Stopwatch

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from edgeserve.catalog.bundle import Bundle
    from edgeserve.checks.forms import Form
    from edgeserve.checks.report import Finding
    from edgeserve.engines.wishes import Wish
    from edgeserve.tooling.tune.search import Line, Outcome


@dataclass(frozen=True, slots=True)
class Tuning:
    """What came of it.

    Attributes:
        choice: the best.
        path: where it was written; empty if it was not.
        absent: precisions that the manifest has and this installation lacks.
        verified: what was found of each form.
        outcome: of the measurements.
    """

    choice: Choice
    path: str
    absent: Sequence[str]
    verified: Sequence[Finding]
    outcome: Outcome

    def document(self) -> dict[str, object]:
        """The fields of the command's JSON."""
        return {
            "model": self.choice.model,
            "choice": self.choice.model_dump(),
            "file": self.path or None,
            "absent": list(self.absent),
            "verified": [asdict(one) for one in self.verified],
            "measured": [_record(line) for line in self.outcome.lines],
        }


def tune(
    bundle: Bundle, cache_dir: Path, *, provider: str, source: str, seconds: float, keep: bool
) -> Tuning:
    """Measure what could run a model here, and keep the best for the server.

    Args:
        bundle: its files are as the manifest says.
        cache_dir: of the server.
        provider: devices to try, as of the server's option; empty tries all.
        source: of the pictures to measure with.
        seconds: to measure in all; to verify and compile comes on top.
        keep: whether to write the choice.

    Raises:
        ConfigurationError: `provider` or `source` is wrong, or the golden file.
        NotAvailableError: there are no golden frames or no form, or the choice cannot be written.
        EdgeserveError: no form finds what FP32 finds.
    """
    spec, manifest = bundle.spec, bundle.manifest
    if manifest.golden is None:
        text = f"model {spec.name} brings no golden frames: nothing shows which forms are right"
        raise NotAvailableError(text)
    golden, every = golden_frames(bundle), forms(spec, runtimes())
    wanted, default = _wanted(every, provider), _default(every)
    if not wanted:
        text = (
            f"nothing here could run model {spec.name} on {provider or 'any device'}; "
            "`edgeserve devices` lists what there is"
        )
        raise NotAvailableError(text)
    stopwatch = Stopwatch(spec, pictures(source))
    judged = [*wanted] if default is None or default in wanted else [*wanted, default]
    findings = {form: judge_form(spec, form, golden) for form in progress(judged, "verify")}
    right = [form for form, finding in findings.items() if finding.verdict == PASSED]
    passed = [form for form in wanted if form in right]
    if not passed:
        words = "; ".join(f"{findings[one].device}: {findings[one].reason}" for one in wanted)
        text = f"no form of model {spec.name} finds here what FP32 finds: {words}"
        raise EdgeserveError(text)
    # What does not find what it should is nothing to be held against.
    baseline = default if default is not None and default in right else passed[0]
    if keep:
        with _writing(cache_dir) as choices:
            choices.prepare(f"{spec.name}:{spec.version}")
    outcome = search(passed, baseline, stopwatch, available_cpus(), seconds)
    choice = _choice(bundle, outcome.chosen)
    path = ""
    if keep:
        with _writing(cache_dir) as choices:
            path = str(choices.write(choice))
    listed = {file.precision for file in manifest.files}
    return Tuning(
        choice,
        path,
        sorted(listed - {file.precision for file in spec.files}),
        list(findings.values()),
        outcome,
    )


def _wanted(every: Sequence[Form], provider: str) -> list[Form]:
    """The forms on the devices that are to be tried."""
    if not provider:
        return list(every)
    wishes = read_wishes(provider, runtimes())
    return [form for form in every if any(_meets(form, wish) for wish in wishes)]


def _meets(form: Form, wish: Wish) -> bool:
    device = form.device.name.partition(":")[2]
    return form.runtime in wish.runtimes and device.lower() == wish.device.lower()


def _default(every: Sequence[Form]) -> Form | None:
    """What a server runs by its defaults; None if it would not serve the model."""
    (wish,) = read_wishes(EngineOptions().provider, runtimes())
    for runtime in wish.runtimes:
        for precision in runtime.precisions(wish.device):
            for form in every:
                if form.runtime is runtime and _meets(form, wish) and form.precision == precision:
                    return form
    return None


def _choice(bundle: Bundle, line: Line) -> Choice:
    manifest, candidate = bundle.manifest, line.candidate
    return Choice.model_validate(
        {
            "model": f"{manifest.name}:{manifest.version}",
            "device": candidate.form.device.name,
            "precision": candidate.form.precision,
            **asdict(candidate.setting),
            **{load.value: ratio for load, ratio in line.ratios.items()},
            "made": datetime.now(timezone.utc).date().isoformat(),
            "facts": facts(manifest.model_dump_json()),
        }
    )


@contextmanager
def _writing(cache_dir: Path) -> Iterator[Choices]:
    try:
        yield Choices(cache_dir)
    except OSError as error:
        text = (
            f"the choice cannot be written to {cache_dir}: {error.strerror}; "
            "name the server's folder with --cache-dir"
        )
        raise NotAvailableError(text) from error


def _record(line: Line) -> dict[str, object]:
    form = line.candidate.form
    return {
        "device": form.device.name,
        "precision": form.precision,
        **asdict(line.candidate.setting),
        "fps": {load.value: value for load, value in line.fps.items()},
        "ratio": {load.value: value for load, value in line.ratios.items()},
        "fault": line.fault,
    }
