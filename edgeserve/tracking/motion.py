"""Where boxes will be: a Kalman filter of constant velocity for many boxes at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Standard deviations, in sides of the box: a detector's error grows with the object.
_MEASUREMENT = 0.05
_FIRST_VELOCITY = 2.0
_ACCELERATION = 1.0
"""Of white noise, a second: how fast a velocity may change."""
_LEAST_SIDE_PX = 1.0


@dataclass(slots=True)
class Motion:
    """Position and velocity of N boxes, with their covariance.

    The four numbers of a box (cxcywh, source pixels) are filtered independently, each with its
    velocity in pixels a second: the covariance is then three numbers for each, and a step is a
    few array operations without a matrix.

    Attributes:
        position: (N, 4) cxcywh.
        velocity: (N, 4) pixels a second.
        variance: (N, 4) of the position.
        covariance: (N, 4) of position and velocity.
        velocity_variance: (N, 4).
    """

    position: NDArray[np.float64]
    velocity: NDArray[np.float64]
    variance: NDArray[np.float64]
    covariance: NDArray[np.float64]
    velocity_variance: NDArray[np.float64]

    @classmethod
    def of(cls, boxes_xyxy: NDArray[np.float64]) -> Motion:
        """Boxes (N, 4) seen for the first time: nothing is known of their velocity."""
        position = _cxcywh(boxes_xyxy)
        sides = _sides(position)
        return cls(
            position=position,
            velocity=np.zeros_like(position),
            variance=(2 * _MEASUREMENT * sides) ** 2,
            covariance=np.zeros_like(position),
            velocity_variance=(_FIRST_VELOCITY * sides) ** 2,
        )

    def predict(self, seconds: float) -> None:
        """Move all boxes on by so many seconds (0 or more)."""
        noise = (_ACCELERATION * _sides(self.position)) ** 2
        self.position += seconds * self.velocity
        np.maximum(self.position[:, 2:], _LEAST_SIDE_PX, out=self.position[:, 2:])
        self.variance += seconds * (
            2 * self.covariance + seconds * (self.velocity_variance + noise * seconds / 3)
        )
        self.covariance += seconds * (self.velocity_variance + noise * seconds / 2)
        self.velocity_variance += seconds * noise

    def correct(self, index: NDArray[np.intp], boxes_xyxy: NDArray[np.float64]) -> None:
        """Take in the measured boxes (M, 4) of the boxes at `index` (M,)."""
        measured = _cxcywh(boxes_xyxy)
        error = measured - self.position[index]
        total = self.variance[index] + (_MEASUREMENT * _sides(measured)) ** 2
        gain, velocity_gain = self.variance[index] / total, self.covariance[index] / total
        self.position[index] += gain * error
        np.maximum(self.position[:, 2:], _LEAST_SIDE_PX, out=self.position[:, 2:])
        self.velocity[index] += velocity_gain * error
        self.velocity_variance[index] -= velocity_gain * self.covariance[index]
        self.covariance[index] *= 1 - gain
        self.variance[index] *= 1 - gain

    def hold_sizes(self, lost: NDArray[np.bool_]) -> None:
        """Stop growth and shrinking of boxes that are out of sight, `lost` (N,)."""
        self.velocity[lost, 2:] = 0

    def boxes_xyxy(self) -> NDArray[np.float64]:
        """(N, 4) corners in source pixels."""
        half = self.position[:, 2:] / 2
        return np.concatenate([self.position[:, :2] - half, self.position[:, :2] + half], axis=1)

    def select(self, chosen: NDArray[np.bool_]) -> Motion:
        """Only those boxes where `chosen` (N,) is true."""
        return Motion(*(part[chosen] for part in self._parts()))

    def join(self, other: Motion) -> Motion:
        """These boxes, then the other's."""
        pairs = zip(self._parts(), other._parts(), strict=True)
        return Motion(*(np.concatenate(pair) for pair in pairs))

    def _parts(self) -> tuple[NDArray[np.float64], ...]:
        return (
            self.position,
            self.velocity,
            self.variance,
            self.covariance,
            self.velocity_variance,
        )


def _cxcywh(boxes_xyxy: NDArray[np.float64]) -> NDArray[np.float64]:
    sides = boxes_xyxy[:, 2:] - boxes_xyxy[:, :2]
    return np.concatenate([(boxes_xyxy[:, :2] + boxes_xyxy[:, 2:]) / 2, sides], axis=1)


def _sides(position: NDArray[np.float64]) -> NDArray[np.float64]:
    """Width and height for x and y, and for width and height again."""
    return np.tile(position[:, 2:], 2)
