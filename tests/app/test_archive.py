"""An archive: a result for each file, whatever happens on the way."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import pytest

import edgeserve.cameras.sample
from edgeserve.app.archive.inputs import tasks_of
from edgeserve.app.archive.result_file import result_file
from edgeserve.app.archive.results import claimed
from edgeserve.app.archive.task import Order
from edgeserve.cli.main import run
from edgeserve.config.settings import Settings
from edgeserve.domain.errors import ConfigurationError, NotAvailableError
from edgeserve.domain.request import DetectOptions

if TYPE_CHECKING:
    from collections.abc import Callable

FRAMES = 3
PERSON = Path(edgeserve.cameras.sample.__file__).parent / "sample" / "grace_hopper.jpg"


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """A picture and a video of a person, and files that are neither."""
    folder = tmp_path / "archive"
    (folder / "day").mkdir(parents=True)
    shutil.copy(PERSON, folder / "day" / "person.jpg")
    picture = cv2.imread(str(PERSON))
    assert picture is not None
    height_px, width_px = picture.shape[:2]
    codec = cv2.VideoWriter.fourcc(*"MJPG")
    writer = cv2.VideoWriter(str(folder / "street.avi"), codec, 10, (width_px, height_px))
    for _ in range(FRAMES):
        writer.write(picture)
    writer.release()
    (folder / "notes.txt").write_text("not for us")
    return folder


@pytest.fixture
def detect(
    archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, list[dict[str, Any]]]]:
    """Runs the command over the archive: its exit code and its JSON lines."""

    def detect(*flags: str) -> tuple[int, list[dict[str, Any]]]:
        words = ["detect", str(archive), "--results", str(tmp_path / "results"), *flags]
        code = run([*words, "--json=-"])
        return code, [json.loads(text) for text in capsys.readouterr().out.splitlines()]

    return detect


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(text) for text in path.read_text(encoding="utf-8").splitlines()]


def test_each_picture_and_video_has_one_result(
    detect: Callable[..., Any], archive: Path, tmp_path: Path
) -> None:
    code, told = detect()
    assert code == 0
    assert {one["ending"] for one in told[:-1]} == {"done"}
    results = tmp_path / "results"
    found = {str(path.relative_to(results)) for path in results.rglob("*") if path.is_file()}
    assert found == {"order.json", "street.avi.jsonl", "day/person.jpg.jsonl"}
    *frames, last = lines(results / "street.avi.jsonl")
    assert [one["frame_id"] for one in frames] == list(range(FRAMES))
    assert [one["time_s"] for one in frames] == [0.0, 0.1, 0.2]
    assert all("person" in {d["label"] for d in one["detections"]} for one in frames)
    summary = last["summary"]
    assert summary["source"] == str(archive / "street.avi")
    assert (summary["frames"], summary["ok"], summary["message"]) == (FRAMES, FRAMES, "")
    assert summary["objects"] == sum(len(one["detections"]) for one in frames)


def test_what_has_its_result_is_passed_over(detect: Callable[..., Any], tmp_path: Path) -> None:
    detect()
    kept = tmp_path / "results" / "street.avi.jsonl"
    kept.write_text("left alone")
    (tmp_path / "results" / "day" / "person.jpg.jsonl").unlink()
    code, (one, last) = detect()
    assert code == 0
    assert one["path"].endswith("person.jpg")
    assert last["summary"]["there_already"] == 1
    assert kept.read_text() == "left alone"


def test_a_file_that_cannot_be_read_says_so_once(
    detect: Callable[..., Any], archive: Path, tmp_path: Path
) -> None:
    (archive / "broken.mp4").write_bytes(b"no video")
    (archive / "broken.jpg").write_bytes(b"no picture")
    code, told = detect()
    assert code == 1
    endings = {Path(one["path"]).name: one["ending"] for one in told[:-1]}
    assert endings["broken.mp4"] == endings["broken.jpg"] == "unreadable"
    assert endings["street.avi"] == "done"
    (only,) = lines(tmp_path / "results" / "broken.mp4.jsonl")
    assert "broken.mp4" in only["summary"]["message"]
    frame, _ = lines(tmp_path / "results" / "broken.jpg.jsonl")
    assert (frame["status"], frame["reason"]) == ("ERROR", "invalid_image")
    assert detect()[0] == 0


def test_what_the_machine_refuses_has_no_result_and_is_tried_again(
    detect: Callable[..., Any], archive: Path, tmp_path: Path
) -> None:
    (archive / "away.jpg").symlink_to(tmp_path / "not mounted.jpg")
    code, told = detect()
    assert code == 1
    assert [one["ending"] for one in told[:-1]].count("failed") == 1
    result = tmp_path / "results" / "away.jpg.jsonl"
    assert not result.exists()
    shutil.copy(PERSON, tmp_path / "not mounted.jpg")
    assert detect()[0] == 0
    assert result.exists()


def test_results_of_two_orders_do_not_mix(
    detect: Callable[..., Any], capsys: pytest.CaptureFixture[str]
) -> None:
    detect()
    assert detect("--score", "0.5")[0] == 2
    assert detect("--label", "no such thing")[0] == 2
    capsys.readouterr()


def test_one_run_at_a_time_has_the_folder(detect: Callable[..., Any], tmp_path: Path) -> None:
    order = Order.of(DetectOptions(), Settings())
    with claimed(tmp_path / "results", order):
        assert detect()[0] == 3
    assert detect()[0] == 0


def test_what_a_killed_run_left_is_swept_away(detect: Callable[..., Any], tmp_path: Path) -> None:
    left = tmp_path / "results" / "day" / ".edgeserve-0123456789abcdef.part"
    left.parent.mkdir(parents=True)
    left.write_text("half a li")
    assert detect()[0] == 0
    assert not left.exists()


def test_a_result_is_there_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "video.mp4.jsonl"

    def write(*, fails: bool) -> None:
        with result_file(path) as line:
            line({"frame_id": 0})
            assert not path.exists()
            if fails:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write(fails=True)
    assert list(path.parent.iterdir()) == []
    write(fails=False)
    assert list(path.parent.iterdir()) == [path]


def test_a_disk_that_refuses_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with (
        pytest.raises(NotAvailableError, match="cannot be written"),
        result_file(tmp_path / "file" / "video.jsonl"),
    ):
        pass


def test_two_files_never_share_a_result(tmp_path: Path) -> None:
    for camera in ("gate", "yard"):
        (tmp_path / camera).mkdir()
        (tmp_path / camera / "monday.mp4").touch()
    with pytest.raises(ConfigurationError, match="would have the same result"):
        tasks_of([tmp_path / "gate", tmp_path / "yard"], tmp_path / "results")
    together = tasks_of([tmp_path / "gate", tmp_path], tmp_path / "results")
    assert len({task.result for task in together}) == len(together) == 3


def test_a_folder_without_pictures_and_videos_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    with pytest.raises(ConfigurationError, match=r"\.webm"):
        tasks_of([tmp_path], tmp_path / "results")


@pytest.mark.parametrize(
    "flags", [["--ray", "local"], ["--workers", "2"], ["--results", "x", "--address", "box:8001"]]
)
def test_flags_that_do_not_go_together(
    flags: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["detect", str(PERSON), *flags]) == 2
    capsys.readouterr()
