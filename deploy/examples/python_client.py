"""Detect objects in pictures with edgeserve's own client: pip install edgeserve.

python python_client.py PICTURE... [--address 127.0.0.1:8001]
"""

from __future__ import annotations

import argparse
from pathlib import Path

from edgeserve.client import DetectionClient, DetectOptions, Policy, Status, StreamOptions


def main() -> None:
    """Stream the pictures, and print a line for each object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pictures", nargs="+", type=Path)
    parser.add_argument("--address", default="127.0.0.1:8001")
    parser.add_argument("--score-threshold", type=float)
    arguments = parser.parse_args()

    # BLOCK drops nothing; a camera would take LATEST, which skips what it is too slow for.
    wanted = DetectOptions(score_threshold=arguments.score_threshold)
    options = StreamOptions(detect=wanted, policy=Policy.BLOCK)
    pictures = (path.read_bytes() for path in arguments.pictures)
    with DetectionClient(arguments.address) as client:
        for result in client.stream(pictures, options):
            path = arguments.pictures[result.frame_id]
            if result.status is not Status.OK:
                print(f"{path}: {result.message}")
            found = result.detections
            for label, score, box in zip(
                result.labels, found.scores, found.boxes_xyxy, strict=True
            ):
                print(f"{path}: {label} {score:.2f} at {' '.join(f'{side:.0f}' for side in box)}")


if __name__ == "__main__":
    main()
