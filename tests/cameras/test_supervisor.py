"""Cameras that break: killed, frozen, restarted in another size; the supervisor stays."""

from __future__ import annotations

import threading
import weakref
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from edgeserve.cameras.observer import NullCameraObserver
from edgeserve.cameras.options import CameraOptions
from edgeserve.cameras.pyav import pyav_installed
from edgeserve.cameras.supervisor import Supervisor
from edgeserve.domain.camera import CameraState
from edgeserve.domain.errors import ModelNotReadyError
from tests.cameras.mjpeg_server import MjpegServer
from tests.cameras.rtsp_server import RtspServer, pattern
from tests.sinks.ports import free_port
from tests.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from edgeserve.domain.frame import EncodedFrame

_PYAV = pytest.mark.skipif(not pyav_installed(), reason="no package av (extra [video])")


class Delivery:
    """Takes the frames of one connection."""

    def __init__(self, frames: list[EncodedFrame]) -> None:
        self._frames = frames

    def __call__(self, frame: EncodedFrame) -> None:
        self._frames.append(frame)


class Watched(NullCameraObserver):
    """A camera under supervision, all its frames' numbers, and what was told of it."""

    def __init__(self, url: str, **options: Any) -> None:  # noqa: ANN401 - options of all types
        quick = {"reconnect_first": 0.05, "reconnect_max": 0.2, "connect_timeout": 5.0}
        self.options = CameraOptions.model_validate({"name": "cam", "url": url, **quick, **options})
        self.told: list[str] = []
        self.frames: list[EncodedFrame] = []
        self.refuse: Exception | None = None
        self.connections: list[weakref.ref[Delivery]] = []
        self.supervisor = Supervisor(self.options, self._session, self)

    def camera_reconnected(self, camera: str) -> None:
        self.told.append(f"{camera} reconnected")

    def camera_stalled(self, camera: str) -> None:
        self.told.append(f"{camera} stalled")

    def camera_failed(self, camera: str) -> None:
        self.told.append(f"{camera} failed")

    @property
    def state(self) -> CameraState:
        return self.supervisor.status().state

    @contextmanager
    def _session(self) -> Iterator[Callable[[EncodedFrame], None]]:
        if self.refuse is not None:
            raise self.refuse
        deliver = Delivery(self.frames)
        self.connections.append(weakref.ref(deliver))
        yield deliver

    def more_frames(self) -> None:
        """Wait for a frame that is not here yet."""
        have = len(self.frames)
        wait_until(lambda: len(self.frames) > have, "a new frame")


@contextmanager
def watched(url: str, **options: Any) -> Iterator[Watched]:  # noqa: ANN401 - as above
    camera = Watched(url, **options)
    ended = threading.Event()

    def look() -> None:
        import time  # noqa: PLC0415 - of this thread only

        while not ended.wait(0.02):
            camera.supervisor.watch(time.monotonic())

    looking = threading.Thread(target=look)
    looking.start()
    camera.supervisor.start()
    try:
        yield camera
    finally:
        camera.supervisor.close()
        ended.set()
        looking.join()
        assert camera.supervisor.join(60)


@pytest.mark.parametrize("backend", ["opencv", pytest.param("pyav", marks=_PYAV)])
def test_a_camera_killed_and_back_in_another_size_goes_on(backend: str) -> None:
    with (
        RtspServer() as server,
        watched(server.url, backend=backend, read_timeout=3.0) as camera,
    ):
        camera.more_frames()
        assert camera.state is CameraState.RUNNING
        server.kill()
        wait_until(lambda: "cannot be reached" in camera.supervisor.status().last_error)
        server.start(pattern(160, 120))
        wait_until(lambda: camera.frames[-1].width_px == 160)
        status = camera.supervisor.status()
        assert status.state is CameraState.RUNNING
        assert status.reconnects == 1
        assert camera.told.count("cam reconnected") == 1
        assert status.last_frame_unix_ns > 0
    numbers = [frame.frame_id for frame in camera.frames]
    assert numbers == list(range(len(numbers)))


def test_a_connection_that_broke_is_not_kept_in_memory_when_the_next_one_runs() -> None:
    port = free_port()
    with ExitStack() as servers:
        first = MjpegServer(port=port)
        camera = servers.enter_context(watched(first.url))
        camera.more_frames()
        first.close()
        wait_until(lambda: "cam failed" in camera.told, "the break")
        servers.enter_context(MjpegServer(port=port))
        camera.more_frames()
        wait_until(lambda: camera.connections[0]() is None, "it to be forgotten")


def test_a_camera_that_freezes_is_stalled_and_runs_on_when_it_thaws() -> None:
    with RtspServer() as server, watched(server.url, stall_timeout=1.0) as camera:
        camera.more_frames()
        server.freeze()
        wait_until(lambda: camera.state is CameraState.STALLED)
        assert "no frame for 1 s" in camera.supervisor.status().last_error
        server.thaw()
        camera.more_frames()
        wait_until(lambda: camera.state is CameraState.RUNNING)
    assert camera.told.count("cam stalled") >= 1


def test_silence_beyond_the_read_time_out_makes_the_connection_anew() -> None:
    with (
        MjpegServer() as server,
        watched(server.url, stall_timeout=0.2, read_timeout=0.6) as camera,
    ):
        camera.more_frames()
        server.go.clear()
        wait_until(lambda: "cam failed" in camera.told)
        assert camera.told[0] == "cam stalled"
        server.go.set()
        wait_until(lambda: "cam reconnected" in camera.told)
        assert camera.supervisor.status().stalls >= 1


def test_a_camera_looked_at_rarely_is_not_stalled() -> None:
    with (
        MjpegServer() as server,
        watched(server.url, stall_timeout=0.4, fps=0.5, read_timeout=5.0) as camera,
    ):
        camera.more_frames()
        camera.more_frames()
    assert camera.told == []


def test_a_file_waits_for_its_time_and_is_not_stalled(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"\xff\xd8")
    with watched(str(tmp_path), stall_timeout=0.1, fps=2.0) as camera:
        camera.more_frames()
        camera.more_frames()
    assert camera.told == []


def test_a_paused_camera_is_let_go_and_read_again_when_resumed() -> None:
    with MjpegServer() as server, watched(server.url, paused=True) as camera:
        assert camera.state is CameraState.PAUSED
        assert not camera.frames
        camera.supervisor.pause(paused=False)
        camera.more_frames()
        camera.supervisor.pause(paused=True)
        wait_until(lambda: camera.state is CameraState.PAUSED)
        have = len(camera.frames)
        camera.supervisor.pause(paused=False)
        wait_until(lambda: len(camera.frames) > have)
    assert camera.told == []


def test_a_model_that_is_not_ready_is_asked_again() -> None:
    camera = Watched("pattern:32x32@50")
    camera.refuse = ModelNotReadyError("model fake is not ready")
    camera.supervisor.start()
    wait_until(lambda: camera.told.count("cam failed") > 2)
    assert camera.state in {CameraState.WAITING, CameraState.CONNECTING}
    assert camera.supervisor.status().last_error == "model fake is not ready"
    camera.refuse = None
    camera.more_frames()
    camera.supervisor.close()
    assert camera.supervisor.join(60)


def test_a_camera_that_is_paused_waits_for_nothing_when_it_is_closed() -> None:
    with watched("pattern:32x32@1", paused=True) as camera:
        wait_until(lambda: camera.state is CameraState.PAUSED)


def test_a_file_that_is_not_looped_pauses_at_its_end(tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / f"{number}.jpg").write_bytes(b"\xff\xd8")
    with watched(str(tmp_path), loop=False, realtime=False) as camera:
        wait_until(lambda: camera.state is CameraState.PAUSED)
        assert len(camera.frames) == 3
        camera.supervisor.pause(paused=False)
        wait_until(lambda: len(camera.frames) == 6)


def test_errors_do_not_tell_credentials(caplog: pytest.LogCaptureFixture) -> None:
    with watched("rtsp://admin:hunter2@camera.invalid/cam") as camera:
        wait_until(lambda: "cam failed" in camera.told)
        assert "cannot be resolved" in camera.supervisor.status().last_error
        assert "hunter2" not in repr(camera.options) + repr(camera.supervisor.status())
    assert "hunter2" not in caplog.text
