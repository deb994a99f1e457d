"""A server with a camera of its own, to files, a broker and a receiver."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.request import urlopen

from edgeserve.cameras import sample
from edgeserve.client import DetectionClient
from tests.cameras.rtsp_server import RtspServer
from tests.sinks.broker import Broker, Listener
from tests.sinks.receiver import Receiver
from tests.sinks.schemas import DETECTIONS, EVENT
from tests.system.conftest import run
from tests.waiting import wait_until

if TYPE_CHECKING:
    from edgeserve.domain.camera import CameraResult
    from tests.system.conftest import Start

CAMERA = """
[[camera]]
name = "street"
url = "{url}"
tracking = true
zones = [{{ name = "all", points = [[0, 0], [1, 0], [1, 1], [0, 1]], labels = ["person"] }}]

[tracking]
track_settle_seconds = 0

[jsonl]
jsonl_path = "{folder}/results.jsonl"
"""


def test_what_a_camera_sees_is_tracked_and_told_everywhere(
    serve: Start, tmp_path: Path, data_dir: Path
) -> None:
    config, results = tmp_path / "edgeserve.toml", tmp_path / "results.jsonl"
    video = data_dir / "media" / "one-by-one-person-detection.mp4"
    config.write_text(CAMERA.format(url=video, folder=tmp_path))
    with (
        Broker(tmp_path) as broker,
        Listener(broker.port) as listener,
        Receiver([200]) as receiver,
    ):
        server = serve(
            *("--config", str(config)),
            *("--mqtt-url", f"mqtt://127.0.0.1:{broker.port}"),
            *("--webhook-url", f"http://127.0.0.1:{receiver.port}/events"),
        )
        assert listener.next().payload == b"online"
        wait_until(lambda: receiver.posts, "somebody enters the zone")
        results.rename(tmp_path / "moved.jsonl")
        server.process.send_signal(signal.SIGHUP)
        wait_until(results.exists, "a new file")
        with urlopen(f"http://{server.http}/metrics", timeout=60) as answer:
            metrics = answer.read().decode()
        assert 'edgeserve_sink_dropped_total{sink="mqtt"} 0.0' in metrics
        assert 'edgeserve_sink_waiting{sink="webhook"}' in metrics
        assert server.terminate() == 0
        topics, last = set[str](), listener.next()
        while last.topic != "edgeserve/status":
            topics.add(last.topic)
            last = listener.next()
    assert last.payload == b"offline"
    assert topics == {"edgeserve/street/detections", "edgeserve/street/events"}
    told = json.loads(receiver.posts[0].body)
    EVENT.validate(told)
    assert (told["camera"], told["kind"], told["place"]) == ("street", "zone_entered", "all")
    lines = [
        json.loads(line)
        for file in (tmp_path / "moved.jsonl", results)
        for line in file.read_text("utf-8").splitlines()
    ]
    for line in lines:
        (EVENT if line["type"] == "event" else DETECTIONS).validate(line)
    assert told in lines
    tracked = [found["track_id"] for line in lines for found in line.get("detections", [])]
    assert told["track_id"] in tracked


def test_a_password_is_no_flag() -> None:
    shown = run("serve", "--help").stdout
    assert "--mqtt-password-file" in shown
    assert "--mqtt-password " not in shown


def photograph(path: Path) -> str:
    """A launch line: a camera that looks at a photograph."""
    return (
        f"( filesrc location={path} ! jpegdec ! imagefreeze is-live=true ! videoconvert ! "
        "videoscale ! video/x-raw,format=I420,width=640,height=480,framerate=10/1 ! "
        "x264enc tune=zerolatency speed-preset=ultrafast key-int-max=10 ! "
        "rtph264pay name=pay0 pt=96 config-interval=1 )"
    )


def test_an_rtsp_camera_tells_watchers_and_mqtt_the_same(serve: Start, tmp_path: Path) -> None:
    config = tmp_path / "edgeserve.toml"
    found: dict[int, CameraResult] = {}
    told: dict[int, dict[str, Any]] = {}
    portrait = Path(sample.__file__).with_name("sample") / "astronaut.jpg"
    with (
        RtspServer(photograph(portrait)) as camera,
        Broker(tmp_path) as broker,
        Listener(broker.port) as listener,
    ):
        config.write_text(f'[[camera]]\nname = "gate"\nurl = "{camera.url}"\ntracking = true\n')
        server = serve(*("--config", str(config), "--mqtt-url", f"mqtt://127.0.0.1:{broker.port}"))
        with DetectionClient(server.address, timeout=60) as client:
            for seen in client.watch("gate"):
                if any(track_id is not None for track_id in seen.track_ids):
                    found[seen.frame_number] = seen
                if len(found) == 5:
                    break
        while not set(found) <= set(told):
            heard = listener.next()
            if heard.topic == "edgeserve/gate/detections":
                message = json.loads(heard.payload)
                told[message["frame_number"]] = message
        assert server.terminate() == 0
    for number, seen in found.items():
        message = told[number]
        assert message["time_unix_ms"] == seen.capture_time_unix_ns // 1_000_000
        ids = [one["track_id"] for one in message["detections"]]
        assert ids == list(seen.track_ids)
        labels = [one["label"] for one in message["detections"]]
        assert labels == list(seen.result.labels)
