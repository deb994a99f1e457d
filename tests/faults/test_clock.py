"""The clock on the wall is set, forth and back, while the server runs."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from edgeserve.client import CameraState, DetectionClient
from tests.cameras.rtsp_server import RtspServer
from tests.faults.observed import Observation
from tests.faults.traffic import Traffic
from tests.waiting import wait_until

if TYPE_CHECKING:
    from edgeserve.client import CameraStatus
    from tests.faults.conftest import Start
    from tests.faults.server import Server

STEPS = ("+10", "+86400", "-86400")


def faketime() -> str:
    """The library that lies about the time."""
    found = [*Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1")]
    if not found:
        pytest.skip("no libfaketime (apt: libfaketime)")
    return str(found[0])


def age_s(server: Server) -> float:
    """Sum of the ages of all frames of the camera."""
    return server.metric("edgeserve_frame_age_seconds_sum", camera="gate")


@pytest.mark.long
@pytest.mark.timeout(300)
def test_steps_of_the_clock_disturb_neither_streams_nor_cameras(
    start: Start, tmp_path: Path
) -> None:
    wall = tmp_path / "wall"
    wall.write_text("+0")
    environment = {
        "LD_PRELOAD": faketime(),
        "FAKETIME_TIMESTAMP_FILE": str(wall),
        "FAKETIME_CACHE_DURATION": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "NO_FAKE_STAT": "1",
    }
    config = tmp_path / "edgeserve.toml"
    with RtspServer() as camera:
        # A busy machine may fall behind by itself.
        text = f'[[camera]]\nname = "gate"\nurl = "{camera.url}"\nmax_lag = 60.0\n'
        config.write_text(text)
        server = start("--config", str(config), environment=environment)
        with (
            DetectionClient(server.address, timeout=60) as client,
            Traffic(server.address) as traffic,
        ):

            def gate() -> CameraStatus:
                return client.list_cameras()[0]

            wait_until(lambda: gate().state is CameraState.RUNNING, "the camera")
            for step in STEPS:
                with Observation(f"clock set by {step} s", server) as seen:
                    traffic.wait_for()
                    before = gate()
                    spare = wall.with_suffix(".new")
                    spare.write_text(step)
                    spare.replace(wall)
                    set_s = time.monotonic()

                    def stepped(step: str = step) -> bool:
                        ahead_s = gate().last_frame_unix_ns / 1e9 - time.time()
                        return abs(ahead_s - float(step)) < 5

                    wait_until(stepped, "frames dated by the new time")
                    frames = server.metric("edgeserve_frame_age_seconds_count", camera="gate")
                    ages_s = age_s(server)
                    traffic.wait_for(20)
                    looked_at = server.metric("edgeserve_frame_age_seconds_count", camera="gate")
                    mean_s = (age_s(server) - ages_s) / max(1, looked_at - frames)
                    after = gate()
                    assert after.reconnects == before.reconnects
                    # Ages are not off by the step.
                    assert mean_s < 9
                    seen.saw(f"streams: all OK, longest silence {traffic.silence_s(set_s):.1f} s")
                    seen.saw("a camera goes on, its frames dated by the new time")
                    seen.recovered("nothing to recover")
            traffic.end()
            assert traffic.faults() == []
