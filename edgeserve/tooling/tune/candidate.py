"""What can be chosen: a form of the model, and how the server uses the device."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from edgeserve.pipeline.lane import workers_for

if TYPE_CHECKING:
    from edgeserve.checks.forms import Form

_FEW_CORES = 8
_SEVERAL_CORES = 4


class Load(str, Enum):
    """What a server may be asked for."""

    SINGLE = "single"
    """One frame at a time: the next when the result is there."""
    SATURATED = "saturated"
    """As many frames as it takes."""


@dataclass(frozen=True, slots=True)
class Setting:
    """Options of the server by their names; 0 is each one's default."""

    hint: str = "auto"
    threads: int = 0
    streams: int = 0
    workers: int = 0


@dataclass(frozen=True, slots=True)
class Run:
    """What is measured: an engine under a load.

    Attributes:
        load: that it is for.
        form: of the model.
        hint: of the engine: "latency" or "throughput".
        threads: of the engine.
        streams: of the engine.
        in_flight: frames in work at once.
    """

    load: Load
    form: Form
    hint: str
    threads: int
    streams: int
    in_flight: int


@dataclass(frozen=True, slots=True)
class Candidate:
    """A form under a setting."""

    form: Form
    setting: Setting = Setting()

    def run(self, load: Load, cores: int) -> Run:
        """What the server would do under a load: the engine of its lane, and the lane's workers.

        A lane on a CPU begins for latency, and changes under load, unless the hint is fixed;
        another device is always set for throughput unless the hint says otherwise.
        """
        setting = self.setting
        hint = setting.hint
        if hint == "auto":
            alone = load is Load.SINGLE and is_cpu(self.form)
            hint = "latency" if alone else "throughput"
        workers = setting.workers or workers_for(setting.threads or cores)
        several = load is Load.SATURATED and hint == "throughput"
        return Run(
            load,
            self.form,
            hint,
            setting.threads,
            setting.streams if hint == "throughput" else 0,
            workers if several else 1,
        )


def is_cpu(form: Form) -> bool:
    """Whether a form runs on a CPU."""
    return form.device.name.partition(":")[2] == "CPU"


def settings(form: Form, cores: int) -> list[Setting]:
    """What is worth trying with a form that is fast under the defaults; these are left out."""
    if not is_cpu(form):
        return [Setting("latency")]
    found = [Setting("throughput")]
    if cores > 1:
        found += [
            Setting(workers=cores),
            Setting(workers=cores + 1),
            Setting(streams=1, workers=2),
        ]
    if workers_for(cores) < 2 * cores <= 2 * _FEW_CORES:
        found.append(Setting(workers=2 * cores))
    if cores >= _SEVERAL_CORES:
        half = cores // 2
        found += [
            Setting(streams=half, workers=workers_for(half)),
            Setting(streams=cores, workers=workers_for(cores)),
            # Where two threads share a core's units, half of them may do as much.
            Setting(threads=half, workers=workers_for(half)),
        ]
    return found
