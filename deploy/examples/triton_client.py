"""Detect objects in pictures with Triton's client: pip install "tritonclient[grpc]".

python triton_client.py PICTURE... [--address 127.0.0.1:8001] [--model road-csp-tiny]
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import tritonclient.grpc as triton


def main() -> None:
    """Send all pictures in one request, and print a line for each object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pictures", nargs="+", type=Path)
    parser.add_argument("--address", default="127.0.0.1:8001")
    parser.add_argument("--model", default="road-csp-tiny")
    parser.add_argument("--score-threshold", type=float, default=0.3)
    arguments = parser.parse_args()

    encoded = np.array([path.read_bytes() for path in arguments.pictures], dtype=np.object_)
    pictures = triton.InferInput("encoded_images", list(encoded.shape), "BYTES")
    pictures.set_data_from_numpy(encoded)
    names = ("boxes", "scores", "labels", "count")
    client = triton.InferenceServerClient(arguments.address)
    result = client.infer(
        arguments.model,
        [pictures],
        outputs=[triton.InferRequestedOutput(name) for name in names],
        parameters={"score_threshold": arguments.score_threshold},
    )
    client.close()

    boxes, scores, labels, count = (result.as_numpy(name) for name in names)
    for index, path in enumerate(arguments.pictures):
        # A row is as long as that of the picture with most objects; `count` of it are real.
        for real in range(count[index]):
            corners = " ".join(f"{value:.0f}" for value in boxes[index, real])
            print(f"{path}: {labels[index, real].decode()} {scores[index, real]:.2f} at {corners}")


if __name__ == "__main__":
    main()
