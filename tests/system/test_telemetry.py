"""Traces and logs of the program as it is installed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.request import urlopen

from tests.system.conftest import run
from tests.telemetry.collector import Collector, attributes

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from tests.system.conftest import Start

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
    assert "edgeserve_traced_frames_total" in text
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
