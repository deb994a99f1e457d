"""A server with a camera of its own, to files, a broker and a receiver."""

from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING
from urllib.request import urlopen

from tests.sinks.broker import Broker, Listener
from tests.sinks.receiver import Receiver
from tests.sinks.schemas import DETECTIONS, EVENT
from tests.system.conftest import run
from tests.waiting import wait_until

if TYPE_CHECKING:
    from pathlib import Path

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
