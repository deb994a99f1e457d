"""Many cameras on one box: what they drop, how old their frames are, and whether anything grows.

Eight cameras play one video in a loop, first at 10 and then at 5 frames a second. Prints a line a
minute and a summary::

    python tests/benchmarks/cameras.py VIDEO --minutes 10
"""

from __future__ import annotations

import argparse
import tempfile
import time
import urllib.request
from pathlib import Path

import psutil
from prometheus_client.parser import text_string_to_metric_families

from edgeserve.tooling.bench.process import pss_mb
from edgeserve.tooling.server_process import ServerProcess

_FREE = ("--listen", "127.0.0.1:0", "--http-listen", "127.0.0.1:0", "--admin-listen", "")


class Scrape:
    """The counters of one moment, summed over all cameras."""

    def __init__(self, address: str) -> None:
        """Ask the server."""
        with urllib.request.urlopen(f"http://{address}/metrics", timeout=60) as answer:
            text = answer.read().decode()
        self.received = self.ok = self.dropped = 0.0
        self.ages: dict[float, float] = {}
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                if sample.name == "edgeserve_frames_received_total":
                    self.received += sample.value
                elif sample.name == "edgeserve_frames_dropped_total":
                    self.dropped += sample.value
                elif sample.name == "edgeserve_results_total" and sample.labels["status"] == "ok":
                    self.ok += sample.value
                elif sample.name == "edgeserve_frame_age_seconds_bucket":
                    edge = float(sample.labels["le"])
                    self.ages[edge] = self.ages.get(edge, 0.0) + sample.value

    def age_p99_s(self, before: Scrape) -> float:
        """The edge under which 99 % of the frames' ages lie that came since."""
        counts = {edge: count - before.ages[edge] for edge, count in self.ages.items()}
        most = max(counts.values())
        return min(edge for edge, count in counts.items() if count >= 0.99 * most)


def _config(video: Path, cameras: int, fps: float) -> str:
    tables = (
        f'[[camera]]\nname = "camera-{number}"\nurl = "{video}"\nfps = {fps}\n'
        for number in range(cameras)
    )
    return "".join(tables)


def _measure(video: Path, cameras: int, fps: float, minutes: float) -> None:
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "edgeserve.toml"
        config.write_text(_config(video, cameras, fps))
        with ServerProcess("--config", str(config), *_FREE) as server:
            process = psutil.Process(server.pid)
            time.sleep(10)  # both configurations of the device are in memory then
            first = before = Scrape(server.http_address)
            started = time.monotonic()
            while (left_s := 60 * minutes - (time.monotonic() - started)) > 0:
                time.sleep(min(60, left_s))
                now = Scrape(server.http_address)
                print(
                    f"  {(time.monotonic() - started) / 60:4.1f} min: "
                    f"{now.ok - before.ok:.0f} seen, {now.dropped - before.dropped:.0f} dropped, "
                    f"{pss_mb(server.pid):.1f} MB, {process.num_threads()} threads, "
                    f"{process.num_fds()} fds",
                    flush=True,
                )
                before = now
            seconds = time.monotonic() - started
            print(
                f"{cameras} cameras at {fps:g} fps: {(now.ok - first.ok) / seconds:.1f} frames/s, "
                f"{(now.dropped - first.dropped) / (now.received - first.received):.1%} dropped, "
                f"age p99 under {now.age_p99_s(first):g} s"
            )


def main() -> None:
    """Measure at both rates."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("video", type=Path)
    parser.add_argument("--cameras", type=int, default=8)
    parser.add_argument("--minutes", type=float, default=10.0, help="at each rate")
    arguments = parser.parse_args()
    for fps in (10.0, 5.0):
        _measure(arguments.video.resolve(), arguments.cameras, fps, arguments.minutes)


if __name__ == "__main__":
    main()
