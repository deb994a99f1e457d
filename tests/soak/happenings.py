"""The faults of a soak: each makes one, waits until it has passed, and looks at what came of it."""

from __future__ import annotations

import itertools
import signal
import socket
import time
from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from edgeserve.client import CameraState, DetectionClient, DetectOptions, Policy, StreamOptions
from edgeserve.domain.errors import ModelNotFoundError
from edgeserve.domain.frame import EncodedFrame, Encoding
from edgeserve.domain.result import Status
from tests.faults.traffic import sample
from tests.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.soak.world import World

_PAUSE_S = 1.0
_IDLE = 50
_BLOCK = StreamOptions(policy=Policy.BLOCK)


def bad_frames(world: World) -> None:
    """Frames that are no pictures are errors, and the stream lives."""
    good = sample()[0]
    frames: list[bytes | EncodedFrame] = [
        good,
        b"no picture",
        b"",
        good[: len(good) // 2],
        EncodedFrame(4, b"short", Encoding.BGR, 640, 480),
        good,
    ]
    found = [one.status for one in world.client.stream(frames, _BLOCK)]
    assert found == [Status.OK, *[Status.ERROR] * 4, Status.OK], found


def unknown_things(world: World) -> None:
    """Models and paths that are not there are refused."""
    with suppress(ModelNotFoundError):
        world.client.detect(sample()[0], DetectOptions(model="nobody"))
        text = "a model that is not there was served"
        raise AssertionError(text)
    for path, data in (("/nothing", None), ("/api/detect", b"no picture"), ("/v2/models/x", None)):
        request = Request(f"http://{world.server.http}{path}", data=data)
        try:
            urlopen(request, timeout=60).close()  # noqa: S310 - as above
        except HTTPError as error:
            error.close()
        else:
            text = f"{path} was answered"
            raise AssertionError(text)


def client_leaves(world: World) -> None:
    """A client that ends in the middle of its frames."""
    with DetectionClient(world.server.address) as client:
        results = client.stream(itertools.cycle(sample()), _BLOCK)
        next(results)
        results.close()


def short_streams(world: World) -> None:
    """Streams of one frame, one after the other."""
    for _ in range(10):
        (result,) = world.client.stream(sample()[:1], _BLOCK)
        assert result.status is Status.OK


def line_is_cut(world: World) -> None:
    """The far client's connection is reset; it resumes."""
    world.line.reset()
    world.far.wait_for(2)


def black_hole(world: World) -> None:
    """Nothing passes on the far client's line for a while."""
    world.line.swallow()
    time.sleep(_PAUSE_S)
    world.line.restore()
    world.far.wait_for(2)


def slow_line(world: World) -> None:
    """The far client's line is slow and trembles."""
    world.line.weather(latency_s=0.1, jitter_s=0.1, bytes_per_s=200_000)
    world.far.wait_for(2)
    world.line.weather()


def camera_gone(world: World) -> None:
    """A camera is away for a while."""

    def runs() -> bool:
        states = {one.name: one.state for one in world.client.list_cameras()}
        return states["gate"] is CameraState.RUNNING

    world.gate.close()
    wait_until(lambda: not runs(), "the camera to be missed")
    world.restart_gate()
    wait_until(runs, "the camera to run")


def camera_comes_and_goes(world: World) -> None:
    """A camera is added, watched and removed."""
    world.admin.add_camera("visitor", "pattern")
    results = world.client.watch("visitor")
    for _ in range(3):
        next(results)
    results.close()
    world.admin.remove_camera("visitor")


def model_replaced(world: World) -> None:
    """A new version of the model serves, soon at full load."""
    world.next_version()
    world.burst()


def hangup(world: World) -> None:
    """Files are moved away, and opened anew on SIGHUP."""
    results = world.folder / "results.jsonl"
    wait_until(results.exists, "a file of results")
    results.rename(world.folder / "moved.jsonl")
    world.server.signal(signal.SIGHUP)
    wait_until(results.exists, "a new file of results")


def stopped(world: World) -> None:
    """The whole server stands still for a second."""
    world.server.signal(signal.SIGSTOP)
    time.sleep(_PAUSE_S)
    world.server.signal(signal.SIGCONT)
    world.streams[0].wait_for(2)


def idle_connections(world: World) -> None:
    """Connections that say nothing, or nonsense."""
    opened = []
    for address in (world.server.address, world.server.http):
        host, _, port = address.rpartition(":")
        for number in range(_IDLE):
            one = socket.create_connection((host, int(port)), timeout=60)
            opened.append(one)
            if number % 2:
                one.sendall(b"\x16\x03\x01 is this TLS?\r\n\r\n")
    world.streams[0].wait_for(1)
    for one in opened:
        one.close()


KINDS: Mapping[str, Callable[[World], None]] = {
    made.__name__: made
    for made in (
        model_replaced,
        camera_gone,
        line_is_cut,
        black_hole,
        bad_frames,
        client_leaves,
        stopped,
        hangup,
        camera_comes_and_goes,
        idle_connections,
        slow_line,
        unknown_things,
        short_streams,
    )
}
"""By name; where a run has no room for all, the last are left out."""

EXPECTED_LINES = (
    r"WARNING camera gate: ",
    r"WARNING \d+ more lines like this were not written",
)
"""What the log says of these faults, as regular expressions; anything else is unexpected."""
