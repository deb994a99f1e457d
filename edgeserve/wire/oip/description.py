"""What a server says of itself and of its models.

The fields have the protocol's names: a description is written as it is, to protobuf and to JSON.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ServerMetadata:
    """The server and what it understands beyond the protocol's core."""

    name: str
    version: str
    extensions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TensorMetadata:
    """An input or output; -1 where a size is open."""

    name: str
    datatype: str
    shape: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ModelMetadata:
    """A model's inputs and outputs."""

    name: str
    versions: tuple[str, ...]
    platform: str
    inputs: tuple[TensorMetadata, ...]
    outputs: tuple[TensorMetadata, ...]


@dataclass(frozen=True, slots=True)
class InputConfig:
    """An input in a model's configuration."""

    name: str
    data_type: str
    format: str
    dims: tuple[int, ...]
    optional: bool


@dataclass(frozen=True, slots=True)
class OutputConfig:
    """An output in a model's configuration."""

    name: str
    data_type: str
    dims: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ParameterConfig:
    """The value of a parameter in a model's configuration."""

    string_value: str


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """A model's configuration, in the words of Triton's.

    Attributes:
        max_batch_size: 0: shapes hold the first axis, which is open.
        parameters: what there is no field for: thresholds, labels, device.
    """

    name: str
    platform: str
    backend: str
    max_batch_size: int
    input: tuple[InputConfig, ...]
    output: tuple[OutputConfig, ...]
    parameters: dict[str, ParameterConfig] = field(default_factory=dict)


@dataclass(slots=True)
class Duration:
    """How often, and how long all in all."""

    count: int = 0
    ns: int = 0

    def add(self, ns: int, count: int = 1) -> None:
        """Count so many more."""
        self.count += count
        self.ns += ns


@dataclass(slots=True)
class InferStatistics:
    """Where the time of requests went."""

    success: Duration = field(default_factory=Duration)
    fail: Duration = field(default_factory=Duration)
    queue: Duration = field(default_factory=Duration)
    compute_input: Duration = field(default_factory=Duration)
    compute_infer: Duration = field(default_factory=Duration)
    compute_output: Duration = field(default_factory=Duration)


@dataclass(slots=True)
class ModelStatistics:
    """What this protocol's clients had a model do.

    Attributes:
        last_inference: milliseconds since the epoch; 0: none yet.
        inference_count: frames.
        execution_count: inferences.
    """

    name: str
    version: str
    last_inference: int = 0
    inference_count: int = 0
    execution_count: int = 0
    inference_stats: InferStatistics = field(default_factory=InferStatistics)


@dataclass(frozen=True, slots=True)
class ModelIndex:
    """A model of the repository."""

    name: str
    version: str
    state: str
    reason: str
