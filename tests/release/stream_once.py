"""On an emulated machine: the server with a tiny model, and a stream of a few frames through it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

FRAMES = 5
SERVE = ("serve", "--models-dir", "models", "--model", "tiny", "--listen", "127.0.0.1:0")


def main() -> None:
    """Run beside a folder `models` with the model `tiny`."""
    program = str(Path(sys.executable).with_name("edgeserve"))
    flags = ("--http-listen", "", "--inference-timeout", "600", "--json=-")
    with subprocess.Popen([program, *SERVE, *flags], stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            address = json.loads(server.stdout.readline())["grpc"]
            source = ("stream", "pattern:32x32@5", "--policy", "block", "--limit", str(FRAMES))
            told = subprocess.run(
                [program, *source, "--address", address, "--json=-"],
                stdout=subprocess.PIPE,
                text=True,
                check=True,
            ).stdout
        finally:
            server.terminate()
    assert server.returncode == 0, f"after SIGTERM the server ended with {server.returncode}"
    results = [json.loads(line) for line in told.splitlines()]
    print(told)
    assert results[-1]["summary"]["ok"] == FRAMES
    assert {result["device"] for result in results[:-1]} == {"onnxruntime:CPU"}
    assert all(len(result["detections"]) == 1 for result in results[:-1])


main()
