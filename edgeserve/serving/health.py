"""grpc.health.v1: SERVING while every model is ready and nobody has asked the server to stop."""

from __future__ import annotations

from grpc_health.v1 import health_pb2
from grpc_health.v1.health import aio as grpc_health

from edgeserve.wire._generated import detection_pb2 as pb

DETECTION_SERVICE = pb.DESCRIPTOR.services_by_name["DetectionService"].full_name


class Health:
    """The health service and its one switch."""

    def __init__(self) -> None:
        """Set it before the server starts: the servicer begins as SERVING."""
        self.servicer = grpc_health.HealthServicer()

    async def set(self, *, serving: bool) -> None:
        """Answer SERVING or NOT_SERVING, for the server as a whole and for its service."""
        serving_status = health_pb2.HealthCheckResponse.SERVING
        other = health_pb2.HealthCheckResponse.NOT_SERVING
        for service in ("", DETECTION_SERVICE):
            await self.servicer.set(service, serving_status if serving else other)
