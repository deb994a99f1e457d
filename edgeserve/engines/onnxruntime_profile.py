"""What ONNX Runtime executed, from the profile of one inference.

A session's providers say what is registered, not what runs: the optimiser joins and replaces
nodes, and those that a provider does not take go to the CPU. Its profile lists each node that ran,
with its kernel, the types of its inputs, and the provider that ran it.
"""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_INTEGER_CONVOLUTIONS = {"QLinearConv", "ConvInteger", "QGemm", "QLinearMatMul", "MatMulInteger"}
_FLOAT_CONVOLUTIONS = {"Conv", "FusedConv", "NhwcConv", "NhwcFusedConv", "Gemm", "MatMul"}
_TYPES = {"float": "fp32", "float16": "fp16", "bfloat16": "bf16", "uint8": "int8", "int8": "int8"}
_INPUTS = {"tensor(uint8)": "uint8", "tensor(float)": "float32", "tensor(float16)": "float16"}


@dataclass(frozen=True, slots=True)
class Profile:
    """Where and how the nodes of a model ran.

    Attributes:
        precision: of most convolutions; "unknown" where there are none to see.
        nodes: count by execution provider.
    """

    precision: str
    nodes: Counter[str]


@contextmanager
def profiled(settings: Any) -> Iterator[None]:  # noqa: ANN401 - untyped library
    """Let a session that is created inside, from these settings, write a profile."""
    with ExitStack() as stack:
        with suppress(OSError):  # no room for a profile: then nothing is known of what runs
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="edgeserve-"))
            settings.enable_profiling = True
            settings.profile_file_prefix = str(Path(folder, "profile"))
        yield


def profile(session: Any) -> Profile:  # noqa: ANN401 - untyped library
    """Run a session once on zeros and end its profiling.

    Where the input has open dimensions nothing is run, and nothing is known.

    Raises:
        Exception: whatever ONNX Runtime raises.
    """
    ports = session.get_inputs()
    try:
        if all(isinstance(size, int) for port in ports for size in port.shape):
            types = {port.name: _INPUTS.get(port.type, "float32") for port in ports}
            session.run(None, {p.name: np.zeros(p.shape, dtype=types[p.name]) for p in ports})
    finally:
        path = Path(session.end_profiling())
    return read(path)


def read(path: Path) -> Profile:
    """Read a profile; an unreadable one knows nothing."""
    try:
        return _counted(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, LookupError):
        return Profile("unknown", Counter())


def _counted(events: Sequence[dict[str, Any]]) -> Profile:
    convolutions: Counter[str] = Counter()
    nodes: Counter[str] = Counter()
    for event in events:
        if event.get("cat") != "Node" or not event["name"].endswith("_kernel_time"):
            continue
        node = event["args"]
        nodes[node["provider"]] += 1
        if node["op_name"] in _INTEGER_CONVOLUTIONS:
            convolutions["int8"] += 1
        elif node["op_name"] in _FLOAT_CONVOLUTIONS:
            (kind,) = node["input_type_shape"][0]
            convolutions[_TYPES.get(kind, kind)] += 1
    most = convolutions.most_common(1)
    return Profile(most[0][0] if most else "unknown", nodes)
