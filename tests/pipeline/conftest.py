"""Fixtures of the frame path."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from tests.pipeline.harness import Bench, Inferences

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from edgeserve.pipeline.options import PipelineOptions


class Benches:
    """Makes benches, and closes them behind the test."""

    def __init__(self) -> None:
        self.made: list[Bench] = []

    def __call__(
        self,
        *,
        workers: int = 1,
        limits: PipelineOptions | None = None,
        faults: Mapping[int, Exception] | None = None,
        clock: Callable[[], int] = time.monotonic_ns,
    ) -> Bench:
        made = Bench(Inferences(faults), workers=workers, limits=limits, clock=clock)
        self.made.append(made)
        return made


@pytest.fixture
def bench() -> Iterator[Benches]:
    benches = Benches()
    yield benches
    for made in benches.made:
        made.close()
