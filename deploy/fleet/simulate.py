"""Cameras on boxes, and a model's way to all of them: what a fleet needs, before it is bought.

    python deploy/fleet/simulate.py --boxes 40 --box-fps 160 --cameras 300 --camera-fps 10

`--box-fps` is what `edgeserve bench` measured on one box of the kind (offline, frames/s). Numbers
are drawn from a seed, so a run can be repeated. Needs nothing but Python.
"""

from __future__ import annotations

import argparse
import random
from dataclasses import dataclass, field

_WAVES = (0.01, 0.1, 0.5, 1.0)
"""Shares of the fleet that have the new model after each wave."""


@dataclass
class Box:
    """A box and the cameras on it.

    Attributes:
        fps: what it can detect at most, frames a second.
        cameras_fps: of each camera on it.
    """

    fps: float
    cameras_fps: list[float] = field(default_factory=list)

    @property
    def load(self) -> float:
        """Share of its capacity that its cameras ask for."""
        return sum(self.cameras_fps) / self.fps


def place(cameras_fps: list[float], boxes: list[Box], most_load: float) -> list[float]:
    """Put each camera on the least loaded box that has room, the hungriest first.

    Spread rather than packed: what a full box drops, a half empty one would have seen.

    Returns:
        The cameras that no box has room for.
    """
    left = []
    for fps in sorted(cameras_fps, reverse=True):
        box = min(boxes, key=lambda one: one.load + fps / one.fps)
        if box.load + fps / box.fps <= most_load:
            box.cameras_fps.append(fps)
        else:
            left.append(fps)
    return left


def fail(boxes: list[Box], most_load: float) -> list[float]:
    """What is lost if the fullest box dies: its cameras that the others cannot take."""
    fullest = max(boxes, key=lambda box: box.load)
    others = [Box(box.fps, list(box.cameras_fps)) for box in boxes if box is not fullest]
    return place(fullest.cameras_fps, others, most_load) if others else fullest.cameras_fps


@dataclass
class RollOut:
    """How far a new model got.

    Attributes:
        updated: boxes that serve it.
        refused: boxes whose own check found it wanting; they serve the old one.
        stopped: whether a wave was refused by too many.
    """

    updated: int = 0
    refused: int = 0
    stopped: bool = False


def roll_out(boxes: int, refusal: float, most_refused: float, chance: random.Random) -> RollOut:
    """Waves of boxes load a new version; each verifies it on its own device before it swaps.

    Args:
        boxes: of the fleet.
        refusal: probability that a box's check refuses the model.
        most_refused: share of a wave at which the roll-out stops.
        chance: where the draws come from.
    """
    result = RollOut()
    for wave in _WAVES:
        asked = max(1, round(wave * boxes)) - result.updated - result.refused
        refused = sum(chance.random() < refusal for _ in range(asked))
        result.updated += asked - refused
        result.refused += refused
        if asked and refused / asked > most_refused:
            result.stopped = True
            break
    return result


def main() -> None:
    """Print what the fleet does."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--boxes", type=int, default=40)
    parser.add_argument("--box-fps", type=float, default=160.0, help="of `edgeserve bench`")
    parser.add_argument("--cameras", type=int, default=300)
    parser.add_argument("--camera-fps", type=float, default=10.0)
    parser.add_argument("--spread", type=float, default=0.5, help="of the cameras' fps, 0..1")
    parser.add_argument("--most-load", type=float, default=0.7, help="of a box's capacity")
    parser.add_argument("--refusal", type=float, default=0.02, help="of a new model, by a box")
    parser.add_argument("--most-refused", type=float, default=0.1, help="of a wave")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    chance = random.Random(asked.seed)
    low, high = (asked.camera_fps * (1 + sign * asked.spread) for sign in (-1, 1))
    cameras_fps = [chance.uniform(low, high) for _ in range(asked.cameras)]
    needed = sum(cameras_fps) / (asked.box_fps * asked.most_load)
    boxes = [Box(asked.box_fps) for _ in range(asked.boxes)]
    left = place(cameras_fps, boxes, asked.most_load)
    loads = sorted(box.load for box in boxes)
    asked_fps = sum(cameras_fps)
    print(f"{asked_fps:.0f} frames/s asked for: {needed:.1f} boxes at {asked.most_load:.0%}")
    print(
        f"load of the boxes: {loads[0]:.0%} to {loads[-1]:.0%}; cameras without a box: {len(left)}"
    )
    print(f"cameras lost if the fullest box dies: {len(fail(boxes, asked.most_load))}")
    rolled = roll_out(asked.boxes, asked.refusal, asked.most_refused, chance)
    print(
        f"new model: {rolled.updated} boxes serve it, "
        f"{rolled.refused} refused it and serve the old"
        f"{'; stopped' if rolled.stopped else ''}"
    )


if __name__ == "__main__":
    main()
