"""What a hostile client at its limits costs an honest one.

    python tests/benchmarks/hostile_client.py [--seconds 10] [--rounds 5]

The shipped model is served, first to find what the device does, then with limits for each client
that leave two of them room: a quarter of that each. The honest client is a camera at that rate,
LATEST. The hostile one has a token of its own, floods all the streams that it may have and calls in
loops besides; it runs with the lowest priority, since a real one has a machine of its own. Rounds
with and without it take turns; the figure is the honest client's frames with it, as a share of
those without.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from edgeserve.access.rights import Right
from edgeserve.access.token_file import create_token
from edgeserve.client import AsyncDetectionClient, Credentials, Policy, Status, StreamOptions
from edgeserve.domain.errors import EdgeserveError
from edgeserve.tooling.bench.load import pictures
from edgeserve.tooling.server_process import ServerProcess

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

STREAMS, FLOODS = 4, 3
SHARE = 0.25
"""Of what the device does, for each client."""
LISTEN = ("--listen", "127.0.0.1:0", "--http-listen", "")


def sample() -> list[bytes]:
    """Encoded pictures."""
    return [bytes(one.data) for one in pictures("sample")]


def limits(fps: float) -> list[str]:
    """Flags of a server of which each client may have so many frames a second."""
    largest = max(map(len, sample()))
    given = {
        "fps": f"{fps:.1f}",
        "streams": str(STREAMS),
        "calls": "20",
        "bytes": f"{fps * largest:.0f}",
    }
    return [word for name, limit in given.items() for word in (f"--client-max-{name}", limit)]


async def capacity(address: str, seconds: float) -> float:
    """Frames a second of a client that may have all."""
    known = sample()
    began = time.monotonic()

    async def taken() -> AsyncIterator[bytes]:
        number = 0
        while time.monotonic() - began < seconds:
            yield known[number % len(known)]
            number += 1

    options = StreamOptions(policy=Policy.BLOCK)
    async with AsyncDetectionClient(address) as client:
        count = len([one async for one in client.stream(taken(), options)])
    return count / (time.monotonic() - began)


async def camera(address: str, token: str, fps: float, seconds: float) -> float:
    """Frames a second that an honest camera got answers for."""
    known = sample()
    count = int(fps * seconds)
    began = time.monotonic()

    async def taken() -> AsyncIterator[bytes]:
        for number in range(count):
            await asyncio.sleep(max(0.0, began + number / fps - time.monotonic()))
            yield known[number % len(known)]

    options = StreamOptions(policy=Policy.LATEST)
    async with AsyncDetectionClient(address, credentials=Credentials(token=token)) as client:
        answered = [one.status async for one in client.stream(taken(), options)]
    return answered.count(Status.OK) / (time.monotonic() - began)


async def attack(address: str, token: str) -> None:
    """Ask for more than one client may, in every way, until killed."""
    credentials = Credentials(token=token)
    frame = sample()[0]

    async def flood() -> None:
        async def frames() -> AsyncIterator[bytes]:
            while True:
                yield frame

        client = AsyncDetectionClient(address, credentials=credentials)
        while True:
            try:
                options = StreamOptions(policy=Policy.QUEUE, queue_size=64)
                async for _ in client.stream(frames(), options):
                    pass
            except EdgeserveError:  # noqa: PERF203 - a flood
                await asyncio.sleep(0)

    async def call() -> None:
        client = AsyncDetectionClient(address, credentials=credentials)
        while True:
            try:
                await client.detect(frame)
                await client.list_models()
            except EdgeserveError:  # noqa: PERF203 - a flood
                await asyncio.sleep(0)

    await asyncio.gather(*(flood() for _ in range(FLOODS)), *(call() for _ in range(STREAMS)))


@contextmanager
def attacker(address: str, token: str) -> Iterator[None]:
    """A process that attacks."""
    environment = os.environ | {"EDGESERVE_TOKEN": token}
    process = subprocess.Popen([sys.executable, __file__, "--attack", address], env=environment)
    try:
        time.sleep(2)  # it has begun
        yield
        if process.poll() is not None:
            text = "the attacker ended by itself"
            raise RuntimeError(text)
    finally:
        process.kill()
        process.wait()


def measure(address: str, honest: str, hostile: str, fps: float, seconds: float) -> float:
    """One round: what is left of the honest client's rate beside the hostile one."""
    alone = asyncio.run(camera(address, honest, fps, seconds))
    with attacker(address, hostile):
        beside = asyncio.run(camera(address, honest, fps, seconds))
    print(f"alone {alone:.2f}/s, beside the attacker {beside:.2f}/s")
    return beside / alone


def main() -> None:
    """Print the honest client's frame rates and the median of their ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--attack", metavar="ADDRESS", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.attack:
        os.nice(19)
        asyncio.run(attack(arguments.attack, os.environ["EDGESERVE_TOKEN"]))
    with ServerProcess(*LISTEN) as server:
        fps = SHARE * asyncio.run(capacity(server.address, arguments.seconds))
    print(f"{fps:.1f} frames a second for each client")
    with tempfile.TemporaryDirectory() as folder:
        tokens = Path(folder, "tokens")
        honest, hostile = (
            create_token(tokens, name, frozenset({Right.INFER})) for name in ("honest", "hostile")
        )
        with ServerProcess(*LISTEN, "--tokens-file", str(tokens), *limits(fps)) as server:
            ratios = [
                measure(server.address, honest, hostile, 0.9 * fps, arguments.seconds)
                for _ in range(arguments.rounds)
            ]
    print(f"share left beside the attacker: {statistics.median(ratios):.3f} (median)")


if __name__ == "__main__":
    main()
