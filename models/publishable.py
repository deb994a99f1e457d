"""What an INT8 form must reach to be published: AP on val, and what its own `verify` will ask."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgeserve.checks.judge import limits
from edgeserve.tooling.yardstick import ByAgreement, ByLabels, Reading

if TYPE_CHECKING:
    from collections.abc import Mapping

    from edgeserve.domain.model import ModelSpec

_ENOUGH = limits("int8").matched
"""Share of the golden boxes that `verify` wants to find again; more counts no more here."""


@dataclass
class Publishable:
    """AP by origin, and agreement with FP32 on the golden pictures as far as it must go.

    A form may keep its AP and still fail on pictures of another kind than the data's.
    """

    labels: ByLabels
    golden: ByAgreement

    @property
    def before(self) -> Mapping[str, float]:
        """What the FP32 form reached."""
        return {**self.labels.before, **{_name(name): _ENOUGH for name in self.golden.before}}

    def read(self, spec: ModelSpec, runtime: str, precision: str) -> Reading:
        """Measure a form by both."""
        reading = self.labels.read(spec, runtime, precision)
        agreed = self.golden.read(spec, runtime, precision).figures
        golden = {_name(name): min(share, _ENOUGH) for name, share in agreed.items()}
        return Reading({**reading.figures, **golden}, reading.evaluation)


def _name(figure: str) -> str:
    return f"golden {figure}"
