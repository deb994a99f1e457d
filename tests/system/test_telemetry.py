"""Traces and logs of the program as it is installed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.request import urlopen

from prometheus_client.parser import text_string_to_metric_families

from tests.system.conftest import run
from tests.telemetry.collector import Collector, attributes

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from tests.system.conftest import Start

PROMISED = {
    "edgeserve_stage_duration_seconds_bucket": {"model", "device", "stage", "le"},
    "edgeserve_frame_latency_seconds_bucket": {"model", "le"},
    "edgeserve_frame_age_seconds_bucket": {"camera", "le"},
    "edgeserve_frames_received_total": {"source"},
    "edgeserve_results_total": {"source", "status"},
    "edgeserve_frames_dropped_total": {"source", "reason"},
    "edgeserve_requests_in_flight": {"device"},
    "edgeserve_streams": set(),
    "edgeserve_camera_reconnects_total": {"camera"},
    "edgeserve_camera_stalls_total": {"camera"},
    "edgeserve_camera_last_frame_timestamp_seconds": {"camera"},
    "edgeserve_engine_info": {
        *("model", "version", "runtime"),
        *("requested", "chosen", "precision", "reason"),
    },
    "edgeserve_model_ready": {"model", "version"},
    "edgeserve_model_load_seconds": {"model"},
    "edgeserve_build_info": {"version"},
    "process_start_time_seconds": set(),
    "edgeserve_traced_frames_total": {"outcome"},
}
"""Names and labels that dashboards and alerts build on."""
CAMERA = '[[camera]]\nname = "street"\nurl = "sample"\nfps = 5\n'


def test_a_camera_is_traced_and_named_in_every_line_of_its_log(
    serve: Start, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "edgeserve.toml"
    config.write_text(CAMERA)
    with Collector() as collector:
        server = serve(
            *("--config", str(config), "--otlp-endpoint", collector.endpoint),
            *("--trace-ratio", "1", "--log-format", "json"),
        )
        frames = collector.frames(3)
        with urlopen(f"http://{server.http}/metrics", timeout=60) as answer:
            text = answer.read().decode()
        assert server.terminate() == 0
    assert {attributes(frame)["camera"] for frame in frames} == {"street"}
    assert len({frame.trace_id for frame in frames}) == len(frames)
    found = {
        sample.name: set(sample.labels)
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    assert {name: found.get(name) for name in PROMISED} == PROMISED
    lines = [json.loads(line) for line in capfd.readouterr().err.splitlines()]
    of_camera = [line for line in lines if line["logger"].startswith("edgeserve.cameras")]
    assert of_camera
    assert all(line["camera"] == "street" for line in of_camera)
    assert all({"time", "level", "logger", "message"} <= line.keys() for line in lines)


def test_without_opentelemetry_the_option_names_the_extra(tmp_path: Path) -> None:
    package = tmp_path / "opentelemetry"
    package.mkdir()
    (package / "__init__.py").write_text(
        "raise ModuleNotFoundError('No module named opentelemetry', name='opentelemetry')\n"
    )
    flags = ("--listen", "127.0.0.1:0", "--otlp-endpoint", "http://127.0.0.1:1")
    done = run("serve", *flags, PYTHONPATH=str(tmp_path))
    assert done.returncode == 3
    assert "pip install 'edgeserve[otel]'" in done.stderr
