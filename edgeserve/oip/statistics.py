"""What the clients of this protocol had each model do, since the server started."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from edgeserve.domain.result import Status
from edgeserve.wire.oip.description import ModelStatistics

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edgeserve.domain.result import FrameResult

_MICRO = 1000
"""Nanoseconds."""


class Statistics:
    """Counts requests by model and version; used from the event loop only."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._models: dict[tuple[str, str], ModelStatistics] = {}

    def of(self, name: str, version: str) -> ModelStatistics:
        """The counts of a model."""
        key = (name, version)
        if key not in self._models:
            self._models[key] = ModelStatistics(name, version)
        return self._models[key]

    def succeeded(self, results: Sequence[FrameResult], taken_ns: int) -> None:
        """Count a request by the results of its frames, and the time that it took."""
        model = self.of(results[0].model, results[0].version)
        model.last_inference = time.time_ns() // 1_000_000
        for result in results:
            stages, stats = result.stages, model.inference_stats
            if result.status is not Status.OK:
                continue
            model.inference_count += 1
            model.execution_count += 1
            stats.queue.add(stages.queue_us * _MICRO)
            stats.compute_input.add((stages.decode_us + stages.preprocess_us) * _MICRO)
            stats.compute_infer.add(stages.infer_us * _MICRO)
            stats.compute_output.add(stages.postprocess_us * _MICRO)
        model.inference_stats.success.add(taken_ns)

    def failed(self, name: str, version: str, taken_ns: int) -> None:
        """Count a request that a model did not answer."""
        self.of(name, version).inference_stats.fail.add(taken_ns)
