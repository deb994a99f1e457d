"""From the start of a process to its first detection: the server beside a bare script.

    python tests/benchmarks/cold_start.py [--rounds 7]

The script imports OpenVINO, OpenCV and numpy, loads the same INT8 file from a warm compile cache,
and infers one picture. The server's cache is warm too, and its first detection is asked for by a
client that runs already. Rounds are interleaved; the median ratio is printed.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from edgeserve.catalog.repository import shipped_dir
from edgeserve.tooling.bench.load import pictures
from edgeserve.tooling.bench.target import started

MODEL = "road-csp-tiny"
SCRIPT = """
import sys
import cv2
import numpy as np
import openvino

file, cache, picture = sys.argv[1:]
core = openvino.Core()
core.set_property({"CACHE_DIR": cache})
compiled = core.compile_model(file, "CPU", {"PERFORMANCE_HINT": "LATENCY"})
image = cv2.resize(cv2.imread(picture), (320, 320))
print(compiled(image[np.newaxis])[0].shape)
"""


def script_s(cache: Path, picture: Path) -> float:
    """Seconds that the bare script takes."""
    file = shipped_dir() / MODEL / "model-int8.xml"
    begun = time.monotonic()
    command = [sys.executable, "-c", SCRIPT, str(file), str(cache), str(picture)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.monotonic() - begun


def server_s(cache: Path) -> float:
    """Seconds from the start of a server's process to its first detection."""
    flags = ("--cache-dir", str(cache), "--model", MODEL, "--provider", "openvino:CPU")
    with started(flags, pictures("sample")[0]) as server:
        return server.cold_s or float("nan")


def main() -> None:
    """Measure in turn."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        picture = folder / "picture.jpg"
        picture.write_bytes(bytes(pictures("sample")[0].data))
        caches = folder / "script", folder / "server"
        script_s(caches[0], picture)  # both caches are filled
        server_s(caches[1])
        pairs = [(server_s(caches[1]), script_s(caches[0], picture)) for _ in range(rounds)]
    for server, script in pairs:
        print(f"  server {server:.2f} s, script {script:.2f} s: {server / script:.2f}")
    print(f"server / script: {median(server / script for server, script in pairs):.2f} (median)")


if __name__ == "__main__":
    main()
