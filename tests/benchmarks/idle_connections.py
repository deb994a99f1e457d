"""What connections and streams cost that are open and do nothing.

    python tests/benchmarks/idle_connections.py [--count 2000]

The shipped model is served, anew for each kind. Of each kind so many are opened and held: TCP
connections that say nothing, to the gRPC port and to the HTTP port; HTTP/2 connections that have
shaken hands; HTTP connections that have asked once; streams that are configured and send no frame.
Told are the server's memory (PSS) before, with them, and after they are gone, and how long one
frame takes alone and beside them.
"""

from __future__ import annotations

import argparse
import asyncio
import resource
import socket
import statistics
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import grpc

from edgeserve.client import AsyncDetectionClient
from edgeserve.tooling.bench.load import pictures
from edgeserve.tooling.server_process import ServerProcess
from edgeserve.wire._generated import detection_pb2 as pb
from edgeserve.wire._generated.detection_pb2_grpc import DetectionServiceStub

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from edgeserve.wire._generated.detection_pb2_grpc import DetectionServiceAsyncStub

    Call = grpc.aio.StreamStreamCall[pb.StreamDetectRequest, pb.StreamDetectResponse]

_HTTP2 = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes((0, 0, 0, 4, 0, 0, 0, 0, 0))
"""A client's preface, and settings that are empty."""
_HTTP = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
_SPARE_FILES = 200
_FRAMES = 20
_BURST = 100
_SETTLE_S = 2.0


def pss_kib(pid: int) -> int:
    """Proportional set size of a process."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    return int(next(line for line in lines if line.startswith("Pss:")).split()[1])


@contextmanager
def connections(address: str, count: int, said: bytes) -> Iterator[None]:
    """TCP connections that say this once, hear the answer's beginning, and then are silent."""
    host, _, port = address.rpartition(":")
    with ExitStack() as stack:
        for _ in range(count):
            one = stack.enter_context(socket.create_connection((host, int(port)), timeout=60))
            if said:
                one.sendall(said)
                one.recv(1)
        yield


@contextmanager
def streams(address: str, count: int) -> Iterator[None]:
    """Streams over one connection, each with its configuration read by the server."""
    loop = asyncio.new_event_loop()

    async def begin() -> tuple[grpc.aio.Channel, list[Call]]:
        channel = grpc.aio.insecure_channel(address)
        stub: DetectionServiceAsyncStub = DetectionServiceStub(channel)
        config = pb.StreamDetectRequest(config=pb.StreamConfig())
        calls = []
        for number in range(count):
            if number % _BURST == 0:  # gRPC refuses calls when over 1000 wait to be looked at
                await stub.ListModels(pb.ListModelsRequest())
            call = stub.StreamDetect()
            await call.write(config)
            calls.append(call)
        return channel, calls

    async def end(channel: grpc.aio.Channel, calls: list[Call]) -> None:
        await channel.close()
        await asyncio.gather(*(call.code() for call in calls))

    begun = loop.run_until_complete(begin())
    try:
        yield
    finally:
        loop.run_until_complete(end(*begun))
        loop.close()


def latency_ms(address: str) -> float:
    """Median of some frames, one after the other."""

    async def run() -> float:
        frame = bytes(pictures("sample")[0].data)
        taken = []
        async with AsyncDetectionClient(address) as client:
            for _ in range(_FRAMES):
                began = time.perf_counter()
                await client.detect(frame)
                taken.append(time.perf_counter() - began)
        return 1000 * statistics.median(taken)

    return asyncio.run(run())


def measure(
    name: str, count: int, opened: Callable[[ServerProcess], AbstractContextManager[None]]
) -> None:
    """Print one kind's line, of a server of its own."""
    flags = ("--listen", "127.0.0.1:0", "--http-listen", "127.0.0.1:0")
    with ServerProcess(*flags, "--max-streams", str(count + _SPARE_FILES)) as server:
        alone_ms = latency_ms(server.address)
        before = pss_kib(server.pid)
        with opened(server):
            time.sleep(_SETTLE_S)
            during = pss_kib(server.pid)
            beside_ms = latency_ms(server.address)
        time.sleep(_SETTLE_S)
        after = pss_kib(server.pid)
    print(
        f"{name:<28}{count:>6}{(during - before) / count:>10.1f}{before / 1024:>9.0f}"
        f"{during / 1024:>9.0f}{after / 1024:>9.0f}{alone_ms:>10.1f}{beside_ms:>9.1f}",
        flush=True,
    )


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=2000)
    count = parser.parse_args().count
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, count + _SPARE_FILES), most))
    kinds: list[tuple[str, Callable[[ServerProcess], AbstractContextManager[None]]]] = [
        ("silent, gRPC port", lambda server: connections(server.address, count, b"")),
        ("HTTP/2, gRPC port", lambda server: connections(server.address, count, _HTTP2)),
        ("silent, HTTP port", lambda server: connections(server.http_address, count, b"")),
        ("asked once, HTTP port", lambda server: connections(server.http_address, count, _HTTP)),
        ("streams on one connection", lambda server: streams(server.address, count)),
    ]
    print(
        f"{'kind':<28}{'count':>6}{'KiB each':>10}{'MiB':>9}{'with':>9}{'after':>9}"
        f"{'frame ms':>10}{'with':>9}"
    )
    for name, opened in kinds:
        measure(name, count, opened)


if __name__ == "__main__":
    main()
