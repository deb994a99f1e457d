"""What telemetry costs: a server that counts, traces and logs beside one that does nothing of it.

    python tests/benchmarks/telemetry_cost.py [--rounds 5] [--seconds 10] [--ratio 0.01]

Both run all the time, and 16 closed streams use them in turn. One counts every frame, is scraped
every five seconds as OpenMetrics with exemplars, traces a share of the frames (1: all) and sends
them to a collector that reads and forgets, and logs as JSON; in the other the observer of the
pipeline is switched off. Printed are the ratios of throughput and of processor time a frame, round
by round, and their medians.
"""

from __future__ import annotations

import argparse
import http.client
import json
import re
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from statistics import median
from typing import TYPE_CHECKING

import grpc
import psutil

from edgeserve.tooling.bench.children import Child
from edgeserve.tooling.server_process import ServerProcess

if TYPE_CHECKING:
    from collections.abc import Iterator

FREE = ("--listen", "127.0.0.1:0", "--http-listen", "127.0.0.1:0", "--admin-listen", "")
FIXED = ("--hint", "throughput")
"""The two must not choose differently."""
SCRAPE_EVERY_S = 5.0
OPENMETRICS = "application/openmetrics-text; version=1.0.0"
SERVICE = "opentelemetry.proto.collector.trace.v1.TraceService"


def serve_untold() -> None:
    """A server whose observer does nothing, in this process."""
    from edgeserve.cli.main import run  # noqa: PLC0415 - only the child needs it
    from edgeserve.pipeline.observer import NullObserver  # noqa: PLC0415 - as above
    from edgeserve.telemetry.metrics import Metrics  # noqa: PLC0415 - as above

    for name, method in vars(NullObserver).items():
        if not name.startswith("_"):
            setattr(Metrics, name, method)
    sys.exit(run(["serve", *FREE, *FIXED, "--log-level", "error"]))


@contextmanager
def untold_server() -> Iterator[tuple[str, int]]:
    """The address and the process of such a server."""
    with subprocess.Popen(
        [sys.executable, __file__, "--serve-untold"], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            line = process.stdout.readline() if process.stdout is not None else ""
            match = re.match(r"ready grpc=(\S+)", line)
            if match is None:
                sys.exit("the server did not start")
            yield match[1], process.pid
        finally:
            process.terminate()


@contextmanager
def collector() -> Iterator[str]:
    """A collector that reads and forgets."""
    forget: grpc.RpcMethodHandler[bytes, bytes] = grpc.unary_unary_rpc_method_handler(
        lambda *_: b""
    )
    service = grpc.method_handlers_generic_handler(SERVICE, {"Export": forget})
    server = grpc.server(ThreadPoolExecutor(1), [service])
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.stop(0).wait()


@contextmanager
def scraped(address: str) -> Iterator[None]:
    """Somebody asks for the metrics, again and again."""
    end = threading.Event()

    def scrape() -> None:
        while not end.wait(SCRAPE_EVERY_S):
            connection = http.client.HTTPConnection(address, timeout=60)
            connection.request("GET", "/metrics", headers={"Accept": OPENMETRICS})
            connection.getresponse().read()
            connection.close()

    thread = threading.Thread(target=scrape)
    thread.start()
    try:
        yield
    finally:
        end.set()
        thread.join()


def measure(generator: Child, address: str, pid: int) -> tuple[float, float]:
    """Frames a second, and processor milliseconds a frame."""
    process = psutil.Process(pid)
    before = process.cpu_times()
    load = generator.ask(f"{address} 0")
    after = process.cpu_times()
    used_s = after.user + after.system - before.user - before.system
    return load["fps"], 1000 * used_s / load["frames"]


def main() -> None:
    """Measure in turn."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--streams", type=int, default=16)
    parser.add_argument("--ratio", type=float, default=0.01, help="of the frames that are traced")
    parser.add_argument("--serve-untold", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve_untold:
        serve_untold()
    load = {"source": "sample", "scenario": "closed", "streams": arguments.streams}
    request = json.dumps(load | {"frames_in_flight": 2, "seconds": arguments.seconds})
    with collector() as endpoint:
        traces = ("--otlp-endpoint", endpoint, "--trace-ratio", str(arguments.ratio))
        log = ("--log-format", "json", "--log-level", "info")
        with (
            ServerProcess(*FREE, *FIXED, *traces, *log) as on,
            untold_server() as off,
            Child("edgeserve.tooling.bench.generator", request) as generator,
        ):
            sides = {"on": (on.address, on.pid), "off": off}
            for side in sides.values():
                measure(generator, *side)  # both configurations of the device are compiled then
            speeds, costs = [], []
            for number in range(arguments.rounds):
                found = {}
                for name in ("on", "off") if number % 2 else ("off", "on"):
                    if name == "on":
                        with scraped(on.http_address):
                            found[name] = measure(generator, *sides[name])
                    else:
                        found[name] = measure(generator, *sides[name])
                speeds.append(found["on"][0] / found["off"][0])
                costs.append(found["on"][1] / found["off"][1])
                print(
                    f"  off {found['off'][0]:6.1f} fps {found['off'][1]:6.2f} ms, "
                    f"on {found['on'][0]:6.1f} fps {found['on'][1]:6.2f} ms a frame: "
                    f"throughput {speeds[-1]:.3f}, processor time {costs[-1]:.3f}",
                    flush=True,
                )
    print(
        f"all telemetry on, {arguments.ratio:.0%} of frames traced, {arguments.streams} streams: "
        f"{median(speeds):.3f} of the throughput, {median(costs):.3f} of the processor time a frame"
    )


if __name__ == "__main__":
    main()
