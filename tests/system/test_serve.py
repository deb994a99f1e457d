"""`edgeserve serve` from start to stop."""

from __future__ import annotations

import os
import socket
import threading
import urllib.error
import urllib.request
from typing import TYPE_CHECKING

import pytest
from prometheus_client.parser import text_string_to_metric_families

from edgeserve.cameras.open import open_source
from edgeserve.client import (
    DetectionClient,
    DetectOptions,
    HealthStatus,
    Policy,
    StreamOptions,
)
from edgeserve.domain.errors import EdgeserveError
from edgeserve.domain.result import Status
from tests.system.conftest import run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from edgeserve.domain.frame import EncodedFrame
    from tests.system.conftest import Start


def sample() -> list[EncodedFrame]:
    with open_source("sample", limit=40) as source:
        return list(source)


def get(address: str, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://{address}{path}", timeout=60) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


@pytest.mark.parametrize("provider", ["openvino:CPU", "onnxruntime:CPU"])
def test_persons_are_found_on_each_runtime_with_default_thresholds(
    serve: Start,
    provider: str,
) -> None:
    server = serve("--provider", provider, "--strict")
    with DetectionClient(server.address) as client:
        results = list(client.stream(sample(), StreamOptions(policy=Policy.BLOCK)))
        (model,) = client.list_models()
    assert model.engine.chosen == provider
    assert model.engine.precision == "int8"
    assert [result.frame_id for result in results] == list(range(40))
    assert all(result.status is Status.OK for result in results)
    with_person = [result for result in results if "person" in result.labels]
    assert len(with_person) >= 36
    assert server.terminate() == 0


def test_metrics_and_probes_over_http(serve: Start) -> None:
    server = serve()
    with DetectionClient(server.address) as client:
        frames: list[EncodedFrame | bytes] = [*sample()[:10], b"not an image"]
        list(client.stream(frames, StreamOptions(policy=Policy.BLOCK)))
    assert get(server.http, "/healthz")[0] == 200
    assert get(server.http, "/readyz")[0] == 200
    families = {
        family.name: family
        for family in text_string_to_metric_families(get(server.http, "/metrics")[1])
    }
    counted = {
        sample.labels["stage"]: sample.value
        for sample in families["edgeserve_stage_duration_seconds"].samples
        if sample.name.endswith("_count")
    }
    stages = ("decode", "preprocess", "queue", "infer", "postprocess")
    assert counted == dict.fromkeys(stages, 10.0)
    results = {
        sample.labels["status"]: sample.value
        for sample in families["edgeserve_results"].samples
        if sample.name.endswith("_total")
    }
    assert results == {"ok": 10, "dropped": 0, "error": 1}
    (engine,) = families["edgeserve_engine_info"].samples
    assert engine.labels["chosen"] in {"openvino:CPU", "onnxruntime:CPU"}


def test_its_threads_take_no_core_from_one_that_works(serve: Start) -> None:
    server = serve()
    # Where the tests run under a policy, so does the server.
    wanted = os.sched_getscheduler(0) or os.SCHED_BATCH
    # The first thread; those that it starts inherit it.
    assert os.sched_getscheduler(server.process.pid) == wanted


def test_sigterm_under_load_loses_and_doubles_nothing_with_a_resuming_client(
    serve: Start,
) -> None:
    first = serve("--drain-delay", "0.1")
    frames = sample()
    total = 400
    halfway, restarted = threading.Event(), threading.Event()

    def endless() -> Iterator[bytes]:
        for number in range(total):
            yield bytes(frames[number % len(frames)].data)

    def restart() -> None:
        halfway.wait(60)
        assert first.terminate() == 0
        serve(listen=first.address)
        restarted.set()

    thread = threading.Thread(target=restart)
    thread.start()
    results = []
    with DetectionClient(first.address) as client:
        for result in client.stream(endless(), StreamOptions(policy=Policy.BLOCK)):
            results.append(result)
            if len(results) == 60:
                halfway.set()
    thread.join()
    assert restarted.is_set()
    assert [result.frame_id for result in results] == list(range(total))
    assert {result.status for result in results} == {Status.OK}


def test_readiness_ends_with_sigterm_before_the_streams_do(serve: Start) -> None:
    server = serve("--drain-delay", "60")
    assert get(server.http, "/readyz")[0] == 200
    server.process.terminate()
    while get(server.http, "/readyz")[0] == 200:
        pass
    assert get(server.http, "/healthz")[0] == 200
    with DetectionClient(server.address) as client:
        assert client.health() is HealthStatus.NOT_SERVING
    server.process.terminate()  # a second signal ends the delay
    assert server.process.wait(60) == 0


def test_a_taken_port_is_named_with_exit_code_3(serve: Start) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        grpc = run("serve", "--listen", address, "--http-listen", "127.0.0.1:0")
        http = run("serve", "--listen", "127.0.0.1:0", "--http-listen", address)
    assert (grpc.returncode, http.returncode) == (3, 3)
    assert address in grpc.stderr
    assert "--http-listen" in http.stderr
    assert serve is not None


def test_a_corrupt_model_is_not_ready_and_the_others_serve(
    serve: Start,
    bundle_copy: Path,
) -> None:
    damaged = bundle_copy / "road-csp-tiny" / "99"
    broken = bundle_copy / "broken" / "1"
    damaged.parent.rename(broken.parent)
    (broken.parent / "99").rename(broken)
    manifest = broken / "model.toml"
    text = manifest.read_text().replace('name = "road-csp-tiny"', 'name = "broken"')
    manifest.write_text(text)
    for file in [*broken.glob("*.bin"), *broken.glob("*.onnx")]:
        data = bytearray(file.read_bytes())
        data[len(data) // 2] ^= 0xFF
        file.write_bytes(data)
    server = serve("--model", "road-csp-tiny,broken", "--models-dir", str(bundle_copy))
    with DetectionClient(server.address) as client:
        good, bad = client.list_models()
        assert (good.ready, bad.ready) == (True, False)
        assert "sha256" in bad.reason
        assert client.health() is HealthStatus.NOT_SERVING
        assert client.detect(sample()[0]).status is Status.OK
        with pytest.raises(EdgeserveError, match="sha256"):
            client.detect(sample()[0], DetectOptions(model="broken"))
    assert get(server.http, "/readyz")[0] == 503


def test_strict_refuses_to_fall_back_and_says_what_is_there() -> None:
    flags = ("--listen", "127.0.0.1:0", "--http-listen", "127.0.0.1:0", "--provider", "npu,cpu")
    strict = run("serve", "--strict", *flags)
    assert strict.returncode == 3
    assert "NPU" in strict.stderr
    assert "CPU" in strict.stderr


def test_without_strict_the_next_wish_serves_and_the_reason_is_told(serve: Start) -> None:
    server = serve("--provider", "npu,cpu")
    with DetectionClient(server.address) as client:
        (model,) = client.list_models()
    assert model.engine.requested == "npu,cpu"
    assert model.engine.chosen.endswith(":CPU")
    assert "NPU" in model.engine.reason


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (("--listen", "0.0.0.0:8001"), "--insecure"),
        (("--provider", "gpu9"), "gpu9"),
        (("--queue-size", "zero"), "queue_size"),
        (("--config", "/nowhere/edgeserve.toml"), "/nowhere/edgeserve.toml"),
    ],
)
def test_wrong_configuration_is_one_line_and_exit_code_2(
    flags: tuple[str, ...],
    words: str,
) -> None:
    ended = run("serve", *flags)
    assert ended.returncode == 2
    assert words in ended.stderr
    assert len(ended.stderr.strip().splitlines()) == 1


def test_a_wrong_manifest_names_file_key_and_what_was_expected(bundle_copy: Path) -> None:
    manifest = bundle_copy / "road-csp-tiny" / "99" / "model.toml"
    manifest.write_text(manifest.read_text().replace("width_px = 320", 'width_px = "wide"'))
    ended = run("serve", "--models-dir", str(bundle_copy), "--listen", "127.0.0.1:0")
    assert ended.returncode == 2
    assert str(manifest) in ended.stderr
    assert "input.width_px" in ended.stderr
