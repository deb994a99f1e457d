"""Options of the whole process, each source with its own."""

from __future__ import annotations

import os
import threading

import pytest

from edgeserve.cameras.ffmpeg_gate import ffmpeg_options

VARIABLE = "OPENCV_FFMPEG_CAPTURE_OPTIONS"


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)


def test_the_same_options_open_side_by_side_and_others_wait() -> None:
    seen: list[str | None] = []
    inside = threading.Event()

    def other() -> None:
        inside.set()
        with ffmpeg_options("rtsp_transport;udp"):
            seen.append(os.environ.get(VARIABLE))

    with ffmpeg_options("a;b"):
        # A second one with the same options waits for nobody.
        with ffmpeg_options("a;b"):
            assert os.environ[VARIABLE] == "a;b"
        waiting = threading.Thread(target=other)
        waiting.start()
        assert inside.wait(60)
        waiting.join(0.1)
        assert waiting.is_alive()
        assert seen == []
    waiting.join(60)
    assert seen == ["rtsp_transport;udp"]
    with ffmpeg_options(""):
        assert VARIABLE not in os.environ
