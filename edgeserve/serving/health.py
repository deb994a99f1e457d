"""grpc.health.v1: SERVING while every model is ready and nobody has asked the server to stop.

Each model is a service of its own beside them: `edgeserve.model.NAME`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from grpc_health.v1 import health_pb2
from grpc_health.v1.health import aio as grpc_health

from edgeserve.wire._generated import detection_pb2 as pb
from edgeserve.wire._generated import inference_pb2 as oip

if TYPE_CHECKING:
    from collections.abc import Mapping

DETECTION_SERVICE = pb.DESCRIPTOR.services_by_name["DetectionService"].full_name
OIP_SERVICE = oip.DESCRIPTOR.services_by_name["GRPCInferenceService"].full_name


class Health:
    """The health service and its one switch."""

    def __init__(self) -> None:
        """Set it before the server starts: the servicer begins as SERVING."""
        self.servicer = grpc_health.HealthServicer()
        self._models: set[str] = set()

    async def set(self, *, serving: bool, models: Mapping[str, bool]) -> None:
        """Answer SERVING or NOT_SERVING.

        Args:
            serving: for the server as a whole and for its services.
            models: for each model, by name; others are unknown from now on.
        """
        states = {"": serving, DETECTION_SERVICE: serving, OIP_SERVICE: serving}
        states |= {model_service(name): good for name, good in models.items()}
        status = health_pb2.HealthCheckResponse
        for service, good in states.items():
            await self.servicer.set(service, status.SERVING if good else status.NOT_SERVING)
        for name in self._models - set(models):
            await self.servicer.set(model_service(name), status.SERVICE_UNKNOWN)
        self._models = set(models)


def model_service(name: str) -> str:
    """The service name by which health checks ask for one model."""
    return f"edgeserve.model.{name}"
