"""A whole video under BLOCK: nothing lost, nothing doubled."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.system.conftest import run

if TYPE_CHECKING:
    from pathlib import Path

    from tests.system.conftest import Start


@pytest.mark.long
def test_every_frame_of_a_video_comes_back_once_and_in_order(serve: Start, data_dir: Path) -> None:
    video = data_dir / "media" / "street-1080p.mp4"
    ffprobe = shutil.which("ffprobe")
    if ffprobe is None:
        pytest.skip("no ffprobe to count the frames independently; install Debian's ffmpeg")
    count = subprocess.run(
        [
            *(ffprobe, "-v", "error", "-select_streams", "v:0", "-count_frames"),
            *("-show_entries", "stream=nb_read_frames", "-of", "csv=p=0", str(video)),
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    frames = int(count.stdout.strip().rstrip(","))
    server = serve()
    ended = run("stream", str(video), "--policy", "block", "--address", server.address, "--json=-")
    assert ended.returncode == 0, ended.stderr
    *records, last = [json.loads(line) for line in ended.stdout.splitlines()]
    assert [record["frame_id"] for record in records] == list(range(frames))
    assert {record["status"] for record in records} == {"OK"}
    assert last["summary"]["ok"] == frames
