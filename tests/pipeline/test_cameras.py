"""Cameras through the pipeline to those who subscribed; everything is real but the inference."""

from __future__ import annotations

import queue
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from edgeserve.cameras.observer import NullCameraObserver
from edgeserve.cameras.options import CameraOptions
from edgeserve.domain.camera import CameraEvent, CameraState, Track
from edgeserve.domain.errors import (
    CameraNotFoundError,
    ConfigurationError,
    ModelNotFoundError,
    RequestError,
)
from edgeserve.domain.frame import ColorOrder
from edgeserve.domain.origin import Origin, current_origin
from edgeserve.domain.result import Status
from edgeserve.pipeline.broadcast import Broadcaster, Watcher
from edgeserve.pipeline.cameras import Cameras, add_all
from edgeserve.preprocess.decode import decode
from tests import fakes
from tests.waiting import PATIENCE_S, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from edgeserve.domain.camera import CameraResult
    from edgeserve.domain.detections import Detections


def options(name: str = "cam", url: str = "pattern:64x48@50", **more: Any) -> CameraOptions:  # noqa: ANN401
    return CameraOptions.model_validate({"name": name, "url": url, **more})


class Ages(NullCameraObserver):
    def __init__(self) -> None:
        self.ages_s: list[float] = []
        self.let_go: list[str] = []

    def frame_looked_at(self, camera: str, age_s: float) -> None:
        assert camera == "cam"
        self.ages_s.append(age_s)

    def watcher_let_go(self, camera: str) -> None:
        self.let_go.append(camera)


@contextmanager
def running(*cameras: CameraOptions, **hooks: Any) -> Iterator[Cameras]:  # noqa: ANN401
    models = fakes.served_models()
    observer = hooks.pop("observer", NullCameraObserver())
    served = Cameras(models, observer, **hooks)
    try:
        add_all(served, cameras)
        yield served
    finally:
        served.close()
        models.close()


def collect(
    cameras: Cameras, count: int, camera: str | None = None, *, pictures: bool = False
) -> list[CameraResult]:
    """The next so many results."""
    got: queue.SimpleQueue[CameraResult] = queue.SimpleQueue()
    end = cameras.subscribe(got.put, camera, pictures=pictures)
    results = [got.get(timeout=PATIENCE_S) for _ in range(count)]
    end()
    end()
    return results


def test_a_subscriber_hears_of_each_result_in_order_with_capture_time_and_age() -> None:
    observer = Ages()
    with running(options(), observer=observer) as cameras:
        results = collect(cameras, 5, "cam")
    numbers = [result.frame_number for result in results]
    assert numbers == sorted(set(numbers))
    times = [result.capture_time_unix_ns for result in results]
    assert times == sorted(times)
    first = results[0]
    assert (first.camera, first.width_px, first.height_px) == ("cam", 64, 48)
    assert first.result.status is Status.OK
    assert first.result.labels == ("car",)
    assert first.frame is None
    assert observer.ages_s
    assert first.result.age_us is not None


def test_pictures_come_along_where_they_are_asked_for_turned_and_cropped() -> None:
    camera = options(rotate=90, crop=[0, 0, 0.5, 1])
    with running(camera) as cameras:
        # Frames on their way were sent before anybody wanted them.
        got = [result for result in collect(cameras, 12, pictures=True) if result.frame]
    seen = got[-1]
    assert seen.frame is not None
    # 64x48 turned is 48x64; the left half of that is 24x64.
    assert (seen.width_px, seen.height_px) == (24, 64)
    pixels = decode(seen.frame, ColorOrder.BGR, 10_000).pixels
    assert pixels.shape == (64, 24, 3)


def test_cameras_do_not_hear_of_each_other() -> None:
    with running(options("one"), options("two")) as cameras:
        assert {result.camera for result in collect(cameras, 5, "two")} == {"two"}
        assert {result.camera for result in collect(cameras, 20)} == {"one", "two"}


def test_a_file_is_seen_whole_when_it_is_not_played_in_real_time(tmp_path: Path) -> None:
    for number in range(30):
        (tmp_path / f"{number:02}.jpg").write_bytes(fakes.jpeg())
    camera = options(url=str(tmp_path), realtime=False, loop=False, paused=True)
    with running(camera) as cameras:
        got: queue.SimpleQueue[CameraResult] = queue.SimpleQueue()
        cameras.subscribe(got.put)
        cameras.pause("cam", paused=False)
        numbers = [got.get(timeout=PATIENCE_S).frame_number for _ in range(30)]
        assert numbers == list(range(30))
        wait_until(lambda: cameras.statuses()[0].state is CameraState.PAUSED)
        assert "has ended" in cameras.statuses()[0].last_error


class Follower:
    """Gives every detection the next number."""

    least_score = 0.1

    def __init__(self) -> None:
        self.times: list[int] = []

    def update(self, detections: Detections, capture_ns: int) -> Sequence[Track]:
        self.times.append(capture_ns)
        return [
            Track(len(self.times), index, (0.0, 0.0, 1.0, 1.0), 1, float(score))
            for index, score in enumerate(detections.scores)
        ]


class Finder:
    def update(self, result: CameraResult) -> Sequence[CameraEvent]:
        track = result.tracks[0]
        return [CameraEvent("enter", "door", track.track_id, "car", result.capture_time_unix_ns)]


def test_a_tracker_of_each_camera_sees_its_frames_before_the_subscribers_do() -> None:
    made: dict[str, Follower] = {}

    def make(camera: CameraOptions) -> Follower:
        return made.setdefault(camera.name, Follower())

    with running(
        options("one"),
        options("two"),
        make_tracker=make,
        make_event_finder=lambda _: Finder(),
    ) as cameras:
        result = collect(cameras, 1, "one")[0]
    assert set(made) == {"one", "two"}
    assert result.capture_time_unix_ns in made["one"].times
    assert result.track_ids == (result.tracks[0].track_id,)
    assert result.events[0].place == "door"


def test_a_subscriber_that_fails_hurts_nobody(caplog: pytest.LogCaptureFixture) -> None:
    origins = set()

    def fail(_: CameraResult) -> None:
        origins.add(current_origin.get())
        text = "broken subscriber"
        raise RuntimeError(text)

    with running(options()) as cameras:
        cameras.subscribe(fail)
        assert collect(cameras, 3)
    assert "broken subscriber" in caplog.text
    assert origins == {Origin(camera="cam")}  # what its line in the log carries


def test_a_watcher_that_is_too_slow_is_let_go_and_counted_and_others_go_on() -> None:
    observer = Ages()
    with running(options(url="pattern:16x16@500"), observer=observer) as cameras:
        idle, end_idle = cameras.watch("cam", lambda: None)
        ready = threading.Event()
        busy, end_busy = cameras.watch("cam", ready.set)
        seen = 0
        while not idle.let_go:
            assert ready.wait(PATIENCE_S)
            ready.clear()
            seen += len(busy.take())
        assert not busy.let_go
        assert seen >= 100
        assert idle.take() == []
        assert observer.let_go == ["cam"]
        end_idle()
        end_busy()


def test_a_camera_that_is_removed_ends_its_watchers_and_its_name_is_free() -> None:
    with running(options()) as cameras:
        told = threading.Event()
        watcher, end = cameras.watch("cam", told.set)
        cameras.remove("cam")
        wait_until(lambda: watcher.ended)
        end()
        assert cameras.statuses() == []
        for call in (
            lambda: cameras.remove("cam"),
            lambda: cameras.pause("cam", paused=True),
            lambda: cameras.subscribe(print, "cam"),
            lambda: cameras.watch("cam", told.set),
        ):
            with pytest.raises(CameraNotFoundError, match="no camera 'cam'; it reads none"):
                call()
        cameras.add(options())
        assert collect(cameras, 1, "cam")


def test_what_is_known_of_a_camera() -> None:
    zone = {"name": "door", "points": [[0, 0], [1, 0], [1, 1]]}
    with running(options(zones=[zone], model="fake")) as cameras:
        wait_until(lambda: cameras.statuses()[0].fps > 0)
        (status,) = cameras.statuses()
    assert status.state is CameraState.RUNNING
    assert (status.name, status.model, status.decoder) == ("cam", "fake", "software")
    assert status.zones[0].name == "door"
    assert status.last_frame_unix_ns > 0


@pytest.mark.parametrize(
    ("wrong", "kind", "said"),
    [
        ({"model": "none"}, ModelNotFoundError, "no model 'none'"),
        ({"classes": ["dog"]}, RequestError, "has no label 'dog'"),
        ({"url": "gopher://x"}, ConfigurationError, "gopher:// are not read"),
    ],
)
def test_a_camera_that_makes_no_sense_is_refused(
    wrong: dict[str, Any], kind: type[Exception], said: str
) -> None:
    with running() as cameras:
        with pytest.raises(kind, match=said):
            cameras.add(options(**wrong))
        with pytest.raises(ConfigurationError, match=f"camera cam: .*{said}"):
            add_all(cameras, [options(**wrong)])
        assert cameras.statuses() == []


def test_two_cameras_of_one_name_are_refused() -> None:
    with running(options()) as cameras, pytest.raises(RequestError, match="'cam' is there already"):
        cameras.add(options())


def test_nothing_is_left_of_cameras_that_were_removed() -> None:
    with running() as cameras:
        before = threading.active_count()
        for number in range(20):
            cameras.add(options(f"cam{number}"))
        for number in range(20):
            cameras.remove(f"cam{number}")
        wait_until(lambda: threading.active_count() <= before)


def test_a_watcher_keeps_no_more_than_it_may() -> None:
    told: list[str] = []
    watcher = Watcher(2, lambda: told.append("change"), lambda: told.append("let go"))
    broadcaster = Broadcaster()
    end = broadcaster.subscribe(watcher)
    with running(options()) as cameras:
        result = collect(cameras, 1)[0]
    for _ in range(5):
        broadcaster.publish(result)
    assert told == ["change", "change", "let go", "change"]
    end()
    assert watcher.take() == []
