"""The job on KServe's Python server (Apache-2.0): `python kserve_peer.py GRPC HTTP`."""

from __future__ import annotations

import sys
import uuid
from typing import TYPE_CHECKING, Any

from kserve import InferOutput, InferRequest, InferResponse, Model, ModelServer

from tests.benchmarks.peers.job import BOXES, CLASS_IDS, MODEL, SCORES, Job

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Peer(Model):  # type: ignore[misc] # lives in an environment of its own
    """A model that takes one encoded picture."""

    def __init__(self) -> None:
        """Load the bundle."""
        super().__init__(MODEL)
        self._job = Job()
        self.ready = True

    async def predict(
        self, payload: InferRequest, headers: dict[str, str] | None = None
    ) -> InferResponse:
        """Detect in the picture."""
        del headers
        (picture,) = payload.inputs[0].data
        boxes, scores, class_ids = await self._job.detect(picture)
        outputs = [
            _output(BOXES, boxes, "FP32"),
            _output(SCORES, scores, "FP32"),
            _output(CLASS_IDS, class_ids, "INT64"),
        ]
        return InferResponse(response_id=str(uuid.uuid4()), model_name=MODEL, infer_outputs=outputs)


def _output(name: str, values: NDArray[Any], datatype: str) -> InferOutput:
    output = InferOutput(name, list(values.shape), datatype)
    output.set_data_from_numpy(values)
    return output


if __name__ == "__main__":
    grpc_port, http_port = sys.argv[1:]
    server = ModelServer(
        http_port=int(http_port),
        grpc_port=int(grpc_port),
        enable_grpc=True,
        enable_latency_logging=False,
    )
    server.start([Peer()])
