"""The server beside the thinnest one that grpc.aio allows on the same detector, and the bare loop.

    python -m tests.benchmarks.thinnest_server [--streams 16] [--camera-fps 0] [--rounds 5]

The thin one reads a message, runs it in a thread and writes the answer; it has our allocator's
limits and threads' policy, and no policies of streams, no lanes, rights or metrics. What it loses
to the loop is the price of gRPC in Python, and of the load generator's share of the caches; what
ours loses to it is our own. All take turns in each round, and the medians of the rounds' ratios are
printed. With one stream both work in the LATENCY configuration. With --camera-fps the streams are
cameras that do not wait for results; the thin one then keeps the newest frame of each, too, and
answers the others as dropped.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any, NamedTuple

import grpc
from grpc import aio

from edgeserve.domain.request import DetectOptions
from edgeserve.engines.options import EngineOptions
from edgeserve.engines.registry import runtimes
from edgeserve.engines.resolve import load_engine
from edgeserve.pipeline.detector import Detector
from edgeserve.pipeline.lane import workers_for
from edgeserve.pipeline.outcome import found
from edgeserve.pipeline.selection import select
from edgeserve.process.cpus import available_cpus, let_work_run_on
from edgeserve.process.memory import limit_allocator
from edgeserve.tooling.bench.children import Child
from edgeserve.tooling.bench.load import pictures
from edgeserve.tooling.bench.target import Target, started
from edgeserve.tooling.named_bundle import named_bundle
from edgeserve.wire._generated import detection_pb2 as pb
from edgeserve.wire.codec.frame import frame_from_proto
from edgeserve.wire.codec.result import result_to_proto

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

MODEL = "road-csp-tiny"
PROVIDER = "openvino:CPU"
METHOD = "edgeserve.v1.DetectionService", "StreamDetect"
_DROPPED = pb.StreamDetectResponse(
    result=pb.FrameResult(status=pb.RESULT_STATUS_DROPPED)
).SerializeToString()


class ThinServer:
    """Frames in, detections out, and nothing else."""

    def __init__(self, hint: str, threads: int, *, latest: bool) -> None:
        """Load the model; nothing listens yet. `latest`: for cameras that do not wait."""
        spec = named_bundle(MODEL, Path()).spec
        options = EngineOptions.model_validate({"provider": PROVIDER, "hint": hint})
        engine, _ = load_engine(spec, options, runtimes())
        self._detector = Detector(spec, engine, max_pixels=10**8, reduced_decode=True)
        self._selection = select(spec, DetectOptions())
        self._threads = ThreadPoolExecutor(threads)
        self._own = threading.local()
        self._stream = self._newest if latest else self._each

    async def serve(self) -> None:
        """Listen, say where, and serve until the process is ended."""
        server = aio.server()
        handler: grpc.RpcMethodHandler[bytes, bytes] = grpc.stream_stream_rpc_method_handler(
            self._stream
        )
        service, method = METHOD
        server.add_generic_rpc_handlers(
            (grpc.method_handlers_generic_handler(service, {method: handler}),)
        )
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        print(port, flush=True)
        await server.wait_for_termination()

    async def _each(
        self, _: AsyncIterator[bytes], context: aio.ServicerContext[bytes, bytes]
    ) -> None:
        """Answer frame by frame."""
        loop = asyncio.get_running_loop()
        await context.read()  # the configuration
        while True:
            message: Any = await context.read()
            if message is aio.EOF:
                return
            await context.write(await loop.run_in_executor(self._threads, self._answer, message))

    async def _newest(
        self, _: AsyncIterator[bytes], context: aio.ServicerContext[bytes, bytes]
    ) -> None:
        """Answer all in order; of those that come while one is in work, run the last."""
        loop = asyncio.get_running_loop()
        answers: asyncio.Queue[asyncio.Future[bytes]] = asyncio.Queue()
        waiting: list[tuple[bytes, asyncio.Future[bytes]]] = []
        there = asyncio.Event()

        async def write() -> None:
            while True:
                await context.write(await (await answers.get()))

        async def run() -> None:
            while True:
                await there.wait()
                there.clear()
                message, answer = waiting.pop()
                answer.set_result(await loop.run_in_executor(self._threads, self._answer, message))

        tasks = [loop.create_task(write()), loop.create_task(run())]
        await context.read()  # the configuration
        while True:
            message: Any = await context.read()
            if message is aio.EOF:
                break
            if waiting:
                waiting.pop()[1].set_result(_DROPPED)
            waiting.append((message, loop.create_future()))
            answers.put_nowait(waiting[0][1])
            there.set()
        for task in tasks:
            task.cancel()

    def _answer(self, message: bytes) -> bytes:
        started_ns = time.monotonic_ns()
        if not hasattr(self._own, "worker"):
            self._own.worker = self._detector.create_worker()
        frame = frame_from_proto(pb.StreamDetectRequest.FromString(message).frame, started_ns)
        result = found(
            frame,
            self._detector,
            self._own.worker.run(frame, self._selection),
            started_ns=started_ns,
            now_ns=time.monotonic_ns(),
            clock_synchronised=False,
        )
        return pb.StreamDetectResponse(result=result_to_proto(result)).SerializeToString()


class Figures(NamedTuple):
    """One measurement of a server."""

    fps: float
    cpu_ms_per_frame: float
    p50_ms: float
    p99_ms: float

    def __str__(self) -> str:
        """For people."""
        return (
            f"{self.fps:.1f} fps, {self.cpu_ms_per_frame:.2f} ms a frame, "
            f"p50 {self.p50_ms:.1f}, p99 {self.p99_ms:.1f}"
        )


def measure(target: Target, generator: Child, camera_fps: float = 0) -> Figures:
    """Let the generator run once against a server of our own."""
    before_s = target.cpu_seconds() or 0.0
    load = generator.ask(f"{target.address} {camera_fps}")
    used_s = (target.cpu_seconds() or 0.0) - before_s
    cpu_ms = 1000 * used_s / load["frames"]
    return Figures(load["fps"], cpu_ms, load["p50_ms"], load["p99_ms"])


@contextmanager
def thin_server(streams: int, camera_fps: float) -> Iterator[Target]:
    """The thin server in a process of its own."""
    command = [sys.executable, "-m", "tests.benchmarks.thinnest_server", "--serve"]
    load = ["--streams", str(streams), "--camera-fps", str(camera_fps)]
    with subprocess.Popen([*command, *load], stdout=subprocess.PIPE, text=True) as process:
        try:
            port = process.stdout.readline().strip() if process.stdout else ""
            yield Target(f"127.0.0.1:{port}", process.pid)
        finally:
            process.terminate()


def main() -> None:
    """Measure in turn."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--streams", type=int, default=16)
    parser.add_argument("--camera-fps", type=float, default=0)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        let_work_run_on()
        limit_allocator()
        one = arguments.streams == 1
        threads = 1 if one else workers_for(available_cpus())
        hint, latest = "latency" if one else "throughput", arguments.camera_fps > 0
        asyncio.run(ThinServer(hint, threads, latest=latest).serve())
        return
    load = {"source": "sample", "seconds": arguments.seconds}
    scenario = "open" if arguments.camera_fps else "closed"
    asked = {"scenario": scenario, "streams": arguments.streams, "frames_in_flight": 1}
    loop = {"model": MODEL, "models_dir": "", "provider": PROVIDER, "in_flight": arguments.streams}
    flags = ("--model", MODEL, "--provider", PROVIDER, "--http-listen", "")
    rounds = []
    with (
        started(flags, pictures("sample")[0]) as ours,
        thin_server(arguments.streams, arguments.camera_fps) as thin,
        Child("edgeserve.tooling.bench.limit", json.dumps(load | loop)) as limit,
        Child("edgeserve.tooling.bench.generator", json.dumps(load | asked)) as generator,
    ):
        limit.read()
        for target in (ours, thin):
            measure(target, generator, arguments.camera_fps)  # warm
        for number in range(arguments.rounds):
            bare = limit.ask()
            # Who comes behind the loop takes turns.
            if number % 2:
                thinnest = measure(thin, generator, arguments.camera_fps)
                mine = measure(ours, generator, arguments.camera_fps)
            else:
                mine = measure(ours, generator, arguments.camera_fps)
                thinnest = measure(thin, generator, arguments.camera_fps)
            # The time of a frame in the loop, which a single stream's are held against.
            frame_ms = 1000 / bare["fps"]
            alone = Figures(bare["fps"], bare["cpu_ms_per_frame"], frame_ms, frame_ms)
            rounds.append(
                {
                    f"{name}, {pair}": getattr(one, name) / getattr(other, name)
                    for name in Figures._fields
                    for pair, one, other in (
                        ("ours / thin", mine, thinnest),
                        ("thin / loop", thinnest, alone),
                    )
                    if not name.endswith("_ms") or other is thinnest or arguments.streams == 1
                }
            )
            print(f"  ours {mine}; thin {thinnest}; loop {bare['fps']:.1f} fps", flush=True)
    for name in rounds[0]:
        print(f"{name}: {median(one[name] for one in rounds):.3f} (median)")


if __name__ == "__main__":
    main()
