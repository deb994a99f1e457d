"""What telemetry costs: a server that counts, traces and logs, and then does none of it, in turns.

    python tests/benchmarks/telemetry_cost.py [--rounds 12] [--seconds 5] [--ratio 0.01]

One server runs all the time, and 16 closed streams use it. While its telemetry is on it counts
every frame, is scraped at once and every five seconds as OpenMetrics with exemplars, traces a
share of the frames (1: all), sends them to a collector that reads and forgets, and logs as JSON; a
signal switches the observer of the pipeline off and on. It is one process because two of the same
kind differ by more than is to be seen here. Printed are the ratios of throughput and of processor
time a frame, round by round, and their medians.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import re
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from statistics import median
from typing import TYPE_CHECKING

import grpc
import psutil

from edgeserve.tooling.bench.children import Child

if TYPE_CHECKING:
    from collections.abc import Iterator

FREE = ("--listen", "127.0.0.1:0", "--http-listen", "127.0.0.1:0", "--admin-listen", "")
FIXED = ("--hint", "throughput")
"""A change of configuration meanwhile would be measured too."""
SCRAPE_EVERY_S = 5.0
OPENMETRICS = "application/openmetrics-text; version=1.0.0"
SERVICE = "opentelemetry.proto.collector.trace.v1.TraceService"


def serve_switched(flags: list[str]) -> None:
    """Serve in this process; SIGUSR1 switches the observer of the pipeline off, SIGUSR2 on."""
    from edgeserve.cli.main import run  # noqa: PLC0415 - only the child needs it
    from edgeserve.pipeline.observer import NullObserver  # noqa: PLC0415 - as above
    from edgeserve.telemetry.metrics import Metrics  # noqa: PLC0415 - as above

    deaf = {name: one for name, one in vars(NullObserver).items() if not name.startswith("_")}
    told = {name: vars(Metrics)[name] for name in deaf}

    def switch(number: int, _: object) -> None:
        for name, method in (deaf if number == signal.SIGUSR1 else told).items():
            setattr(Metrics, name, method)

    signal.signal(signal.SIGUSR1, switch)
    signal.signal(signal.SIGUSR2, switch)
    sys.exit(run(["serve", *flags]))


@contextmanager
def switched_server(*flags: str) -> Iterator[tuple[str, str, int]]:
    """The gRPC and HTTP addresses and the process of such a server."""
    with subprocess.Popen(
        [sys.executable, __file__, "--serve", *flags], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            line = process.stdout.readline() if process.stdout is not None else ""
            match = re.match(r"ready grpc=(\S+) http=(\S+)", line)
            if match is None:
                sys.exit("the server did not start")
            yield match[1], match[2], process.pid
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
        while True:
            connection = http.client.HTTPConnection(address, timeout=60)
            connection.request("GET", "/metrics", headers={"Accept": OPENMETRICS})
            connection.getresponse().read()
            connection.close()
            if end.wait(SCRAPE_EVERY_S):
                return

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
    if sys.argv[1:2] == ["--serve"]:
        serve_switched(sys.argv[2:])
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--streams", type=int, default=16)
    parser.add_argument("--ratio", type=float, default=0.01, help="of the frames that are traced")
    arguments = parser.parse_args()
    load = {"source": "sample", "scenario": "closed", "streams": arguments.streams}
    request = json.dumps(load | {"frames_in_flight": 2, "seconds": arguments.seconds})
    with collector() as endpoint:
        traces = ("--otlp-endpoint", endpoint, "--trace-ratio", str(arguments.ratio))
        log = ("--log-format", "json", "--log-level", "info")
        with (
            switched_server(*FREE, *FIXED, *traces, *log) as (address, http_address, pid),
            Child("edgeserve.tooling.bench.generator", request) as generator,
        ):
            measure(generator, address, pid)  # warm
            speeds, costs = [], []
            for number in range(arguments.rounds):
                found = {}
                for name in ("on", "off") if number % 2 else ("off", "on"):
                    os.kill(pid, signal.SIGUSR2 if name == "on" else signal.SIGUSR1)
                    with scraped(http_address) if name == "on" else nullcontext():
                        found[name] = measure(generator, address, pid)
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
