"""The job on MLServer (Seldon's, Apache-2.0): a custom runtime."""

from __future__ import annotations

from mlserver import MLModel
from mlserver.codecs import NumpyCodec
from mlserver.types import InferenceRequest, InferenceResponse

from tests.benchmarks.peers.job import BOXES, CLASS_IDS, SCORES, Job


class Peer(MLModel):  # type: ignore[misc] # lives in an environment of its own
    """A model that takes one encoded picture."""

    async def load(self) -> bool:
        """Load the bundle."""
        self._job = Job()
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        """Detect in the picture."""
        (picture,) = payload.inputs[0].data
        boxes, scores, class_ids = await self._job.detect(picture)
        return InferenceResponse(
            model_name=self.name,
            outputs=[
                NumpyCodec.encode_output(BOXES, boxes),
                NumpyCodec.encode_output(SCORES, scores),
                NumpyCodec.encode_output(CLASS_IDS, class_ids),
            ],
        )
