"""JSON lines in files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from edgeserve.sinks.jsonl import JsonlSink
from edgeserve.sinks.options import JsonlOptions
from tests.sinks.results import event, result
from tests.sinks.schemas import DETECTIONS, EVENT
from tests.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Sequence


def written(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def frames(messages: Sequence[dict[str, Any]]) -> list[int]:
    return [message["frame_number"] for message in messages if message["type"] == "detections"]


def test_results_and_their_events_are_lines(tmp_path: Path) -> None:
    path = tmp_path / "new" / "results.jsonl"
    sink = JsonlSink(JsonlOptions(jsonl_path=str(path)))
    sink.start()
    sink(result(0))
    sink(result(1, event(), event(8)))
    sink.close(60)
    lines = written(path)
    assert [line["type"] for line in lines] == ["detections", "detections", "event", "event"]
    for line in lines:
        (DETECTIONS if line["type"] == "detections" else EVENT).validate(line)
    assert sink.counts().delivered == 2


def test_a_file_that_is_there_is_continued(tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    for number in range(2):
        sink = JsonlSink(JsonlOptions(jsonl_path=str(path)))
        sink.start()
        sink(result(number))
        sink.close(60)
    assert frames(written(path)) == [0, 1]


def test_files_are_renamed_by_size_and_only_so_many_kept(tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    sink = JsonlSink(JsonlOptions(jsonl_path=str(path), jsonl_max_bytes=1500, jsonl_files=2))
    sink.start()
    for number in range(40):
        sink(result(number))
    sink.close(60)
    assert sorted(file.name for file in tmp_path.iterdir()) == [
        "results.jsonl",
        "results.jsonl.1",
        "results.jsonl.2",
    ]
    assert all(0 < file.stat().st_size <= 1500 for file in tmp_path.iterdir())
    kept = [*written(Path(f"{path}.2")), *written(Path(f"{path}.1")), *written(path)]
    assert frames(kept) == list(range(40 - len(kept), 40)), "the newest, in order, none torn"
    assert 4 < len(kept) < 40


def test_a_line_larger_than_the_limit_gets_a_file_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    sink = JsonlSink(JsonlOptions(jsonl_path=str(path), jsonl_max_bytes=10, jsonl_files=9))
    sink.start()
    for number in range(3):
        sink(result(number))
    sink.close(60)
    assert frames(written(path)) == [2]
    assert frames(written(Path(f"{path}.2"))) == [0]


def test_the_file_is_opened_anew_when_asked(tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    sink = JsonlSink(JsonlOptions(jsonl_path=str(path)))
    sink.start()
    sink(result(0))
    wait_until(lambda: sink.counts().delivered == 1, "the first line")
    moved = path.rename(tmp_path / "moved.jsonl")
    sink(result(1))
    wait_until(lambda: sink.counts().delivered == 2, "a line after the move")
    sink.reopen()
    sink(result(2))
    sink.close(60)
    assert frames(written(moved)) == [0, 1]
    assert frames(written(path)) == [2]


def test_a_folder_that_is_missing_hurts_until_it_is_there(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    blocked = tmp_path / "folder"
    blocked.write_text("in the way")
    path = blocked / "results.jsonl"
    sink = JsonlSink(JsonlOptions(jsonl_path=str(path)))
    sink.start()
    for number in range(2):
        sink(result(number))
    wait_until(lambda: sink.counts().failed == 2, "two failures")
    assert [record.message for record in caplog.records] == [f"jsonl: {path}: File exists"]
    blocked.unlink()
    sink(result(2))
    wait_until(lambda: sink.counts().delivered == 1, "a line")
    sink.close(60)
    assert frames(written(path)) == [2]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full, a disk that is full")
def test_a_full_disk_is_said_and_counted(caplog: pytest.LogCaptureFixture) -> None:
    sink = JsonlSink(JsonlOptions(jsonl_path="/dev/full"))
    sink.start()
    sink(result())
    sink.close(60)
    assert sink.counts().failed == 1
    assert "/dev/full: No space left on device" in caplog.text


def test_standard_output_is_a_file_too(capfd: pytest.CaptureFixture[str]) -> None:
    sink = JsonlSink(JsonlOptions(jsonl_path="-", jsonl_max_bytes=1))
    sink.start()
    for number in range(3):
        sink(result(number))
    sink.close(60)
    lines = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert frames(lines) == [0, 1, 2]
