"""A frame's result as a line for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgeserve.domain.result import Status
from edgeserve.tooling.frame_record import reason

if TYPE_CHECKING:
    from edgeserve.domain.result import FrameResult


def line(result: FrameResult, name: str) -> str:
    """One line for people, about the frame that they know by `name`."""
    if result.status is Status.OK:
        found = result.detections
        objects = [
            f"{label} {score:.2f} ({', '.join(f'{side:.0f}' for side in box)})"
            for label, score, box in zip(
                result.labels,
                found.scores.tolist(),
                found.boxes_xyxy.tolist(),
                strict=True,
            )
        ]
        return "  ".join([name, *(objects or ["nothing"]), f"{result.latency_us / 1000:.1f} ms"])
    words = [name, result.status.value, reason(result), result.message]
    return "  ".join(word for word in words if word)
