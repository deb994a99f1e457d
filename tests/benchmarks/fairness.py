"""Shares of the device's time: equal streams, and one of large frames beside many of small.

    python tests/benchmarks/fairness.py [--seconds 20] [--streams 16]

Serves the shipped model, and the same network at 640 px, on ONNX Runtime. A stream's share is
what the server's own stage times add up to. All streams are closed loops with two frames in
flight, so that each always has one waiting.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import itertools
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import onnx
from onnx import numpy_helper

from edgeserve.catalog.repository import shipped_dir
from edgeserve.client import AsyncDetectionClient, Policy, StreamOptions
from edgeserve.domain.request import DetectOptions
from edgeserve.domain.result import FrameResult, Status
from edgeserve.tooling.bench.load import pictures
from edgeserve.tooling.server_process import ServerProcess

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

SMALL, LARGE = "road-csp-tiny", "road-640"
LARGE_PX = 640


def write_large(folder: Path) -> None:
    """The shipped network with an input of 640 px: it is fully convolutional."""
    source = shipped_dir() / SMALL
    model = onnx.load(source / "model-int8.onnx")
    shape = model.graph.input[0].type.tensor_type.shape
    for axis in (1, 2):
        shape.dim[axis].dim_value = LARGE_PX
    cells = sum((LARGE_PX // stride) ** 2 for stride in (8, 16, 32))
    for port in model.graph.output:
        port.type.tensor_type.shape.dim[2].dim_value = cells
    del model.graph.value_info[:]
    for constant in model.graph.initializer:
        if constant.name.startswith("/head/Constant"):  # (-1, channels, cells of a level)
            batch, channels, level_cells = numpy_helper.to_array(constant)
            wider = np.array([batch, channels, 4 * level_cells])
            constant.CopyFrom(numpy_helper.from_array(wider, constant.name))
    target = folder / LARGE / "1"
    target.mkdir(parents=True)
    onnx.save(model, target / "model.onnx")
    digest = hashlib.sha256((target / "model.onnx").read_bytes()).hexdigest()
    head = (source / "model.toml").read_text(encoding="utf-8").partition("[[files]]")[0]
    head = head.replace(SMALL, LARGE).replace("_px = 320", f"_px = {LARGE_PX}")
    files = (
        f'[[files]]\npath = "model.onnx"\nsha256 = "{digest}"\n'
        'runtimes = ["onnxruntime"]\nprecision = "int8"\n'
    )
    (target / "model.toml").write_text(head + files, encoding="utf-8")


def device_ms(result: FrameResult) -> float:
    """What a frame took of a worker."""
    stages = result.stages
    used_us = stages.decode_us + stages.preprocess_us + stages.infer_us + stages.postprocess_us
    return used_us / 1000


async def use(
    client: AsyncDetectionClient, model: str, frames: list[bytes], seconds: float, end_s: float
) -> tuple[int, float]:
    """Stream until a moment of the monotonic clock; frames and device time of the second half."""
    in_flight = asyncio.Semaphore(2)

    async def feed() -> AsyncIterator[bytes]:
        for frame in itertools.cycle(frames):
            await in_flight.acquire()
            if time.monotonic() >= end_s:
                return
            yield frame

    count, used_ms = 0, 0.0
    options = StreamOptions(DetectOptions(model=model), Policy.BLOCK, queue_size=2)
    async for result in client.stream(feed(), options):
        in_flight.release()
        # In the same time for all: whoever came last would have the device alone in the end.
        if result.status is Status.OK and end_s - seconds / 2 < time.monotonic() < end_s:
            count += 1
            used_ms += device_ms(result)
    return count, used_ms


async def measure(address: str, models: list[str], seconds: float) -> list[tuple[int, float]]:
    """A client for each stream, all at once."""
    frames = [bytes(frame.data) for frame in pictures("sample")]
    clients = [AsyncDetectionClient(address) for _ in models]
    end_s = time.monotonic() + seconds
    try:
        work = (
            use(one, model, frames, seconds, end_s)
            for one, model in zip(clients, models, strict=True)
        )
        return await asyncio.gather(*work)
    finally:
        for client in clients:
            await client.close()


def main() -> None:
    """Print both comparisons."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--streams", type=int, default=16)
    arguments = parser.parse_args()
    streams, seconds = arguments.streams, arguments.seconds
    with tempfile.TemporaryDirectory() as name:
        write_large(Path(name))
        flags = ("--listen", "127.0.0.1:0", "--http-listen", "127.0.0.1:0")
        models = ("--models-dir", name, "--model", f"{SMALL},{LARGE}")
        with ServerProcess(*flags, *models, "--provider", "onnxruntime:CPU") as server:
            equal = asyncio.run(measure(server.address, [SMALL] * streams, seconds))
            wanted = [LARGE] + [SMALL] * (streams - 1)
            mixed = asyncio.run(measure(server.address, wanted, seconds))
    frames = [count for count, _ in equal]
    print(
        f"{streams} equal streams: {min(frames)} to {max(frames)} frames, "
        f"max/min {max(frames) / min(frames):.3f}: {sorted(frames)}",
    )
    (large_frames, large_ms), *small = mixed
    mean_ms = sum(used for _, used in small) / len(small)
    cost = (large_ms / large_frames) / (mean_ms / (sum(n for n, _ in small) / len(small)))
    print(
        f"a {LARGE_PX} px stream beside {len(small)} of 320 px: its frames cost {cost:.2f} times "
        f"as much, its share of device time is {large_ms / mean_ms:.3f} of the others' mean",
    )


if __name__ == "__main__":
    main()
