"""The load generator: a process of its own that asks one server at a time.

Messages are serialised before the clock starts; answers of the Open Inference Protocol are not
parsed, those of our stream only as far as protobuf does. A line of standard input is a round:
PROTOCOL ADDRESS STREAMS FPS SECONDS, with FPS 0 for closed loops of one frame in flight each, else
for cameras. A line of JSON answers.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import sys
import time
from dataclasses import dataclass, field

import grpc

from edgeserve.client.load import serialise
from edgeserve.tooling.bench.load import pictures
from edgeserve.tooling.bench.scenarios import Load, closed, open_loop
from edgeserve.wire._generated import inference_pb2 as pb
from tests.benchmarks.peers.job import INPUT, MODEL

_METHOD = "/inference.GRPCInferenceService/ModelInfer"
Infer = grpc.aio.UnaryUnaryMultiCallable[bytes, bytes]


@dataclass
class OipLoad:
    """Streams of requests, each on a channel of its own."""

    address: str
    messages: list[bytes]
    streams: int
    fps: float
    seconds: float
    latencies_ms: list[float] = field(default_factory=list)

    async def run(self) -> None:
        """Ask until the time is over, cameras spread over one interval."""
        start = time.monotonic()
        if self.fps:
            interval_s = 1 / self.fps
            starts = (start + interval_s * index / self.streams for index in range(self.streams))
            await asyncio.gather(*(self._camera(first, interval_s) for first in starts))
        else:
            await asyncio.gather(*(self._loop(start) for _ in range(self.streams)))

    async def _loop(self, start: float) -> None:
        async with grpc.aio.insecure_channel(self.address) as channel:
            infer: Infer = channel.unary_unary(_METHOD)
            for message in itertools.cycle(self.messages):
                if time.monotonic() >= start + self.seconds:
                    return
                await self._ask(infer, message, time.monotonic())

    async def _camera(self, first: float, interval_s: float) -> None:
        messages = itertools.cycle(self.messages)
        async with grpc.aio.insecure_channel(self.address) as channel:
            infer: Infer = channel.unary_unary(_METHOD)
            asked = []
            for number in range(int(self.seconds / interval_s)):
                due = first + interval_s * number
                await asyncio.sleep(max(0.0, due - time.monotonic()))
                asked.append(asyncio.create_task(self._ask(infer, next(messages), due)))
            await asyncio.gather(*asked)

    async def _ask(self, infer: Infer, message: bytes, due: float) -> None:
        await infer(message)
        self.latencies_ms.append(1000 * (time.monotonic() - due))


def _round(protocol: str, address: str, streams: int, fps: float, seconds: float) -> list[float]:
    """The latencies of a round, in ms."""
    frames = pictures("sample")
    if protocol == "stream":
        load = Load(address, [serialise(one) for one in frames], streams, 1, fps, seconds)
        return asyncio.run(open_loop(load) if fps else closed(load)).latencies_ms
    oip = OipLoad(address, [_request(bytes(one.data)) for one in frames], streams, fps, seconds)
    asyncio.run(oip.run())
    return oip.latencies_ms


def _request(picture: bytes) -> bytes:
    request = pb.ModelInferRequest(model_name=MODEL)
    tensor = request.inputs.add(name=INPUT, datatype="BYTES", shape=[1])
    tensor.contents.bytes_contents.append(picture)
    return request.SerializeToString()


def main() -> None:
    """Run a round for each line."""
    for line in sys.stdin:
        protocol, address, streams, fps, seconds = line.split()
        used = time.process_time()
        latencies_ms = sorted(_round(protocol, address, int(streams), float(fps), float(seconds)))
        count = len(latencies_ms)
        result = {
            "frames": count,
            "fps": count / float(seconds),
            "p50_ms": latencies_ms[count // 2],
            "p99_ms": latencies_ms[int(count * 0.99)],
            "cpu_ms_per_frame": 1000 * (time.process_time() - used) / count,
        }
        print(json.dumps(result), flush=True)


if __name__ == "__main__":
    main()
