"""An engine by a third party: installed, listed, served, and served with all its faults."""

from __future__ import annotations

import os
import signal
import subprocess
import time
import urllib.request
from typing import TYPE_CHECKING

import pytest

from edgeserve.client import (
    DetectionClient,
    DetectOptions,
    HealthStatus,
    Policy,
    StreamOptions,
)
from edgeserve.domain.errors import EdgeserveError
from edgeserve.domain.frame import EncodedFrame, Encoding
from edgeserve.domain.result import ErrorCode, Status
from tests.plugin import edgeserve_example as example
from tests.system.conftest import EDGESERVE, run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.system.conftest import ServerProcess, Start

GOOD = 200
PATIENCE_S = 60


def frame(grey: int, number: int = 0) -> EncodedFrame:
    side = example.SIDE_PX
    return EncodedFrame(number, bytes([grey]) * side * side, Encoding.GRAY, side, side)


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def metrics(server: ServerProcess) -> str:
    with urllib.request.urlopen(f"http://{server.http}/metrics", timeout=10) as answer:
        text: str = answer.read().decode()
    return text


def serve_simulated(serve: Start, site: Path, models: Path, *flags: str) -> ServerProcess:
    return serve(
        *("--provider", "example:ghost,EXAMPLE:sim,openvino:CPU,onnxruntime:CPU"),
        *("--models-dir", str(models), "--model", "simulated", *flags),
        PYTHONPATH=str(site),
    )


def test_its_devices_are_listed(site: Path) -> None:
    listed = run("devices", "--json", PYTHONPATH=str(site))
    assert listed.returncode == 0
    assert '"example:SIM"' in listed.stdout
    shown = run("devices", PYTHONPATH=str(site)).stdout
    assert "a simulation" in shown


def test_a_plugin_that_cannot_be_loaded_is_listed_with_its_fault(site: Path) -> None:
    (site / "edgeserve_example.py").write_text("raise SystemExit('no licence')", encoding="utf-8")
    listed = run("devices", PYTHONPATH=str(site))
    assert listed.returncode == 0
    (line,) = (line for line in listed.stdout.splitlines() if line.startswith("example:*"))
    assert "SystemExit: no licence" in line
    flags = ("--listen", "127.0.0.1:0", "--http-listen", "127.0.0.1:0")
    refused = run("serve", "--provider", "example:SIM", *flags, PYTHONPATH=str(site))
    assert refused.returncode == 3


def test_it_serves_after_a_device_that_lists_itself_and_cannot_load(
    serve: Start,
    site: Path,
    example_models: Path,
) -> None:
    server = serve_simulated(serve, site, example_models)
    with DetectionClient(server.address) as client:
        result = client.detect(frame(GOOD))
        (model,) = client.list_models()
        devices = {device.name for device in client.list_devices()}
    assert (result.labels, result.device) == (("person",), "example:SIM")
    assert result.detections.boxes_xyxy.tolist() == [[132, 132, 196, 196]]
    assert model.engine.chosen == "example:SIM"
    assert model.engine.reason == "example:ghost: its libraries are missing"
    assert {"example:SIM", "example:GHOST", "openvino:CPU"} <= devices
    shown = metrics(server)
    assert 'chosen="example:SIM"' in shown
    assert 'reason="example:ghost: its libraries are missing"' in shown
    assert server.terminate() == 0


def test_strict_refuses_a_device_that_lists_itself_and_cannot_load(
    site: Path,
    example_models: Path,
) -> None:
    refused = run(
        *("serve", "--strict", "--provider", "example:GHOST,cpu", "--model", "simulated"),
        *("--models-dir", str(example_models), "--listen", "127.0.0.1:0"),
        PYTHONPATH=str(site),
    )
    assert refused.returncode == 3
    assert "example:GHOST: its libraries are missing" in refused.stderr


def test_a_frame_on_which_it_fails_is_an_error_and_the_next_one_runs(
    serve: Start,
    site: Path,
    example_models: Path,
) -> None:
    server = serve_simulated(serve, site, example_models)
    greys = (GOOD, example.RAISES, GOOD, example.NAN, GOOD)
    frames = [frame(grey, number) for number, grey in enumerate(greys)]
    with DetectionClient(server.address) as client:
        results = list(client.stream(frames, StreamOptions(policy=Policy.BLOCK)))
    good, bad = Status.OK, Status.ERROR
    assert [result.status for result in results] == [good, bad, good, bad, good]
    assert results[1].error_code is results[3].error_code is ErrorCode.ENGINE_FAILED
    assert "the simulation failed" in results[1].message
    assert "NaN or infinity in output class_logits" in results[3].message
    assert 'frame_errors_total{code="engine_failed",source="grpc"} 2.0' in metrics(server)


def test_an_inference_that_hangs_is_cancelled_and_its_model_comes_back(
    serve: Start,
    site: Path,
    example_models: Path,
) -> None:
    server = serve_simulated(
        serve,
        site,
        example_models,
        *("--inference-timeout", "1", "--inference-grace", str(PATIENCE_S)),
    )
    with DetectionClient(server.address) as client:
        assert client.health("edgeserve.model.simulated") is HealthStatus.SERVING
        frames = [frame(grey, grey) for grey in (GOOD, example.HANGS)]
        results = list(client.stream(frames, StreamOptions(policy=Policy.BLOCK)))
        assert results[0].status is Status.OK
        assert results[1].status is Status.ERROR
        assert "longer than 1 s (setting inference_timeout)" in results[1].message
        until(lambda: client.health("edgeserve.model.simulated") is HealthStatus.SERVING)
        assert client.detect(frame(GOOD)).status is Status.OK
    assert 'edgeserve_inference_timeouts_total{model="simulated"} 1.0' in metrics(server)
    assert server.terminate() == 0


def test_a_model_whose_inference_hangs_is_out_of_service_and_the_other_serves(
    serve: Start,
    site: Path,
    example_models: Path,
) -> None:
    server = serve(
        *("--provider", "example:SIM,cpu", "--model", "road-csp-tiny,simulated"),
        *("--models-dir", str(example_models)),
        *("--inference-timeout", "3", "--inference-grace", "600"),
        PYTHONPATH=str(site),
    )
    simulated = DetectOptions(model="simulated")
    with DetectionClient(server.address) as client:
        frames = [frame(grey, grey) for grey in (example.HANGS_FOR_EVER, GOOD)]
        results = list(client.stream(frames, StreamOptions(simulated, Policy.BLOCK)))
        assert results[0].status is Status.ERROR
        until(lambda: client.health() is HealthStatus.NOT_SERVING)
        assert client.health("edgeserve.model.simulated") is HealthStatus.NOT_SERVING
        assert client.health("edgeserve.model.road-csp-tiny") is HealthStatus.SERVING
        assert client.detect(frame(GOOD)).status is Status.OK
        with pytest.raises(EdgeserveError, match="inference_timeout"):
            client.detect(frame(GOOD), simulated)
        ready = {model.name: model.ready for model in client.list_models()}
    assert ready == {"road-csp-tiny": True, "simulated": False}
    assert 'edgeserve_model_ready{model="simulated",version="99"} 0.0' in metrics(server)


def test_an_inference_that_cannot_be_cancelled_ends_the_process_with_exit_code_4(
    site: Path,
    example_models: Path,
) -> None:
    command = [
        *(*EDGESERVE, "serve", "--listen", "127.0.0.1:0", "--http-listen", "127.0.0.1:0"),
        *("--provider", "example:SIM", "--model", "simulated", "--drain-delay", "0"),
        *("--models-dir", str(example_models)),
        *("--inference-timeout", "1", "--inference-grace", "1"),
    ]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(site)},
    ) as process:
        try:
            assert process.stdout is not None
            address = process.stdout.readline().split()[1].removeprefix("grpc=")
            with DetectionClient(address) as client, pytest.raises(EdgeserveError):
                client.detect(frame(example.HANGS_FOR_EVER))
            assert process.wait(PATIENCE_S) == 4
            assert process.stderr is not None
            assert "could not be cancelled in 1 s" in process.stderr.read()
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
