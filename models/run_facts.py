"""What is known of the run that a checkpoint comes from."""

from __future__ import annotations

import csv
import os
from dataclasses import dataclass
from pathlib import Path

_CPU_INFO = Path("/proc/cpuinfo")
_INT8_FLAGS = ("avx_vnni", "avx512_vnni", "amx_int8")
"""What makes INT8 fast, and exact, on x86."""


@dataclass(frozen=True)
class RunFacts:
    """Of a training run, as far as its folder tells."""

    epoch: int
    """Whose weights were kept."""
    minutes: float
    """Of training until then."""
    whole_minutes: float
    """Of the whole run."""
    images_a_second: float
    """Median over the epochs."""
    machine: str
    curve: tuple[tuple[int, float], ...]
    """Epoch and AP of the judged origin on val, wherever it was measured."""

    @classmethod
    def read(cls, checkpoint: Path, judged: str) -> RunFacts:
        """Read the checkpoint and, beside it, `curves.csv`."""
        from models.training.checkpoint import load  # noqa: PLC0415 - the facts need no PyTorch

        state = load(checkpoint)
        with (checkpoint.parent / "curves.csv").open(newline="") as file:
            rows = list(csv.DictReader(file))
        speeds = sorted(float(row["images_a_second"]) for row in rows)
        precision = f"{judged}_ap"
        points = [(int(row["epoch"]), float(row[precision])) for row in rows if row[precision]]
        return cls(
            epoch=int(state["epoch"]),
            minutes=float(state["trained_s"]) / 60,
            whole_minutes=float(rows[-1]["minutes"]),
            images_a_second=speeds[len(speeds) // 2],
            machine=_machine(),
            curve=tuple(points),
        )


def _machine() -> str:
    """This one: a bundle is made where its network was trained."""
    lines = _CPU_INFO.read_text().splitlines() if _CPU_INFO.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    flags = next((line.split() for line in lines if line.startswith("flags")), [])
    int8 = [flag for flag in _INT8_FLAGS if flag in flags]
    name = names[0] if names else "an unnamed CPU"
    return f"{len(os.sched_getaffinity(0))} cores of {name} ({', '.join(int8) or 'no VNNI'})"
