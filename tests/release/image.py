"""What the image `cpu` must do, with the image really run; tests/image.sh builds it and calls this.

Usage: python tests/release/image.py IMAGE [--rounds N] [--outside ENVIRONMENT]

The first server listens where the image says: ports 8000 and 8001 must be free.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
import urllib.request
from contextlib import ExitStack, contextmanager
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from edgeserve.client import DetectionClient, Policy, StreamOptions

if TYPE_CHECKING:
    from collections.abc import Iterator

USER = 10001
FRAMES = 200
PATIENCE_S = 900
PICTURE = (resources.files("edgeserve") / "cameras" / "sample" / "cameraman.jpg").read_bytes()
FLAGS = ("--http-listen", "127.0.0.1:0", "--json=-")
SERVE = ("edgeserve", "serve", "--listen")
CHROOT = ("--isolation", "chroot")


def output(*command: str) -> str:
    """Standard output of a command that must succeed."""
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()


class Server:
    """A server in a process that is waited for; its addresses once it is ready."""

    running: ClassVar[set[Server]] = set()

    def __init__(self, *command: str) -> None:
        """Start it and wait until it is ready."""
        self.started = time.monotonic()
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.running.add(self)
        assert self.process.stdout is not None
        ready = json.loads(self.process.stdout.readline())
        self.grpc, self.http = ready["grpc"], ready["http"]

    def pid(self) -> int:
        """Of the server itself, behind whatever started it."""
        inner = self.process.pid
        while children := [
            child
            for tasks in Path(f"/proc/{inner}/task").glob("*/children")
            for child in tasks.read_text().split()
        ]:
            inner = int(children[0])
        return inner

    def stop(self) -> None:
        """SIGTERM to the server itself; it must end with 0."""
        os.kill(self.pid(), signal.SIGTERM)
        ended = self.process.wait(PATIENCE_S)
        assert self.process.stdout is not None
        self.process.stdout.close()
        self.running.remove(self)
        assert ended == 0, f"after SIGTERM the server ended with {ended}"


@contextmanager
def no_server_left() -> Iterator[None]:
    """Where a check fails, its servers end, too."""
    try:
        yield
    finally:
        for server in Server.running:
            os.kill(server.pid(), signal.SIGKILL)
            server.process.wait(PATIENCE_S)
        Server.running.clear()


def first_detection_s(*command: str) -> float:
    """Seconds from the start of a server's process to the first picture's boxes."""
    server = Server(*command)
    with DetectionClient(server.grpc) as client:
        assert "person" in client.detect(PICTURE).labels
    taken_s = time.monotonic() - server.started
    server.stop()
    return taken_s


def check_user(server: Server) -> None:
    """The server is nobody special."""
    status = Path(f"/proc/{server.pid()}/status").read_text().splitlines()
    words = next(line for line in status if line.startswith("Uid:")).split()
    assert words[1:] == [str(USER)] * 4, words
    print(f"runs as user {USER}")


def check_scrape(server: Server, folder: Path) -> None:
    """A real Prometheus scrapes it and can be asked for results."""
    config = folder / "prometheus.yml"
    config.write_text(
        "global: {scrape_interval: 1s}\nscrape_configs:\n"
        f"  - job_name: edgeserve\n    static_configs: [{{targets: ['{server.http}']}}]\n"
    )
    socket = "127.0.0.1:19093"
    with subprocess.Popen(
        [
            *("prometheus", f"--config.file={config}", f"--storage.tsdb.path={folder / 'tsdb'}"),
            *(f"--web.listen-address={socket}", "--log.level=error"),
        ]
    ) as prometheus:
        query = urllib.parse.urlencode({"query": 'edgeserve_results_total{status="ok"} > 0'})
        until = time.monotonic() + PATIENCE_S
        try:
            while True:
                try:
                    with urllib.request.urlopen(f"http://{socket}/api/v1/query?{query}") as reply:
                        if found := json.load(reply)["data"]["result"]:
                            break
                except OSError:
                    pass
                assert time.monotonic() < until, "Prometheus has no results of the server"
                time.sleep(0.5)
        finally:
            prometheus.terminate()
    print(f"Prometheus has edgeserve_results_total = {found[0]['value'][1]}")


def check_stream_over_a_restart(container: str) -> None:
    """SIGTERM amid a stream, a new container on the same port: nothing is lost or doubled."""
    command = ("buildah", "run", *CHROOT, container, "--", *SERVE)
    first = Server(*command, "127.0.0.1:0", *FLAGS)
    seen: list[int] = []
    middle = threading.Event()

    def stream() -> None:
        with DetectionClient(first.grpc) as client:
            options = StreamOptions(policy=Policy.BLOCK)
            for result in client.stream((PICTURE for _ in range(FRAMES)), options):
                seen.append(len(result.labels))
                if len(seen) == FRAMES // 4:
                    middle.set()

    streaming = threading.Thread(target=stream)
    streaming.start()
    assert middle.wait(PATIENCE_S)
    first.stop()
    before = len(seen)
    second = Server(*command, first.grpc, *FLAGS)
    streaming.join(PATIENCE_S)
    second.stop()
    assert len(seen) == FRAMES, f"{len(seen)} results for {FRAMES} frames"
    print(f"SIGTERM after {before} of {FRAMES} frames drained; with the next container, all came")


@contextmanager
def read_only(root: str) -> Iterator[Path]:
    """The image's root, not writable but for what a compose file makes writable."""
    with ExitStack() as stack:
        bare = Path(stack.enter_context(tempfile.TemporaryDirectory()))

        def mount(*arguments: str) -> None:
            output("mount", *arguments)
            stack.callback(output, "umount", arguments[-1])

        mount("--bind", root, str(bare))
        output("mount", "-o", "remount,bind,ro", str(bare))
        for path in ("proc", "sys", "dev"):
            mount("--bind", f"/{path}", str(bare / path))
        owned = f"uid={USER},gid={USER},mode=0750"
        for path, options in {
            "tmp": "mode=1777",
            "run/edgeserve": owned,
            "var/cache/edgeserve": owned,
        }.items():
            mount("-t", "tmpfs", "-o", options, "tmpfs", str(bare / path))
        yield bare


def inside(root: Path, environment: list[str]) -> tuple[str, ...]:
    """The beginning of a command that runs as the image's user in a root."""
    return ("chroot", f"--userspec={USER}:{USER}", str(root), "env", "-i", *environment)


def compare_first_detection(root: Path, environment: list[str], outside: Path, rounds: int) -> None:
    """The image's time to its first detection, beside the same wheel's outside; interleaved."""
    times: dict[str, list[float]] = {"image": [], "outside": []}
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as cache:
            for path in (root / "var/cache/edgeserve").iterdir():
                shutil.rmtree(path)  # nothing compiled, nothing checked: a first start
            command = (*inside(root, environment), *SERVE, "127.0.0.1:0", *FLAGS)
            times["image"].append(first_detection_s(*command))
            command = (f"{outside}/bin/edgeserve", *SERVE[1:], "127.0.0.1:0", *FLAGS)
            times["outside"].append(first_detection_s(*command, "--cache-dir", cache))
    inner, outer = (statistics.median(times[place]) for place in ("image", "outside"))
    pairs = [a / b for a, b in zip(times["image"], times["outside"], strict=True)]
    print(
        f"process start to first detection, empty cache, medians of {rounds} rounds: image "
        f"{inner:.2f} s, outside {outer:.2f} s, ratio {statistics.median(pairs):.2f} "
        f"({', '.join(f'{pair:.2f}' for pair in pairs)})"
    )


def config(image: str) -> dict[str, Any]:
    """How an image wants to be run."""
    told = json.loads(output("buildah", "inspect", "--type", "image", image))
    found: dict[str, Any] = told["Docker"]["config"]
    return found


def main() -> None:
    """Check an image, or end with the assertion that failed."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("image")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--outside",
        type=Path,
        default=sys.prefix,
        help="environment with the same wheel, to compare with; this program's own by default",
    )
    arguments = parser.parse_args()
    health = config(arguments.image)["Healthcheck"]["Test"][1:]
    container = output("buildah", "from", arguments.image)
    with ExitStack() as stack:
        stack.callback(output, "buildah", "rm", container)
        stack.enter_context(no_server_left())
        command = ("buildah", "run", *CHROOT, container, "--")
        server = Server(*command, "edgeserve", "serve", "--insecure", "--json=-")
        check_user(server)
        with DetectionClient(server.grpc) as client:
            labels = client.detect(PICTURE).labels
        assert "person" in labels
        print(f"detects {', '.join(labels)}")
        print(" ".join(health), "says", output(*command, *health))
        with tempfile.TemporaryDirectory() as folder:
            check_scrape(server, Path(folder))
        server.stop()
        check_stream_over_a_restart(container)
        environment = [one for one in config(arguments.image)["Env"] if "LISTEN" not in one]
        with read_only(output("buildah", "mount", container)) as root, no_server_left():
            assert first_detection_s(*inside(root, environment), *SERVE, "127.0.0.1:0", *FLAGS), (
                "no detection"
            )
            print("detects with a read-only root")
            compare_first_detection(root, environment, arguments.outside, arguments.rounds)


main()
