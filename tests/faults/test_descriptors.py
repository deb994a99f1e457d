"""No file descriptor is left."""

from __future__ import annotations

import os
import resource
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from edgeserve.client import DetectionClient
from edgeserve.domain.errors import EdgeserveError
from edgeserve.tooling.bench.process import cpu_seconds
from tests.faults.observed import Observation
from tests.faults.proxy import Proxy
from tests.faults.traffic import Traffic
from tests.waiting import wait_until

if TYPE_CHECKING:
    from tests.faults.conftest import Start

_WITHOUT_S = 5.0


def asked(client: DetectionClient) -> str:
    """What is wrong with the server's answer."""
    try:
        client.list_models()
    except EdgeserveError as error:
        return str(error)
    return ""


@pytest.mark.long
@pytest.mark.timeout(300)
def test_streams_live_on_without_descriptors_and_new_ones_are_served_when_there_are_some(
    start: Start,
) -> None:
    server = start()
    pid = server.process.pid
    before = resource.prlimit(pid, resource.RLIMIT_NOFILE)

    def ask() -> str:
        """What a new client is told; behind a proxy, or it would share a connection."""
        line = stack.enter_context(Proxy(server.address))
        client = stack.enter_context(DetectionClient(line.address, timeout=5))
        return asked(client)

    with (
        Observation("file descriptors exhausted (RLIMIT_NOFILE)", server) as seen,
        Traffic(server.address) as traffic,
        ExitStack() as stack,
    ):
        traffic.wait_for()
        highest = max(int(name) for name in os.listdir(f"/proc/{pid}/fd"))  # noqa: PTH208
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (highest + 1, before[1]))
        refused = ""
        # Numbers below the highest may be free: they are taken first.
        while not refused:
            refused = ask()
        began_s, began_cpu_s = time.monotonic(), cpu_seconds(pid)
        traffic.wait_for(int(_WITHOUT_S * 10))
        share = (cpu_seconds(pid) - began_cpu_s) / (time.monotonic() - began_s)
        resource.prlimit(pid, resource.RLIMIT_NOFILE, before)
        raised_s = time.monotonic()
        wait_until(lambda: not ask(), "a new client to be served")
        seen.recovered("new clients", time.monotonic() - raised_s)
        traffic.end()
        assert traffic.faults() == []
        seen.saw("streams that are open: all OK")
        seen.saw(f"new clients: {refused}")
        seen.saw(f"the server took {100 * share:.0f} % of a core for it and for 10 frames a second")
