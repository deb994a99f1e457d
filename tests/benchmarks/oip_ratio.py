"""Throughput of the Open Inference Protocol beside our own stream's, on the same frames.

One server, two kinds of stream, in turn, each with as many frames on their way; messages are built
beforehand and answers are read and not looked at, so that what differs is the server's part.
Prints the ratios (OIP over native) of throughput and of the server's processor time a frame, which
a loaded machine disturbs less::

    python tests/benchmarks/oip_ratio.py [--rounds 12] [--frames 300]
"""

from __future__ import annotations

import argparse
import asyncio
import os
import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import grpc

from edgeserve.tooling.bench.load import pictures
from edgeserve.tooling.server_process import ServerProcess
from edgeserve.wire._generated import detection_pb2, inference_pb2
from edgeserve.wire._generated.detection_pb2_grpc import DetectionServiceStub
from edgeserve.wire._generated.inference_pb2_grpc import GRPCInferenceServiceStub

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

WINDOW = 8
"""Frames on their way."""
MODEL = "road-csp-tiny"


def native(frames: Sequence[bytes]) -> list[Any]:
    """The messages of a BLOCK stream."""
    config = detection_pb2.StreamConfig(policy=detection_pb2.POLICY_BLOCK, queue_size=WINDOW)
    messages = [
        detection_pb2.StreamDetectRequest(
            frame=detection_pb2.Frame(frame_id=number, image=detection_pb2.Image(data=data))
        )
        for number, data in enumerate(frames)
    ]
    return [detection_pb2.StreamDetectRequest(config=config), *messages]


def open_inference(frames: Sequence[bytes]) -> list[Any]:
    """The same frames, a request each."""
    messages = []
    for data in frames:
        raw = len(data).to_bytes(4, "little") + data
        message = inference_pb2.ModelInferRequest(model_name=MODEL, raw_input_contents=[raw])
        message.inputs.add(name="encoded_images", datatype="BYTES", shape=[1])
        message.parameters["queue_size"].int64_param = WINDOW
        messages.append(message)
    return messages


async def run(call: Any, messages: Sequence[Any], answers: int) -> float:  # noqa: ANN401 - of two kinds
    """Send all, with a bounded number on their way; seconds until the last answer."""
    free = asyncio.Semaphore(WINDOW)

    async def read() -> None:
        for _ in range(answers):
            response = await call.read()
            error = getattr(response, "error_message", "")
            if response is grpc.aio.EOF or error:
                raise RuntimeError(error or "the stream ended early")
            free.release()

    started = time.perf_counter()
    reading = asyncio.create_task(read())
    for message in messages:
        await free.acquire()
        await call.write(message)
        if len(messages) > answers and message is messages[0]:
            free.release()
    await call.done_writing()
    await reading
    return time.perf_counter() - started


def cpu_s(pid: int) -> float:
    """Processor time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def compare(server: ServerProcess, rounds: int, frames: Sequence[bytes]) -> None:
    """Run both in turn and print the ratios."""
    async with grpc.aio.insecure_channel(server.address) as channel:
        ways: dict[str, tuple[Callable[[], Any], list[Any]]] = {
            "native": (DetectionServiceStub(channel).StreamDetect, native(frames)),
            "oip": (GRPCInferenceServiceStub(channel).ModelStreamInfer, open_inference(frames)),
        }
        rates: dict[str, list[float]] = {name: [] for name in ways}
        costs: dict[str, list[float]] = {name: [] for name in ways}
        for number in range(rounds + 1):
            # Who comes first changes: the second finds warmer caches.
            for name in ways if number % 2 else reversed(list(ways)):
                opened, messages = ways[name]
                before_s = cpu_s(server.pid)
                taken_s = await run(opened(), messages, len(frames))
                if number:  # the first round warms up
                    rates[name].append(len(frames) / taken_s)
                    costs[name].append((cpu_s(server.pid) - before_s) / len(frames))
    rate = {name: median(values) for name, values in rates.items()}
    cost = {name: 1000 * median(values) for name, values in costs.items()}
    for name in ways:
        print(f"{name:<8} {rate[name]:8.1f} frames/s  {cost[name]:7.2f} ms of processor a frame")
    pairs = [one / other for one, other in zip(rates["oip"], rates["native"], strict=True)]
    print(f"throughput, oip / native: {median(pairs):.3f} (median of {rounds} pairs)")
    print(f"processor time, oip / native: {cost['oip'] / cost['native']:.3f}")


def main() -> None:
    """Start a server and compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--frames", type=int, default=300)
    arguments = parser.parse_args()
    some = [bytes(one.data) for one in pictures("sample")]
    frames = [some[number % len(some)] for number in range(arguments.frames)]
    flags = ("--listen", "127.0.0.1:0", "--http-listen", "", "--admin-listen", "")
    with ServerProcess(*flags) as server:
        asyncio.run(compare(server, arguments.rounds, frames))


if __name__ == "__main__":
    main()
