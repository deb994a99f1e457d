"""What came of comparing all forms of a model with FP32."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

PASSED, FAILED, SKIPPED = "passed", "failed", "skipped"


@dataclass(frozen=True, slots=True)
class Finding:
    """What came of one form on one device.

    Attributes:
        runtime: that ran it.
        device: RUNTIME:DEVICE.
        precision: of the file.
        matched: share of boxes that agree with the reference; None if it did not run.
        score_mae: mean difference of scores; None if it did not run.
        verdict: "passed", "failed", or "skipped" where the device turned out not to be usable.
        reason: why it was not passed.
    """

    runtime: str
    device: str
    precision: str
    matched: float | None
    score_mae: float | None
    verdict: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """What came of all forms.

    Attributes:
        model: its name.
        version: of the model.
        reference: what the forms were compared with.
        pictures: how many were looked at.
        devices: a finding for each form.
    """

    model: str
    version: str
    reference: str
    pictures: int
    devices: Sequence[Finding]

    @property
    def passed(self) -> bool:
        """Whether something ran and nothing failed."""
        verdicts = {one.verdict for one in self.devices}
        return PASSED in verdicts and FAILED not in verdicts

    @property
    def verdict(self) -> str:
        """`passed` in a word."""
        return PASSED if self.passed else FAILED

    def document(self) -> dict[str, object]:
        """The fields of the command's JSON."""
        return {"verdict": self.verdict, **asdict(self)}
