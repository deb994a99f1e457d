"""What the server talks to is killed: a client in mid frame, a camera, a broker."""

from __future__ import annotations

import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from edgeserve.client import CameraState, DetectionClient
from tests.cameras.rtsp_server import RtspServer
from tests.faults.observed import Observation
from tests.faults.proxy import Proxy
from tests.faults.traffic import Traffic
from tests.sinks.broker import Broker, Listener
from tests.system.conftest import EDGESERVE
from tests.waiting import wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.faults.conftest import Start
    from tests.faults.server import Server

pytestmark = [pytest.mark.long, pytest.mark.timeout(300)]


def state(client: DetectionClient) -> CameraState:
    return client.list_cameras()[0].state


def delivered(server: Server) -> float:
    return server.metric("edgeserve_sink_delivered_total", sink="mqtt")


def test_a_client_killed_in_mid_frame_leaves_nothing_behind(start: Start) -> None:
    server = start()
    with (
        Observation("kill -9 of a client in mid frame", server) as seen,
        Traffic(server.address) as traffic,
        Proxy(server.address) as line,
    ):
        traffic.wait_for()
        # A frame of 60 KB takes a second on its way.
        line.weather(bytes_per_s=60_000)
        command = (*EDGESERVE, "stream", "sample", "--address", line.address, "--policy", "block")
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as client:
            wait_until(lambda: server.metric("edgeserve_streams") == 2, "the client's stream")
            received = server.metric("edgeserve_frames_received_total")
            wait_until(
                lambda: server.metric("edgeserve_frames_received_total") > received, "frames"
            )
            client.kill()
        killed_s = time.monotonic()
        # What is on its way arrives, and then the end.
        line.weather()
        wait_until(lambda: server.metric("edgeserve_streams") == 1, "its stream to end")
        seen.recovered("its place is free", time.monotonic() - killed_s)
        traffic.wait_for()
        traffic.end()
        assert traffic.faults() == []
        wait_until(lambda: server.metric("edgeserve_waiting_bytes") == 0, "its frames to go")
        seen.saw("other streams: all OK")


def test_a_camera_that_is_killed_is_missed_and_comes_back(start: Start, tmp_path: Path) -> None:
    config = tmp_path / "edgeserve.toml"
    with RtspServer() as camera:
        config.write_text(f'[[camera]]\nname = "gate"\nurl = "{camera.url}"\n')
        server = start("--config", str(config))
        with (
            Observation("kill -9 of a camera's server, back after 3 s", server) as seen,
            DetectionClient(server.address, timeout=60) as client,
            Traffic(server.address) as traffic,
        ):
            wait_until(lambda: state(client) is CameraState.RUNNING, "the camera")
            camera.kill()
            killed_s = time.monotonic()
            wait_until(lambda: state(client) is not CameraState.RUNNING, "it is missed")
            missed_s = time.monotonic() - killed_s
            status = client.list_cameras()[0]
            seen.saw(f"camera {status.state.value} after {missed_s:.1f} s: {status.last_error}")
            time.sleep(3)
            camera.start()
            back_s = time.monotonic()
            watching = client.watch("gate")
            next(watching)
            watching.close()
            seen.recovered("detections", time.monotonic() - back_s)
            wait_until(lambda: state(client) is CameraState.RUNNING, "the camera")
            traffic.end()
            assert traffic.faults() == []
            seen.saw("other streams: all OK")


def test_a_broker_that_is_killed_costs_no_message(start: Start, tmp_path: Path) -> None:
    config = tmp_path / "edgeserve.toml"
    config.write_text('[[camera]]\nname = "street"\nurl = "sample"\nfps = 10\n')
    with Broker(tmp_path) as broker:
        server = start("--config", str(config), "--mqtt-url", f"mqtt://127.0.0.1:{broker.port}")
        wait_until(lambda: delivered(server) > 5, "messages")
        with (
            Observation("kill -9 of the MQTT broker, back after 3 s", server) as seen,
            Traffic(server.address) as traffic,
        ):
            broker.kill()
            wait_until(lambda: server.metric("edgeserve_sink_waiting", sink="mqtt") > 10, "a queue")
            time.sleep(3)
            waiting = server.metric("edgeserve_sink_waiting", sink="mqtt")
            seen.saw(f"no messages; {waiting:.0f} wait in the server after 3 s")
            broker.start()
            back_s = time.monotonic()
            with Listener(broker.port) as listener:
                while not listener.next().topic.endswith("/detections"):
                    pass
                seen.recovered("messages come again", time.monotonic() - back_s)
                wait_until(
                    lambda: server.metric("edgeserve_sink_waiting", sink="mqtt") < 5, "the queue"
                )
            traffic.end()
            assert traffic.faults() == []
            assert server.metric("edgeserve_sink_dropped_total", sink="mqtt") == 0
            seen.saw("other streams: all OK")
