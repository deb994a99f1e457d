"""What an environment of the release matrix must do: see matrix.py, which runs this in each."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib import metadata, resources, util

from edgeserve.client import DetectionClient

RUNTIMES = ("openvino", "onnxruntime")
BRINGS = {
    "video": "av",
    "mqtt": "paho.mqtt",
    "quantize": "nncf",
    "ray": "ray",
    "serving": "aiohttp",
}
"""Modules that an extra is there for."""


def has(module: str) -> bool:
    """Whether a module is installed."""
    return util.find_spec(module) is not None


def edgeserve(*arguments: str) -> str:
    """What a command of this environment prints."""
    command = [sys.executable, "-m", "edgeserve", *arguments]
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout


def detect(address: str) -> list[str]:
    """The labels found by a server in a picture with a person."""
    picture = resources.files("edgeserve") / "cameras" / "sample" / "cameraman.jpg"
    with DetectionClient(address) as client:
        return list(client.detect(picture.read_bytes()).labels)


def usable() -> list[str]:
    """The devices that `edgeserve devices` calls usable."""
    found = json.loads(edgeserve("devices", "--json=-"))["devices"]
    return [device["name"] for device in found if device["available"]]


def serve_and_detect() -> tuple[str, list[str]]:
    """The device chosen by a server of this environment, and what it finds."""
    flags = ("--listen", "127.0.0.1:0", "--http-listen", "", "--cache-dir", "cache", "--json=-")
    with subprocess.Popen(
        [sys.executable, "-m", "edgeserve", "serve", "--log-level", "warning", *flags],
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        try:
            assert server.stdout is not None
            ready = server.stdout.readline()
            assert ready, f"the server ended with {server.wait()}"
            address = json.loads(ready)["grpc"]
            with DetectionClient(address) as client:
                chosen = client.list_models()[0].engine.chosen
            labels = detect(address)
        finally:
            server.terminate()
    assert server.returncode == 0, f"the server ended with {server.returncode}"
    return chosen, labels


def main() -> None:
    """Arguments: the extras that were installed, joined by commas, and a server's address."""
    extras = [extra for extra in sys.argv[1].split(",") if extra]
    assert edgeserve("--version").split()[-1] == metadata.version("edgeserve")
    assert not has("torch"), "torch is nobody's dependency"
    for extra in extras:
        assert has(BRINGS.get(extra, "edgeserve")), f"{extra} did not bring {BRINGS[extra]}"
    for runtime in set(RUNTIMES) & set(extras):
        assert f"{runtime}:CPU" in usable(), f"{runtime}:CPU is not usable"
    if has("aiohttp") and any(map(has, RUNTIMES)):
        by, labels = serve_and_detect()
    else:
        by, labels = "client", detect(sys.argv[2])
    assert "person" in labels, f"no person among {labels}"
    print(json.dumps({"by": by, "labels": labels}))


main()
