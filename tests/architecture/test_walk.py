"""The walk of one frame: the rooms in the order in which it enters them."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING

import grpc
import pytest

from edgeserve.access.limits import Limits
from edgeserve.serving.options import ServingOptions
from edgeserve.serving.server import GrpcServer
from edgeserve.wire._generated import detection_pb2 as pb
from edgeserve.wire._generated.detection_pb2_grpc import DetectionServiceStub
from tests import fakes
from tests.serving.conftest import read

if TYPE_CHECKING:
    from types import FrameType

WALK = [
    "serving.session",
    "wire.codec.frame",
    "access.limits",
    "pipeline.admission",
    "pipeline.lane",
    "pipeline.detector",
    "preprocess.decode",
    "preprocess.letterbox",
    "engines.fake",
    "postprocess.heads.dfl",
    "postprocess.finalize",
    "pipeline.outcome",
    "wire.codec.result",
]


class Recorder:
    """Notes each module of the walk when a call first enters it, from the frame's arrival on."""

    def __init__(self) -> None:
        self.entered: list[str] = []

    def __call__(self, frame: FrameType, event: str, _argument: object) -> None:
        module = frame.f_globals.get("__name__", "")
        place = module.removeprefix("edgeserve.")
        if event != "call" or place not in WALK or place in self.entered:
            return
        if self.entered or frame.f_code.co_name == "_accept":
            self.entered.append(place)


@pytest.mark.asyncio
async def test_a_frame_enters_the_rooms_in_order() -> None:
    recorder = Recorder()
    # Threads take the hook over when they start: the lane's workers are born under it.
    threading.setprofile(recorder)
    models = fakes.served_models(workers=1)
    threading.setprofile(None)
    server = GrpcServer(models, list, Limits(), ServingOptions(listen="127.0.0.1:0"))
    address = await server.start()
    async with grpc.aio.insecure_channel(address) as channel:
        call = DetectionServiceStub(channel).StreamDetect()
        await call.write(pb.StreamDetectRequest(config=pb.StreamConfig()))
        frame = pb.Frame(frame_id=7, image=pb.Image(data=fakes.jpeg()))
        # The first frame opens the stream and builds the worker; the second only walks.
        await call.write(pb.StreamDetectRequest(frame=frame))
        await call.read()
        recorder.entered.clear()
        sys.setprofile(recorder)
        await call.write(pb.StreamDetectRequest(frame=frame))
        result = await read(call)
        sys.setprofile(None)
        await call.done_writing()
    await server.stop()
    models.close()
    assert result.frame_id == 7
    assert result.detections[0].label == "car"
    assert recorder.entered == WALK
