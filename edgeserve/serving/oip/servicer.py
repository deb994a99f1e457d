"""inference.GRPCInferenceService."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from edgeserve.domain.errors import EdgeserveError, RequestError
from edgeserve.serving.deadline import deadline_ns
from edgeserve.serving.oip.errors import oip_status_of
from edgeserve.serving.oip.session import InferSession
from edgeserve.wire._generated import inference_pb2 as pb
from edgeserve.wire._generated.inference_pb2_grpc import GRPCInferenceServiceServicer
from edgeserve.wire.oip.grpc_codec import request_from_proto, response_to_proto
from edgeserve.wire.oip.grpc_descriptions import (
    config_to_proto,
    index_to_proto,
    model_to_proto,
    server_to_proto,
    statistics_to_proto,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from grpc import aio

    from edgeserve.oip.descriptions import Descriptions
    from edgeserve.oip.inference import Inference
    from edgeserve.serving.oip.session import Context

    AnyContext = aio.ServicerContext[Any, Any]

_SOURCE = "oip"


class OipServicer(GRPCInferenceServiceServicer):
    """Turns calls into requests, and domain errors into the status codes that Triton uses."""

    def __init__(
        self, inference: Inference, descriptions: Descriptions, write_timeout_s: float
    ) -> None:
        """Serve these; a stream ends whose client reads nothing for `write_timeout_s`."""
        self._inference = inference
        self._descriptions = descriptions
        self._write_timeout_s = write_timeout_s

    async def ModelInfer(  # noqa: N802 - the protocol's name, as below
        self, request: pb.ModelInferRequest, context: AnyContext
    ) -> pb.ModelInferResponse:
        """One request, one answer."""
        try:
            response = await self._inference.infer(
                request_from_proto(request), source=_SOURCE, deadline_ns=deadline_ns(context)
            )
        except EdgeserveError as error:
            await context.abort(oip_status_of(error), str(error))
        return response_to_proto(response)

    # The generated base knows generators only; a coroutine that reads and writes is the other form.
    async def ModelStreamInfer(  # type: ignore[override]  # noqa: N802
        self,
        request_iterator: AsyncIterator[pb.ModelInferRequest],  # noqa: ARG002 - the session reads
        context: Context,
    ) -> None:
        """A stream of requests and of their answers."""
        session = InferSession(context, self._write_timeout_s)
        try:
            with self._inference.places.take(session):
                await session.run(self._inference, _SOURCE)
        except EdgeserveError as error:
            await context.abort(oip_status_of(error), str(error))

    async def ServerLive(  # noqa: N802
        self,
        request: pb.ServerLiveRequest,  # noqa: ARG002 - the protocol's signature, as below
        context: AnyContext,  # noqa: ARG002
    ) -> pb.ServerLiveResponse:
        """The process answers."""
        return pb.ServerLiveResponse(live=True)

    async def ServerReady(  # noqa: N802
        self,
        request: pb.ServerReadyRequest,  # noqa: ARG002
        context: AnyContext,  # noqa: ARG002
    ) -> pb.ServerReadyResponse:
        """Every model can serve, and the server is not about to stop."""
        return pb.ServerReadyResponse(ready=self._descriptions.ready)

    async def ServerMetadata(  # noqa: N802
        self,
        request: pb.ServerMetadataRequest,  # noqa: ARG002
        context: AnyContext,  # noqa: ARG002
    ) -> pb.ServerMetadataResponse:
        """The server and its extensions."""
        return server_to_proto(self._descriptions.server())

    async def ModelReady(  # noqa: N802
        self,
        request: pb.ModelReadyRequest,
        context: AnyContext,  # noqa: ARG002
    ) -> pb.ModelReadyResponse:
        """Whether a model can serve."""
        ready = self._descriptions.model_ready(request.name, request.version)
        return pb.ModelReadyResponse(ready=ready)

    async def ModelMetadata(  # noqa: N802
        self, request: pb.ModelMetadataRequest, context: AnyContext
    ) -> pb.ModelMetadataResponse:
        """A model's inputs and outputs."""
        try:
            return model_to_proto(self._descriptions.model(request.name, request.version))
        except EdgeserveError as error:
            await context.abort(oip_status_of(error), str(error))

    async def ModelConfig(  # noqa: N802
        self, request: pb.ModelConfigRequest, context: AnyContext
    ) -> pb.ModelConfigResponse:
        """A model's configuration."""
        try:
            return config_to_proto(self._descriptions.config(request.name, request.version))
        except EdgeserveError as error:
            await context.abort(oip_status_of(error), str(error))

    async def ModelStatistics(  # noqa: N802
        self, request: pb.ModelStatisticsRequest, context: AnyContext
    ) -> pb.ModelStatisticsResponse:
        """What this protocol's clients had the models do."""
        try:
            found = self._descriptions.statistics(request.name, request.version)
        except EdgeserveError as error:
            await context.abort(oip_status_of(error), str(error))
        return statistics_to_proto(found)

    async def RepositoryIndex(  # noqa: N802
        self, request: pb.RepositoryIndexRequest, context: AnyContext
    ) -> pb.RepositoryIndexResponse:
        """The models of the repository."""
        try:
            found = await self._descriptions.index(ready_only=request.ready)
        except EdgeserveError as error:
            await context.abort(oip_status_of(error), str(error))
        return index_to_proto(found)

    async def RepositoryModelLoad(  # noqa: N802
        self, request: pb.RepositoryModelLoadRequest, context: AnyContext
    ) -> pb.RepositoryModelLoadResponse:
        """Have a model serve, or read it anew."""
        try:
            _check_parameters(request.parameters)
            await self._descriptions.load(request.model_name)
        except EdgeserveError as error:
            await context.abort(oip_status_of(error), str(error))
        return pb.RepositoryModelLoadResponse()

    async def RepositoryModelUnload(  # noqa: N802
        self, request: pb.RepositoryModelUnloadRequest, context: AnyContext
    ) -> pb.RepositoryModelUnloadResponse:
        """Serve a model no longer."""
        try:
            await self._descriptions.unload(request.model_name)
        except EdgeserveError as error:
            await context.abort(oip_status_of(error), str(error))
        return pb.RepositoryModelUnloadResponse()


def _check_parameters(parameters: Mapping[str, pb.ModelRepositoryParameter]) -> None:
    """Refuse a load that brings its own configuration or files: bundles lie on the server.

    Raises:
        RequestError: it does.
    """
    if parameters:
        text = f"load takes no parameters, not {', '.join(parameters)}: bundles lie on the server"
        raise RequestError(text)
