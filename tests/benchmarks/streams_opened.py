"""Streams whose clients are killed: what the server keeps of them.

    python tests/benchmarks/streams_opened.py [--streams 3000] [--each 50]

Client processes open `--each` streams, a connection each, keep two frames in flight on every one,
and are killed (SIGKILL) once each stream has had its first result. After every third of them the
server's memory, threads and open files are printed, once it has noticed that nobody is left. The
last third should add at most 2 % to the memory after the second, and no thread and no file.
"""

from __future__ import annotations

import argparse
import asyncio
import subprocess
import sys
import time
import urllib.request
from contextlib import AsyncExitStack
from dataclasses import dataclass

import psutil

from edgeserve.client.load import LoadStream, serialise
from edgeserve.tooling.bench.load import pictures
from edgeserve.tooling.bench.process import pss_mb
from edgeserve.tooling.server_process import ServerProcess

MOST_GROWTH = 1.02
PATIENCE_S = 120
IN_FLIGHT = 2


@dataclass(frozen=True)
class Held:
    """What the server holds."""

    pss_mb: float
    threads: int
    files: int

    @classmethod
    def by(cls, pid: int) -> Held:
        """Ask the kernel."""
        process = psutil.Process(pid)
        return cls(pss_mb(pid), process.num_threads(), process.num_fds())


async def stream_for_ever(address: str, count: int) -> None:
    """Keep streams busy; say so when each has had a result."""
    messages = [serialise(frame) for frame in pictures("sample")[:4]]

    async def keep_busy(stream: LoadStream) -> None:
        while True:
            await stream.receive()
            await stream.send()

    async with AsyncExitStack() as stack:
        streams = [
            await stack.enter_async_context(LoadStream(address, messages)) for _ in range(count)
        ]
        for stream in streams:
            for _ in range(IN_FLIGHT):
                await stream.send()
        for stream in streams:
            await stream.receive()
        print("busy", flush=True)
        await asyncio.gather(*map(keep_busy, streams))


def open_and_kill(address: str, count: int) -> None:
    """One client process."""
    command = [sys.executable, __file__, "--client", address, "--each", str(count)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as client:
        try:
            line = client.stdout.readline() if client.stdout is not None else ""
            assert line == "busy\n", "the client ended before it was killed"
        finally:
            client.kill()


def streams_open(http: str) -> float:
    """What the server's metric says."""
    with urllib.request.urlopen(f"http://{http}/metrics", timeout=60) as answer:
        for line in answer.read().decode().splitlines():
            if line.startswith("edgeserve_streams "):
                return float(line.split()[1])
    return 0.0


def settle(server: ServerProcess) -> Held:
    """What the server holds once it has noticed that all clients are gone."""
    deadline = time.monotonic() + PATIENCE_S
    while streams_open(server.http_address) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert not streams_open(server.http_address), "streams of killed clients are still open"
    time.sleep(2)
    return Held.by(server.pid)


def main() -> None:
    """Print a line each thousand, and whether the last one added anything."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--streams", type=int, default=3000)
    parser.add_argument("--each", type=int, default=50)
    parser.add_argument("--client", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.client:
        asyncio.run(stream_for_ever(arguments.client, arguments.each))
        return
    flags = ("--listen", "127.0.0.1:0", "--http-listen", "127.0.0.1:0", "--admin-listen", "")
    # The next client may come before the server has noticed that the last one is gone.
    room = ("--max-streams", str(4 * arguments.each))
    clients = -(-arguments.streams // (3 * arguments.each))
    with ServerProcess(*flags, *room) as server:
        print(f"before: {settle(server)}", flush=True)
        held = []
        for third in (1, 2, 3):
            for _ in range(clients):
                open_and_kill(server.address, arguments.each)
            held.append(settle(server))
            print(f"after {third * clients * arguments.each}: {held[-1]}", flush=True)
    _, second, last = held
    grown = last.pss_mb / second.pss_mb
    good = grown <= MOST_GROWTH and last.threads <= second.threads and last.files <= second.files
    print(
        f"the last third: PSS x {grown:.3f}, {last.threads - second.threads:+d} threads, "
        f"{last.files - second.files:+d} files: {'good' if good else 'it grows'}"
    )
    sys.exit(not good)


if __name__ == "__main__":
    main()
