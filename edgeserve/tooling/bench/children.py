"""The benchmark's processes: started, asked, stopped."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import suppress
from typing import IO, TYPE_CHECKING, Any

from edgeserve.domain.errors import NotAvailableError
from edgeserve.tooling.server_process import SAFE_PATH
from edgeserve.tooling.signals import forget_process, start_process

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self


class Child:
    """A Python module in a process of its own that answers a line with a line of JSON."""

    def __init__(self, module: str, *arguments: str) -> None:
        """Start `python -m module arguments…`."""
        self._process = start_process(
            lambda: subprocess.Popen(  # noqa: S603 - our own program
                [sys.executable, "-m", module, *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                # Ctrl-C at the terminal is for the command, which stops its children.
                start_new_session=True,
                env=SAFE_PATH,
            )
        )
        self._module = module

    @property
    def pid(self) -> int:
        """The process."""
        return self._process.pid

    def ask(self, line: str = "") -> dict[str, Any]:
        """Send a line and wait for the answer.

        Raises:
            NotAvailableError: the process died.
        """
        writer: IO[str] | None = self._process.stdin
        if writer is not None:
            with suppress(BrokenPipeError):  # `read` will say that it ended
                writer.write(line + "\n")
                writer.flush()
        answer: dict[str, Any] = json.loads(self.read())
        return answer

    def read(self) -> str:
        """The next line of its output.

        Raises:
            NotAvailableError: the process ended.
        """
        reader: IO[str] | None = self._process.stdout
        line = reader.readline() if reader is not None else ""
        if not line:
            text = f"{self._module} ended with status {self._process.wait()}; its words are above"
            raise NotAvailableError(text)
        return line

    def stop(self) -> None:
        """Ask it to end, and wait until it has."""
        self._process.terminate()
        self._process.communicate()
        forget_process(self._process)

    def __enter__(self) -> Self:
        """Return the child itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop it."""
        self.stop()
