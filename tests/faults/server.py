"""A server process that faults happen to: its log, what it counts, its signals."""

from __future__ import annotations

import os
import re
import signal
import ssl
import subprocess
from typing import TYPE_CHECKING
from urllib.request import urlopen

from prometheus_client.parser import text_string_to_metric_families

from tests.system.conftest import EDGESERVE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from types import TracebackType

    from typing_extensions import Self

Series = tuple[str, tuple[tuple[str, str], ...]]
"""Name and labels of a metric."""
_TRUSTING = ssl.create_default_context()
_TRUSTING.check_hostname = False
_TRUSTING.verify_mode = ssl.CERT_NONE
_LINE = re.compile(r"^\d{4}-\d\d-\d\d [\d:,]+ (\w+) +(\S+?): (.*)$")
_CORE_LINE = re.compile(r"^[IWEF]\d{4} [\d:.]+ +\d+ \S+\] ")
_TRACEBACK = re.compile(r"^Traceback \(most recent call last\):\n(?:[ ].*\n)*", re.MULTILINE)


class Server:
    """`edgeserve serve`, from its making until the context ends; the log is `folder/server.log`.

    Attributes:
        address: of gRPC, kept over restarts.
        http: of HTTP.
        process: that runs now.
        log: the file of its log lines.
    """

    def __init__(
        self,
        folder: Path,
        *flags: str,
        environment: Mapping[str, str] | None = None,
        log: Path | None = None,
        tls: bool = False,
    ) -> None:
        """Start it; `log` is another place for its log, `tls` says that the flags ask for TLS."""
        self.log = log or folder / "server.log"
        self._flags = flags
        self._tls = _TRUSTING if tls else None
        self._environment = os.environ | {
            "XDG_CACHE_HOME": str(folder / "cache"),
            **(environment or {}),
        }
        self.address = self.http = "127.0.0.1:0"
        self.process = self._spawn()
        self._wait_until_ready()

    def start(self) -> None:
        """Start again, on the addresses of the first time."""
        self.process = self._spawn()
        self._wait_until_ready()

    def terminate(self) -> int:
        """SIGTERM; the exit code."""
        self.signal(signal.SIGTERM)
        return self.wait()

    def wait(self) -> int:
        """Wait for its end; the exit code."""
        self.process.communicate(timeout=100)
        return self.process.returncode

    def kill(self) -> None:
        """SIGKILL."""
        self.process.kill()
        self.wait()

    def signal(self, number: int) -> None:
        """Send a signal."""
        self.process.send_signal(number)

    def metrics(self) -> dict[Series, float]:
        """All that it counts and gauges, by name and labels."""
        scheme = "https" if self._tls else "http"
        url = f"{scheme}://{self.http}/metrics"
        with urlopen(url, timeout=60, context=self._tls) as answer:  # noqa: S310 - our own server
            text = answer.read().decode()
        return {
            (sample.name, tuple(sorted(sample.labels.items()))): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }

    def metric(self, name: str, **labels: str) -> float:
        """The sum of the series of a name that have these labels."""
        wanted = set(labels.items())
        found = self.metrics().items()
        return sum(value for (one, has), value in found if one == name and wanted <= set(has))

    def complaints(self, since_bytes: int = 0) -> list[str]:
        """Log lines from warnings on, and all lines that are not our log's; without their time.

        Of a traceback only its last line is there.
        """
        with self.log.open("rb") as file:
            file.seek(since_bytes)
            text = file.read().decode(errors="replace")
        found = []
        for line in filter(str.strip, _TRACEBACK.sub("", text).splitlines()):
            known = _LINE.match(line)
            if known is None:
                found.append(_CORE_LINE.sub("gRPC: ", line))
            elif known[1] in {"WARNING", "ERROR", "CRITICAL"}:
                found.append(f"{known[1]} {known[3]}")
        return found

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill()

    def _spawn(self) -> subprocess.Popen[str]:
        listen = ("--listen", self.address, "--http-listen", self.http, "--admin-listen", "")
        # On a read-only disk a file can be opened, and what is written to it fails.
        stuck = self.log.exists() and not os.access(self.log, os.W_OK)
        with self.log.open("rb" if stuck else "ab") as log:
            return subprocess.Popen(
                [*EDGESERVE, "serve", *listen, *self._flags],
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env=self._environment,
            )

    def _wait_until_ready(self) -> None:
        assert self.process.stdout is not None
        words = self.process.stdout.readline().split()
        if words[:1] != ["ready"]:
            self.kill()
            text = f"the server did not start: {self.log.read_text(errors='replace')[-2000:]}"
            raise AssertionError(text)
        addresses = dict(word.split("=", 1) for word in words[1:])
        self.address, self.http = addresses["grpc"], addresses["http"]
