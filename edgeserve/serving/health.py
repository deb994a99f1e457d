"""grpc.health.v1: SERVING while every model is ready and nobody has asked the server to stop.

Each model is a service of its own beside them: `edgeserve.model.NAME`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from grpc_health.v1 import health_pb2
from grpc_health.v1.health import aio as grpc_health

from edgeserve.wire._generated import detection_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Mapping

DETECTION_SERVICE = pb.DESCRIPTOR.services_by_name["DetectionService"].full_name


class Health:
    """The health service and its one switch."""

    def __init__(self) -> None:
        """Set it before the server starts: the servicer begins as SERVING."""
        self.servicer = grpc_health.HealthServicer()

    async def set(self, *, serving: bool, models: Mapping[str, bool]) -> None:
        """Answer SERVING or NOT_SERVING.

        Args:
            serving: for the server as a whole and for its service.
            models: for each model, by name.
        """
        states = {"": serving, DETECTION_SERVICE: serving}
        states |= {model_service(name): good for name, good in models.items()}
        for service, good in states.items():
            status = health_pb2.HealthCheckResponse
            await self.servicer.set(service, status.SERVING if good else status.NOT_SERVING)


def model_service(name: str) -> str:
    """The service name by which health checks ask for one model."""
    return f"edgeserve.model.{name}"
