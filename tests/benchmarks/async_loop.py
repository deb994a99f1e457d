"""Is `edgeserve bench`'s limit a low one? Its loop of threads beside OpenVINO's AsyncInferQueue.

Inference alone, in turns, medians::

    python tests/benchmarks/async_loop.py models/bundles/road-csp-tiny
"""

from __future__ import annotations

import argparse
import threading
import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np
import openvino

from edgeserve.catalog.bundle import Bundle
from edgeserve.engines.options import EngineOptions
from edgeserve.engines.registry import runtimes
from edgeserve.engines.resolve import load_engine
from edgeserve.process.cpus import available_cpus

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgeserve.domain.model import ModelSpec
    from edgeserve.engines.protocol import Engine

_ROUNDS, _SECONDS = 5, 3.0


def _threads(engine: Engine, tensor: NDArray[np.generic], threads: int) -> float:
    """Inferences a second, each thread with a request of its own."""
    counts = [0] * threads
    started = time.monotonic()

    def loop(index: int) -> None:
        request = engine.create_request()
        while time.monotonic() - started < _SECONDS:
            request.infer(tensor)
            counts[index] += 1

    workers = [threading.Thread(target=loop, args=(index,)) for index in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return sum(counts) / (time.monotonic() - started)


def _queue(spec: ModelSpec) -> Any:  # noqa: ANN401 - openvino has no types
    file = next(one for one in spec.files if one.precision == "int8" and "openvino" in one.runtimes)
    hints = {"PERFORMANCE_HINT": "THROUGHPUT", "INFERENCE_PRECISION_HINT": "f32"}
    compiled = openvino.Core().compile_model(file.path, "CPU", hints)
    return openvino.AsyncInferQueue(compiled)


def _queued(queue: Any, tensor: NDArray[np.generic]) -> float:  # noqa: ANN401 - as above
    """Inferences a second of the queue with as many requests as it likes."""
    started, done = time.monotonic(), 0
    while time.monotonic() - started < _SECONDS:
        queue.start_async([tensor])
        done += 1
    queue.wait_all()
    return done / (time.monotonic() - started)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("bundle", type=Path)
    spec = Bundle.read(parser.parse_args().bundle).spec
    options = EngineOptions.model_validate({"provider": "openvino:CPU", "hint": "throughput"})
    engine, _ = load_engine(spec, options, runtimes())
    queue = _queue(spec)
    tensor = np.random.default_rng(0).integers(0, 256, engine.input.shape).astype(np.uint8)
    rows = []
    for number in range(_ROUNDS):
        rows.append((_threads(engine, tensor, available_cpus() + 1), _queued(queue, tensor)))
        print(f"round {number + 1}: threads {rows[-1][0]:.1f}/s, queue {rows[-1][1]:.1f}/s")
    ours, theirs = (median(column) for column in zip(*rows, strict=True))
    print(f"loop of threads / AsyncInferQueue: {ours / theirs:.3f}")


if __name__ == "__main__":
    main()
