"""`edgeserve serve` as a process of its own, for commands that bring their server along."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

from edgeserve.domain.errors import NotAvailableError
from edgeserve.tooling.signals import forget_process, start_process

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

_STOP_S = 30
SAFE_PATH = os.environ | {"PYTHONSAFEPATH": "1"}
"""Environment of children that are this installation, not what lies in the working directory."""


class ServerProcess:
    """A server that is ready, until the context ends.

    It runs in a session of its own: Ctrl-C at the terminal ends the command, which then ends its
    server in order.

    Attributes:
        address: of the gRPC server.
        http_address: of the HTTP server; "off" without one.
        pid: of the process.
    """

    def __init__(self, *flags: str) -> None:
        """Start `edgeserve serve` with these flags.

        Raises:
            NotAvailableError: it did not start; it has said why on standard error.
        """
        self._process = start_process(
            lambda: subprocess.Popen(  # noqa: S603 - our own program
                [sys.executable, "-m", "edgeserve", "serve", "--log-level", "warning", *flags],
                stdout=subprocess.PIPE,
                text=True,
                start_new_session=True,
                env=SAFE_PATH,
            )
        )
        try:
            self.address, self.http_address = self._read_ready()
        except BaseException:
            self.stop()
            raise
        self.pid = self._process.pid

    def wait(self) -> None:
        """Wait until the server ends by itself.

        Raises:
            NotAvailableError: always, since it should not have.
        """
        status = self._process.wait()
        text = f"the server ended with status {status}; what it said is above"
        raise NotAvailableError(text)

    def stop(self) -> None:
        """End the server: by SIGTERM, and if that does not help by force."""
        self._process.terminate()
        try:
            self._process.communicate(timeout=_STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()
        forget_process(self._process)

    def __enter__(self) -> Self:
        """Return the server itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop it."""
        self.stop()

    def _read_ready(self) -> tuple[str, str]:
        line = self._process.stdout.readline() if self._process.stdout is not None else ""
        match = re.fullmatch(r"ready grpc=(.+) http=(\S+)", line.strip())
        if match is None:
            text = "the server did not start; what it said is above"
            raise NotAvailableError(text)
        return match[1], match[2]
