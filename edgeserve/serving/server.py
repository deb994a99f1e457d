"""The gRPC server: start, drain, stop."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from grpc import aio
from grpc_health.v1 import health_pb2
from grpc_health.v1.health_pb2_grpc import add_HealthServicer_to_server
from grpc_reflection.v1alpha import reflection

from edgeserve.access.places import Places
from edgeserve.domain.errors import PortTakenError
from edgeserve.oip.service import OpenInference
from edgeserve.serving.address import check_address, claim_socket
from edgeserve.serving.guard import Guard
from edgeserve.serving.health import DETECTION_SERVICE, OIP_SERVICE, Health
from edgeserve.serving.listener import add_port, demands_certificates
from edgeserve.serving.oip.servicer import OipServicer
from edgeserve.serving.origin import OriginInterceptor
from edgeserve.serving.reading import CarefulReading
from edgeserve.serving.servicer import DetectionServicer
from edgeserve.wire._generated.detection_pb2_grpc import add_DetectionServiceServicer_to_server
from edgeserve.wire._generated.inference_pb2_grpc import (
    add_GRPCInferenceServiceServicer_to_server,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from edgeserve.access.gate import Gate
    from edgeserve.access.limits import Limits
    from edgeserve.domain.status import DeviceStatus
    from edgeserve.pipeline.cameras import Cameras
    from edgeserve.pipeline.served import ServedModels
    from edgeserve.serving.options import ServingOptions

_log = logging.getLogger(__name__)
_HEALTH_SERVICE = health_pb2.DESCRIPTOR.services_by_name["Health"].full_name
_PING_MS = 30_000
_LEAST_PING_INTERVAL_MS = 10_000
_STOP_GRACE_S = 1.0


class GrpcServer:
    """grpc.aio with our services.

    Attributes:
        mtls_address: where clients with certificates are served, once started; "" for nowhere.
    """

    def __init__(
        self,
        models: ServedModels,
        devices: Callable[[], Sequence[DeviceStatus]],
        limits: Limits,
        options: ServingOptions,
        cameras: Cameras | None = None,
        gate: Gate | None = None,
        oip: OpenInference | None = None,
    ) -> None:
        """Prepare the server; nothing listens yet.

        Args:
            models: to serve.
            devices: of this machine.
            limits: for clients.
            options: of this server.
            cameras: that can be watched.
            gate: asks callers who they are; None asks nobody.
            oip: the Open Inference Protocol where HTTP shares it, and the places of its calls.

        Raises:
            ConfigurationError: the address is malformed, or open without `insecure`.
        """
        asks = gate is not None and gate.options.asks
        check_address("listen", options.listen, insecure=options.insecure, asks=asks)
        self._listen = options.listen
        self._mtls_listen = options.mtls_listen
        self._gate = gate
        self.mtls_address = ""
        refusals = None if gate is None else gate.refusals
        oip = oip or OpenInference.of(models, limits, Places(limits, refusals))
        self._places = oip.inference.places
        self._drain_timeout_s = options.drain_timeout
        self._cameras = cameras
        servicer = DetectionServicer(models, devices, limits, options, self._places, cameras)
        self._models = models
        self._health = Health()
        self._server = aio.server(
            interceptors=[
                OriginInterceptor(),
                *([] if gate is None or gate.open else [Guard(gate)]),
                CarefulReading(),
            ],
            options=[
                # A frame over our limit gets an error of its own: the transport must let it in.
                ("grpc.max_receive_message_length", 2 * limits.max_frame_bytes),
                ("grpc.max_send_message_length", -1),
                # A second server on the port must fail, not take half of the connections.
                ("grpc.so_reuseport", 0),
                ("grpc.keepalive_time_ms", _PING_MS),
                ("grpc.http2.min_recv_ping_interval_without_data_ms", _LEAST_PING_INTERVAL_MS),
                ("grpc.keepalive_permit_without_calls", 1),
            ],
        )
        add_DetectionServiceServicer_to_server(servicer, self._server)
        add_GRPCInferenceServiceServicer_to_server(
            OipServicer(oip.inference, oip.descriptions, options.write_timeout), self._server
        )
        add_HealthServicer_to_server(self._health.servicer, self._server)
        reflection.enable_server_reflection(
            (DETECTION_SERVICE, OIP_SERVICE, _HEALTH_SERVICE, reflection.SERVICE_NAME),
            self._server,
        )

    async def start(self) -> str:
        """Listen; health is NOT_SERVING until `set_serving`.

        Returns:
            The address with the port that was taken.

        Raises:
            PortTakenError: somebody else listens there.
        """
        # Its servicer begins as SERVING.
        await self.set_serving(serving=False)
        if self._listen.startswith("unix:"):
            claim_socket(self._listen.removeprefix("unix:"))
        address = self._bind("listen", self._listen, certificates=demands_certificates(self._gate))
        if self._mtls_listen:
            self.mtls_address = self._bind("mtls-listen", self._mtls_listen, certificates=True)
            _log.info("clients with certificates are served on %s", self.mtls_address)
        await self._server.start()
        return address

    def _bind(self, setting: str, listen: str, *, certificates: bool) -> str:
        try:
            port = add_port(self._server, listen, self._gate, certificates=certificates)
        except RuntimeError as error:
            text = (
                f"cannot listen on {listen}: it is taken or not an address of this machine; "
                f"stop the other server or choose another with --{setting}"
            )
            raise PortTakenError(text) from error
        return listen if listen.startswith("unix:") else f"{listen.rpartition(':')[0]}:{port}"

    async def set_serving(self, *, serving: bool) -> None:
        """Tell health checks whether the server takes work, and how its models are now."""
        await self._health.set(
            serving=serving and self._models.ready,
            models={
                name: serving and ready for name, ready in self._models.ready_by_name().items()
            },
        )

    async def drain(self) -> None:
        """End all streams by the contract: nothing new, everything that was read answered."""
        self._places.close()
        if self._cameras is not None:
            self._cameras.end_watches()
        await self._places.wait_until_free(self._drain_timeout_s)

    async def stop(self) -> None:
        """Stop listening and end what is left."""
        await self._server.stop(_STOP_GRACE_S)
