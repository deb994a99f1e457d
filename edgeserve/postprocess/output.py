"""A model's raw outputs: taken by name, turned the right way, held against the manifest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from edgeserve.domain.errors import ConfigurationError, EngineError
from edgeserve.domain.model import shapes_agree

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from edgeserve.domain.model import ModelSpec

Shape = tuple[int, ...]
ANY = -1
"""A size that the manifest does not determine."""


def names_of(spec: ModelSpec, *roles: str) -> tuple[str, ...]:
    """The file's output for each role.

    Raises:
        ConfigurationError: the manifest leaves a role out.
    """
    head = spec.head
    missing = [role for role in roles if role not in head.outputs]
    if missing:
        needs = ", ".join(f"outputs.{role}" for role in roles)
        text = f"model {spec.name}: head {head.layout} needs {needs}; got {dict(head.outputs)}"
        raise ConfigurationError(text)
    return tuple(head.outputs[role] for role in roles)


def check_shapes(
    model: str,
    outputs: Mapping[str, Shape],
    expected: Mapping[str, Sequence[Shape]],
    by: str,
) -> None:
    """Hold each output against the shapes that it may have; `ANY` in these fits every size.

    Raises:
        ConfigurationError: a name or a shape differs; the text names what `by` determines it.
    """
    for name, shapes in expected.items():
        found = outputs.get(name)
        if found is None or not any(_agree(found, shape) for shape in shapes):
            wanted = " or ".join(_text(shape) for shape in shapes)
            text = (
                f"model {model}: output {name!r} should have shape {wanted} by {by} of the "
                f"manifest; the model file has "
                f"{ {key: list(value) for key, value in outputs.items()} }"
            )
            raise ConfigurationError(text)


def real(output: NDArray[np.generic]) -> NDArray[np.float32]:
    """An output as float32; not copied where it is."""
    values: NDArray[np.float32] = np.asarray(output, dtype=np.float32)
    return values


def rows_of(output: NDArray[np.generic], channels: int, *, first: bool) -> NDArray[np.float32]:
    """A (1, N, K) or (1, K, N) output as (N, K), a view.

    Args:
        output: float16 or float32.
        channels: K.
        first: which axis is K where both have its size.

    Raises:
        EngineError: neither has, in a file that had left its sizes open.
    """
    plane: NDArray[np.float32] = real(output)[0]
    if channels not in plane.shape:
        text = f"an output has shape {list(output.shape)}; expected {channels} channels"
        raise EngineError(text)
    if plane.shape[0] == channels and (first or plane.shape[1] != channels):
        plane = plane.T
    return plane


def _agree(found: Shape, wanted: Shape) -> bool:
    relaxed = tuple(ANY if size == ANY else have for have, size in zip(found, wanted, strict=False))
    return len(found) == len(wanted) and shapes_agree(relaxed, wanted)


def _text(shape: Shape) -> str:
    return str(["N" if size == ANY else size for size in shape]).replace("'", "")
