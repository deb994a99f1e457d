"""What a client asks of a frame and of a stream."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum


class Policy(str, Enum):
    """What happens when frames come faster than they can be processed."""

    LATEST = "latest"
    """One waiting frame; a newer one replaces it."""
    QUEUE = "queue"
    """A bounded queue; the oldest frame gives way."""
    BLOCK = "block"
    """Nothing is dropped: reading stops."""


class Priority(str, Enum):
    """A stream's share of a device that has too much to do: four to one from step to step."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"


@dataclass(frozen=True, slots=True)
class DetectOptions:
    """What to look for; None and "" take the server's or the model's default."""

    model: str = ""
    version: str = ""
    score_threshold: float | None = None
    iou_threshold: float | None = None
    max_detections: int | None = None
    labels: tuple[str, ...] = ()
    raw_outputs: bool = False
    """Give back what the model itself computed, too."""


@dataclass(frozen=True, slots=True)
class StreamOptions:
    """How a stream is treated.

    Attributes:
        detect: what to look for in its frames.
        policy: what happens under load.
        queue_size: for QUEUE and BLOCK; 0 takes the server's default.
        max_age_ms: a frame that waits longer is dropped; 0 means no limit.
        clock_synchronised: capture times may be compared with the server's clock.
        priority: the stream's share; the server refuses more than it allows.
    """

    detect: DetectOptions = field(default_factory=DetectOptions)
    policy: Policy = Policy.LATEST
    queue_size: int = 0
    max_age_ms: int = 0
    clock_synchronised: bool = False
    priority: Priority = Priority.NORMAL
