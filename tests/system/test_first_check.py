"""A server compares a model with FP32 before it serves it."""

from __future__ import annotations

import urllib.request
from typing import TYPE_CHECKING

import pytest

from edgeserve.client import DetectionClient, HealthStatus
from tests.system.conftest import run

if TYPE_CHECKING:
    from pathlib import Path

    from tests.system.conftest import ServerProcess, Start

FREE = ("--listen", "127.0.0.1:0", "--http-listen", "127.0.0.1:0")


@pytest.fixture
def wrong(bundle_copy: Path) -> tuple[str, ...]:
    """Flags that serve a model whose manifest has the wrong fit."""
    manifest = bundle_copy / "road-csp-tiny" / "99" / "model.toml"
    manifest.write_text(manifest.read_text().replace('fit = "center"', 'fit = "stretch"'))
    return ("--models-dir", str(bundle_copy))


def verified(server: ServerProcess) -> list[str]:
    """The lines of the metric."""
    with urllib.request.urlopen(f"http://{server.http}/metrics", timeout=60) as answer:
        lines = answer.read().decode().splitlines()
    return [line for line in lines if line.startswith("edgeserve_model_verified{")]


def checks(cache: Path) -> list[Path]:
    return sorted((cache / "checks").glob("*"))


def test_a_good_model_is_checked_once(serve: Start, tmp_path: Path) -> None:
    for _ in range(2):
        server = serve("--cache-dir", str(tmp_path))
        assert verified(server) == [
            'edgeserve_model_verified{model="road-csp-tiny",version="1"} 1.0'
        ]
        with DetectionClient(server.address) as client:
            assert client.list_models()[0].reason == ""
        (passed,) = checks(tmp_path)
        written = passed.stat().st_mtime_ns
        server.terminate()
        # The second start only reads it.
        assert passed.stat().st_mtime_ns == written


def test_a_wrong_model_serves_and_says_so(
    serve: Start, wrong: tuple[str, ...], tmp_path: Path
) -> None:
    server = serve(*wrong, "--cache-dir", str(tmp_path))
    with DetectionClient(server.address) as client:
        (model,) = client.list_models()
        assert client.health() is HealthStatus.SERVING
    assert model.ready
    assert "does not find what its FP32 form finds" in model.reason
    assert verified(server)[0].endswith(" 0.0")
    assert checks(tmp_path) == []


def test_strict_does_not_serve_it(wrong: tuple[str, ...]) -> None:
    ended = run("serve", "--strict", *FREE, *wrong)
    assert ended.returncode == 3
    assert "does not find what its FP32 form finds" in ended.stderr


def test_the_check_can_be_switched_off(serve: Start, wrong: tuple[str, ...]) -> None:
    server = serve("--strict", "--verify", "off", *wrong)
    assert verified(server) == []


def test_a_cache_that_cannot_be_written_stops_nothing(serve: Start, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    server = serve("--strict", "--cache-dir", str(tmp_path / "file"))
    assert verified(server)[0].endswith(" 1.0")


def test_golden_frames_may_be_larger_than_a_clients(serve: Start, tmp_path: Path) -> None:
    server = serve("--strict", "--max-pixels", "110000", "--cache-dir", str(tmp_path))
    assert verified(server)[0].endswith(" 1.0")


def test_a_model_without_golden_frames_is_not_checked(serve: Start, bundle_copy: Path) -> None:
    manifest = bundle_copy / "road-csp-tiny" / "99" / "model.toml"
    head, _, _ = manifest.read_text().partition("[golden]")
    manifest.write_text(head)
    server = serve("--strict", "--models-dir", str(bundle_copy))
    assert verified(server) == []
