"""The gate: a quantized model is published only if it found about as much as its FP32 form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgeserve.tooling.progress import say

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from edgeserve.tooling.float_layers import FloatLayers
    from edgeserve.tooling.yardstick import Reading

MAX_DROP = 0.005
"""AP that a model may lose, of 1."""
MAX_DISAGREEMENT = 0.05
"""Share of boxes that may differ from the FP32 form's, where there are no labels."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One quantization and what it found.

    Attributes:
        layers: what stayed in float.
        measured: what the quantized form reached.
        reference: what the FP32 form reached, under at least the same names.
    """

    layers: FloatLayers
    measured: Reading
    reference: Mapping[str, float]

    @property
    def before(self) -> dict[str, float]:
        """Figures of the FP32 form by name, 0..1."""
        return {name: self.reference[name] for name in self.after}

    @property
    def after(self) -> dict[str, float]:
        """Figures of the quantized form by name, 0..1."""
        return dict(self.measured.figures)

    @property
    def worst(self) -> str:
        """The figure that lost most."""
        before, after = self.before, self.after
        return max(before, key=lambda name: before[name] - after[name])

    @property
    def drop(self) -> float:
        """What was lost there; negative if all gained."""
        return self.before[self.worst] - self.after[self.worst]


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a search for a good quantization ended.

    Attributes:
        runtime: the model was quantized for.
        max_drop: what was allowed.
        attempts: in the order in which they were made; never empty.
    """

    runtime: str
    max_drop: float
    attempts: tuple[Attempt, ...]

    @property
    def best(self) -> Attempt:
        """The one that lost least; where the gate was passed, the last one."""
        return self.attempts[-1] if self.passed else min(self.attempts, key=lambda one: one.drop)

    @property
    def passed(self) -> bool:
        """Whether the last attempt is good enough."""
        return self.attempts[-1].drop <= self.max_drop

    def document(self) -> dict[str, object]:
        """The fields of the command's JSON; `before` and `after` of the figure that lost most."""
        best = self.best
        return {
            "runtime": self.runtime,
            "before": best.before[best.worst],
            "after": best.after[best.worst],
            "drop": best.drop,
            "float_layers": list(best.layers.convolutions),
            "passed": self.passed,
            "worst": best.worst,
            "figures": {
                name: {"before": before, "after": best.after[name]}
                for name, before in best.before.items()
            },
            "attempts": [
                {"float_layers": one.layers.title, "drop": one.drop} for one in self.attempts
            ],
        }


def search(
    runtime: str,
    choices: Iterable[FloatLayers],
    measure: Callable[[FloatLayers], Reading],
    reference: Mapping[str, float],
    max_drop: float,
) -> Verdict:
    """Try one choice after another until one passes.

    Args:
        runtime: for the record.
        choices: cheapest first; at least one.
        measure: quantizes with a choice and measures the result.
        reference: figures of the FP32 form.
        max_drop: what each figure may lose.
    """
    attempts: list[Attempt] = []
    for layers in choices:
        attempt = Attempt(layers, measure(layers), reference)
        attempts.append(attempt)
        figures = ", ".join(f"{name} {ap:.4f}" for name, ap in attempt.after.items())
        say(f"{runtime}: {layers.title} in float: {figures}; drop {attempt.drop:.4f}")
        if attempt.drop <= max_drop:
            break
    return Verdict(runtime, max_drop, tuple(attempts))
