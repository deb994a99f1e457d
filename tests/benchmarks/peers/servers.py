"""The servers under comparison: installed into environments of their own, started, stopped."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from abc import ABC, abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from edgeserve.tooling.bench.process import cpu_seconds, pss_mb
from edgeserve.tooling.server_process import ServerProcess
from tests.benchmarks.peers.job import MODEL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from typing_extensions import Self

_HERE = Path(__file__).parent
_ROOT = Path(__file__).parents[3]
"""Where the package `tests` lies."""
JOBS = {"blob": "blobFromImage", "bytes": "bytes", "ours": "our detector"}
"""What a peer may do with a picture, and its name in tables."""
_START_S = 120
_STOP_S = 30


_LOCK = """
from multiprocessing import resource_tracker as _tracker

if not hasattr(_tracker._resource_tracker._lock, "_recursion_count"):
    _tracker._resource_tracker._lock = threading._PyRLock()
"""
"""Triton's backend brings the first release of its Python. Later ones' standard library asks locks
for what those lack; the lock that is written in Python has it."""
_CONNECT = "        sock.connect(socket_path.as_posix())\n"
_PAUSE = "        time.sleep(0.2)\n"
"""Instances after the first connect to its socket as soon as it is there, and are refused where it
does not listen yet."""


class Server(ABC):
    """A server that is ready on localhost while the context is open.

    Attributes:
        name: in tables.
        address: of its gRPC port.
        pid: of its first process.
    """

    name: str
    address: str
    pid: int

    @abstractmethod
    def __enter__(self) -> Self:
        """Start it."""

    @abstractmethod
    def __exit__(self, *_: object) -> None:
        """Stop it."""

    def cpu_seconds(self) -> float:
        """Processor time that all its processes have used so far."""
        return sum(cpu_seconds(pid) for pid in self._processes())

    def pss_mb(self) -> float:
        """Memory of all its processes."""
        return sum(pss_mb(pid) for pid in self._processes())

    def _processes(self) -> list[int]:
        process = psutil.Process(self.pid)
        return [process.pid, *(child.pid for child in process.children(recursive=True))]


class Ours(Server):
    """`edgeserve serve` of the environment that runs the comparison."""

    name = "edgeserve"

    def __enter__(self) -> Self:
        """Start it."""
        free = ("--listen", "127.0.0.1:0", "--http-listen", "127.0.0.1:0", "--admin-listen", "")
        self._server = ServerProcess(*free, "--model", MODEL, "--provider", "openvino:CPU")
        self.address, self.pid = self._server.address, self._server.pid
        return self

    def __exit__(self, *_: object) -> None:
        """Stop it."""
        self._server.stop()


class Peer(Server):
    """Somebody else's server, in a virtual environment that is made once."""

    requirement: str

    def __init__(self, environments: Path, wheel: Path, job: str) -> None:
        """Prepare to serve a job.

        Args:
            environments: folder that holds an environment of each kind.
            wheel: of edgeserve, whose detector `ours` is.
            job: one of `JOBS`, see `job`.
        """
        self._job = job
        self._wheel = wheel
        self._environment = environments / self.requirement.replace("==", "-")

    @property
    def title(self) -> str:
        """Name and job, for tables."""
        return f"{self.name}, {JOBS[self._job]}"

    def install(self) -> None:
        """Make the environment, if it is not there yet.

        Raises:
            CalledProcessError: it cannot be installed; pip has said why.
        """
        ready = self._environment / ".ready"
        if not ready.exists():
            subprocess.run([sys.executable, "-m", "venv", self._environment], check=True)
            self._pip(self.requirement, f"{self._wheel}[serving,openvino]")
            ready.touch()
        self._pip("--no-deps", "--force-reinstall", str(self._wheel))

    def __enter__(self) -> Self:
        """Start it, and wait until the model is ready."""
        grpc, http, metrics = _free_ports(3)
        self.address = f"127.0.0.1:{grpc}"
        self._folder = tempfile.TemporaryDirectory(prefix="peer-")
        self._log = tempfile.TemporaryFile()
        self._process = subprocess.Popen(
            self._command(Path(self._folder.name), grpc, http, metrics),
            cwd=self._folder.name,
            env=os.environ | {"PYTHONPATH": str(_ROOT), "PEER_JOB": self._job},
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )
        self.pid = self._process.pid
        self._wait(f"http://127.0.0.1:{http}/v2/models/{MODEL}/ready")
        return self

    def __exit__(self, *_: object) -> None:
        """Stop it."""
        self._process.terminate()
        try:
            self._process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            for pid in self._processes():
                psutil.Process(pid).kill()
            self._process.wait()
        self._log.close()
        self._folder.cleanup()

    @abstractmethod
    def _command(self, folder: Path, grpc: int, http: int, metrics: int) -> Sequence[str]:
        """What starts it, with what it needs written into the folder."""

    def _program(self, name: str) -> str:
        return str(self._environment / "bin" / name)

    def _pip(self, *arguments: str) -> None:
        subprocess.run(
            [self._program("python"), "-m", "pip", "install", "--quiet", *arguments], check=True
        )

    def _wait(self, url: str) -> None:
        until = time.monotonic() + _START_S
        while time.monotonic() < until and self._process.poll() is None:
            if _answers(url):
                return
            time.sleep(0.2)
        self._log.seek(0)
        words = self._log.read().decode(errors="replace")
        self.__exit__()
        text = f"{self.name} did not start; it said:\n{words}"
        raise RuntimeError(text)


class MlServer(Peer):
    """Seldon's MLServer with a custom runtime, in one process.

    Workers in processes of their own (`parallel_workers`) are off: pictures and results would be
    pickled on the way, and the job has threads of its own.
    """

    name = "MLServer"
    requirement = "mlserver==1.7.1"

    def _command(self, folder: Path, grpc: int, http: int, metrics: int) -> Sequence[str]:
        (folder / "settings.json").write_text(
            f'{{"debug": false, "parallel_workers": 0, "host": "127.0.0.1", "grpc_port": {grpc}, '
            f'"http_port": {http}, "metrics_port": {metrics}}}'
        )
        (folder / "model-settings.json").write_text(
            f'{{"name": "{MODEL}", "implementation": "tests.benchmarks.peers.mlserver_peer.Peer"}}'
        )
        return [self._program("mlserver"), "start", str(folder)]


class KServe(Peer):
    """KServe's Python model server."""

    name = "KServe"
    requirement = "kserve==0.21.0"

    def _command(self, folder: Path, grpc: int, http: int, metrics: int) -> Sequence[str]:
        del folder, metrics
        program = str(_HERE / "kserve_peer.py")
        return [self._program("python"), program, str(grpc), str(http)]


class PyTriton(Peer):
    """Triton with its Python backend, started from Python."""

    name = "Triton"
    requirement = "nvidia-pytriton==0.7.0"

    def install(self) -> None:
        """Make the environment, and mend it where its Python is newer than Triton's own."""
        super().install()
        (proxy,) = self._environment.glob("lib/python3*/site-packages/pytriton/proxy")
        text = (proxy / "data.py").read_text(encoding="utf-8")
        if _LOCK not in text:
            (proxy / "data.py").write_text(text + _LOCK, encoding="utf-8")
        text = (proxy / "communication.py").read_text(encoding="utf-8")
        if _PAUSE not in text:
            text = text.replace(_CONNECT, _PAUSE + _CONNECT)
            (proxy / "communication.py").write_text(text, encoding="utf-8")

    def _command(self, folder: Path, grpc: int, http: int, metrics: int) -> Sequence[str]:
        del folder, metrics
        program = str(_HERE / "pytriton_peer.py")
        return [self._program("python"), program, str(grpc), str(http)]


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5):
            return True
    except OSError:
        return False


def _free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    try:
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()
