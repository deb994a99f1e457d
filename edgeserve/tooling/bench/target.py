"""The server that is measured: one of our own, or one that runs already."""

from __future__ import annotations

import os
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgeserve.client import DetectionClient
from edgeserve.client.credentials import credentials_from
from edgeserve.tooling.bench.process import cpu_seconds, pss_mb
from edgeserve.tooling.server_process import ServerProcess

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from edgeserve.domain.frame import EncodedFrame


@dataclass(frozen=True, slots=True)
class Target:
    """A server under measurement.

    Attributes:
        address: where it listens.
        pid: of its process; None for a server that we did not start.
        cold_s: from the start of its process to its first detection, likewise.
    """

    address: str
    pid: int | None = None
    cold_s: float | None = None

    def cpu_seconds(self) -> float | None:
        """Processor time used so far."""
        return None if self.pid is None else cpu_seconds(self.pid)

    def pss_mb(self) -> float | None:
        """Memory, see `process.pss_mb`."""
        return None if self.pid is None else pss_mb(self.pid)


@contextmanager
def started(flags: Sequence[str], picture: EncodedFrame) -> Iterator[Target]:
    """Start a server with these flags and let it detect in a picture.

    Raises:
        NotAvailableError: it did not start.
    """
    begun = time.monotonic()
    with ServerProcess(
        *("--listen", "127.0.0.1:0", "--http-listen", "127.0.0.1:0"), *flags
    ) as server:
        with DetectionClient(server.address) as client:
            client.detect(picture)
        yield Target(server.address, server.pid, time.monotonic() - begun)


@contextmanager
def running(address: str, picture: EncodedFrame) -> Iterator[Target]:
    """A server that listens there already, once it has detected in a picture.

    What it asks for, the environment says: see `credentials_from`.

    Raises:
        TransportError: nobody answers.
    """
    with DetectionClient(address, credentials=credentials_from(os.environ)) as client:
        client.detect(picture)
    yield Target(address)
