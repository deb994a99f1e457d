"""The job on Triton's Python backend, by PyTriton (NVIDIA's, Apache-2.0).

An instance a thread, as many as our own server has.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import numpy as np
from pytriton.model_config import ModelConfig, Tensor
from pytriton.triton import Triton, TritonConfig

from edgeserve.pipeline.lane import workers_for
from edgeserve.process.cpus import available_cpus
from tests.benchmarks.peers.job import BOXES, CLASS_IDS, INPUT, MODEL, SCORES, make_detect

if TYPE_CHECKING:
    from collections.abc import Callable


def instance(prepare: Callable[[], Any]) -> Callable[[list[Any]], list[dict[str, Any]]]:
    """One instance of the model; Triton calls it from a thread of its own."""
    detect = prepare()

    def infer(requests: list[Any]) -> list[dict[str, Any]]:
        answers = []
        for request in requests:
            boxes, scores, class_ids = detect(bytes(request[INPUT][0]))
            answers.append({BOXES: boxes, SCORES: scores, CLASS_IDS: class_ids})
        return answers

    return infer


def main() -> None:
    """Serve until the end."""
    grpc, http = (int(word) for word in sys.argv[1:])
    prepare = make_detect()
    ports = {"grpc_port": grpc, "http_port": http, "allow_metrics": False}
    with Triton(config=TritonConfig(**ports)) as triton:
        triton.bind(
            model_name=MODEL,
            infer_func=[instance(prepare) for _ in range(workers_for(available_cpus()))],
            inputs=[Tensor(name=INPUT, dtype=bytes, shape=(1,))],
            outputs=[
                Tensor(name=BOXES, dtype=np.float32, shape=(-1, 4)),
                Tensor(name=SCORES, dtype=np.float32, shape=(-1,)),
                Tensor(name=CLASS_IDS, dtype=np.int64, shape=(-1,)),
            ],
            config=ModelConfig(batching=False),
        )
        triton.serve()


if __name__ == "__main__":
    main()
