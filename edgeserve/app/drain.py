"""The end of a server, by the contract of streams."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edgeserve.serving.server import GrpcServer

_log = logging.getLogger(__name__)


async def drain(grpc: GrpcServer, delay_s: float, again: asyncio.Event) -> None:
    """Tell health checks, wait until balancers have seen it, then end all streams.

    Args:
        grpc: whose streams end.
        delay_s: for balancers.
        again: set when somebody asks a second time: streams are not waited for then.
    """
    await grpc.set_serving(serving=False)
    _log.info("draining: no new streams, answering what was read")
    draining = asyncio.create_task(_drain_streams(grpc, delay_s))
    asked = asyncio.create_task(again.wait())
    done, _ = await asyncio.wait({draining, asked}, return_when=asyncio.FIRST_COMPLETED)
    asked.cancel()
    if draining in done:
        draining.result()
    else:
        _log.warning("asked a second time: stopping at once")
        draining.cancel()


async def _drain_streams(grpc: GrpcServer, delay_s: float) -> None:
    await asyncio.sleep(delay_s)
    await grpc.drain()
