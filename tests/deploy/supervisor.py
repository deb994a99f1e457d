"""Plays systemd's part for one unit: its start, notify socket, watchdog, restarts, reload, stop."""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import socket
import struct
import subprocess
import threading
import time
from collections import defaultdict
from typing import TYPE_CHECKING

from tests.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from types import TracebackType

    from typing_extensions import Self

_TICK_S = 0.05
_ABORT_S = 60
_CREDENTIALS = struct.Struct("3i")


class Supervisor:
    """Runs what a unit under a root folder says, as systemd would in that root.

    Attributes:
        process: the main process.
        ready: whether it said so.
        status: its last STATUS.
        fed: how often the watchdog was fed.
        ends: how it ended so far: "watchdog" or the exit status.
        restarts: how often it was started again because it had failed.
    """

    def __init__(self, root: Path, folder: Path, environment: Mapping[str, str]) -> None:
        """Read the unit and its drop-ins.

        Args:
            root: where the service is installed.
            folder: for the notify socket and for what the service writes.
            environment: what this service needs beside what its unit says.
        """
        self._root = root
        self._folder = folder
        self._extra = environment
        self._fed_s = 0.0
        self.status = ""
        self.fed = 0
        self.ends: list[str] = []
        self.restarts = 0
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self._socket.bind(str(folder / "notify"))
        self._socket.settimeout(_TICK_S)
        self._output = (folder / "stdout").open("a+b")
        self._log = (folder / "stderr").open("a+b")
        self.process = self._spawn()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        wait_until(lambda: self.ready or self.ends, "READY=1")
        assert self.ready, self.log

    @property
    def log(self) -> str:
        """What the service wrote on standard error."""
        return (self._folder / "stderr").read_text()

    @property
    def http_address(self) -> str:
        """Where the service that runs now serves HTTP."""
        lines = (self._folder / "stdout").read_text().splitlines()
        return lines[-1].rpartition("http=")[2]

    def reload(self) -> None:
        """What ExecReload says, and wait until the service says that it is done."""
        self.ready = False
        command = self._unit()["ExecReload"][-1].replace("$MAINPID", str(self.process.pid))
        subprocess.run(shlex.split(command), check=True)
        wait_until(lambda: self.ready, "READY=1 after a reload")

    def restart(self) -> None:
        """Stop, then start."""
        before = self.process
        self.ready = False
        self._restarting = True
        before.send_signal(signal.SIGTERM)
        wait_until(lambda: self.ready and self.process is not before, "READY=1 after a restart")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop the service, by force if it does not stop by itself."""
        self._kept_alive = False
        self.process.terminate()
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
        self._thread.join()
        self._socket.close()
        self._output.close()
        self._log.close()

    def _unit(self) -> dict[str, list[str]]:
        """Values by key; an empty one forgets those before it."""
        folder = self._root / "etc/systemd/system"
        files = [folder / "edgeserve.service", *sorted((folder / "edgeserve.service.d").glob("*"))]
        values: dict[str, list[str]] = defaultdict(list)
        for path in files:
            for line in path.read_text().splitlines():
                key, equals, value = line.partition("=")
                if not equals or line.startswith("#"):
                    continue
                values[key] = [*values[key], value] if value else []
        return values

    def _spawn(self) -> subprocess.Popen[bytes]:
        unit = self._unit()
        assert unit["Type"] == ["notify"]
        assert unit["NotifyAccess"] == ["main"]
        environment = {"PATH": os.environ["PATH"], **self._extra}
        for assignment in unit["Environment"]:
            name, _, value = assignment.partition("=")
            environment[name] = self._inside(value)
        for key, place in {"RuntimeDirectory": "run", "CacheDirectory": "var/cache"}.items():
            directory = self._root / place / unit[key][-1]
            directory.mkdir(parents=True, exist_ok=True)
            environment[f"{key.removesuffix('Directory').upper()}_DIRECTORY"] = str(directory)
        self._watchdog_s = float(unit["WatchdogSec"][-1])
        environment["WATCHDOG_USEC"] = str(int(self._watchdog_s * 1e6))
        environment["NOTIFY_SOCKET"] = str(self._folder / "notify")
        words = [self._inside(word) for word in shlex.split(unit["ExecStart"][-1])]
        self._prevented = unit["RestartPreventExitStatus"]
        self.ready = self._aborted = False
        self._kept_alive, self._restarting = True, False
        return subprocess.Popen(
            words, stdout=self._output, stderr=self._log, env=environment, cwd="/"
        )

    def _inside(self, word: str) -> str:
        """A path as the service sees it where the root is the system's."""
        inside = self._root / word.lstrip("/")
        return str(inside) if word.startswith("/") and inside.exists() else word

    def _watch(self) -> None:
        while True:
            self._hear()
            status = self.process.poll()
            if status is not None:
                self.ends.append("watchdog" if self._aborted else str(status))
                failed = status != 0 and str(status) not in self._prevented
                if not self._restarting and not (failed and self._kept_alive):
                    return
                asked = self._restarting
                self.process = self._spawn()
                self.restarts += not asked
            elif self.ready and time.monotonic() - self._fed_s > self._watchdog_s:
                self._aborted = True
                self.process.send_signal(signal.SIGABRT)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self.process.wait(_ABORT_S)
                self.process.kill()
                self.process.wait()

    def _hear(self) -> None:
        """Take one message, if it comes soon, and only from the main process."""
        with contextlib.suppress(TimeoutError):
            space = socket.CMSG_SPACE(_CREDENTIALS.size)
            message, ancillary, _, _ = self._socket.recvmsg(4096, space)
            sender = _CREDENTIALS.unpack(ancillary[0][2])[0]
            if sender != self.process.pid:
                return
            lines = message.decode().splitlines()
            if {"READY=1", "WATCHDOG=1"} & set(lines):
                self._fed_s = time.monotonic()
            self.fed += "WATCHDOG=1" in lines
            self.status = next(
                (line[7:] for line in lines if line.startswith("STATUS=")), self.status
            )
            self.ready = self.ready or "READY=1" in lines
