"""One request, read and understood."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgeserve.domain.errors import ModelNotReadyError
from edgeserve.oip.answer import answer, wanted_outputs, wants_raw
from edgeserve.oip.charging import charge
from edgeserve.oip.frames import frames_of
from edgeserve.oip.tensors import ModelTensors
from edgeserve.oip.wishes import stream_options

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edgeserve.access.limits import Limits
    from edgeserve.domain.frame import EncodedFrame
    from edgeserve.domain.request import StreamOptions
    from edgeserve.domain.result import FrameResult
    from edgeserve.pipeline.served import ServedModels
    from edgeserve.wire.oip.inference import InferRequest, InferResponse


@dataclass(frozen=True, slots=True)
class Call:
    """A request that can be run.

    Attributes:
        request: as it came.
        model: name and version of the one that it means now.
        frames: of it, one or more.
        options: what it asks of them.
        wanted: names of the outputs to answer with.
    """

    request: InferRequest
    model: tuple[str, str]
    frames: Sequence[EncodedFrame]
    options: StreamOptions
    wanted: tuple[str, ...]

    @classmethod
    def of(cls, request: InferRequest, models: ServedModels, limits: Limits) -> Call:
        """Understand a request that came just now.

        Raises:
            EdgeserveError: it makes no sense, its model cannot serve, or its client may not send
                so much.
        """
        model = models.find(request.model_name, request.model_version)
        status = model.status_now()
        if model.detector is None:
            text = f"model {status.name} is not ready: {status.reason}"
            raise ModelNotReadyError(text)
        tensors = ModelTensors.of(model.detector)
        wanted = wanted_outputs(request, tensors)
        options = stream_options(request, raw_outputs=wants_raw(wanted))
        most = models.options.max_queue_size
        frames = frames_of(request, tensors, limits, most, time.monotonic_ns())
        charge(frames)
        return cls(request, (status.name, status.version), frames, options, wanted)

    def answer(self, results: Sequence[FrameResult]) -> InferResponse:
        """The response, from the results of all frames in their order.

        Raises:
            EdgeserveError: a frame has none.
        """
        return answer(self.request, self.wanted, results)
