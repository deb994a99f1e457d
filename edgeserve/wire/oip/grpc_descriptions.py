"""What a server says of itself and of its models, as protobuf."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from edgeserve.wire._generated import inference_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Iterable

    from edgeserve.wire.oip.description import (
        ModelConfig,
        ModelIndex,
        ModelMetadata,
        ModelStatistics,
        ServerMetadata,
    )


def server_to_proto(server: ServerMetadata) -> pb.ServerMetadataResponse:
    """Write what the server is."""
    return pb.ServerMetadataResponse(**asdict(server))


def model_to_proto(model: ModelMetadata) -> pb.ModelMetadataResponse:
    """Write a model's inputs and outputs."""
    return pb.ModelMetadataResponse(**asdict(model))


def config_to_proto(config: ModelConfig) -> pb.ModelConfigResponse:
    """Write a model's configuration."""
    fields = asdict(config)
    parameters = fields.pop("parameters")
    return pb.ModelConfigResponse(
        config=pb.ModelConfig(
            **fields,
            parameters={key: pb.ModelParameter(**value) for key, value in parameters.items()},
        ),
    )


def statistics_to_proto(statistics: Iterable[ModelStatistics]) -> pb.ModelStatisticsResponse:
    """Write the counts of models."""
    models = [pb.ModelStatistics(**asdict(one)) for one in statistics]
    return pb.ModelStatisticsResponse(model_stats=models)


def index_to_proto(index: Iterable[ModelIndex]) -> pb.RepositoryIndexResponse:
    """Write the models of the repository."""
    entry = pb.RepositoryIndexResponse.ModelIndex
    return pb.RepositoryIndexResponse(models=[entry(**asdict(one)) for one in index])
