"""Whatever a client is refused is counted once, by why."""

from __future__ import annotations

from typing import TYPE_CHECKING

import grpc
import pytest

from edgeserve.access.options import AccessOptions
from edgeserve.access.refusals import Reason
from edgeserve.access.rights import Right
from edgeserve.access.token_file import create_token, revoke_token
from edgeserve.wire._generated import detection_pb2 as pb
from edgeserve.wire._generated.detection_pb2_grpc import DetectionServiceStub
from tests import fakes
from tests.serving.guarded import guarded

if TYPE_CHECKING:
    from pathlib import Path

    from edgeserve.wire._generated.detection_pb2_grpc import DetectionServiceAsyncStub
    from tests.serving.guarded import Guarded

RARELY = 1 / 3600
PICTURE = pb.Frame(image=pb.Image(data=fakes.jpeg()))


def counted(running: Guarded) -> dict[str, int]:
    counts = running.gate.refusals.counts()
    return {reason.value: count for reason, count in counts.items() if count}


@pytest.mark.asyncio
async def test_strangers_wrong_rights_and_withdrawn_access(tmp_path: Path) -> None:
    path = tmp_path / "tokens"
    token = create_token(path, "gate", frozenset({Right.INFER}))
    options = AccessOptions(tokens_file=str(path))
    async with guarded(options) as running, grpc.aio.insecure_channel(running.address) as channel:
        stub: DetectionServiceAsyncStub = DetectionServiceStub(channel)
        known = (("authorization", f"Bearer {token}"),)
        with pytest.raises(grpc.aio.AioRpcError):
            await stub.ListModels(pb.ListModelsRequest())
        assert counted(running) == {"unauthenticated": 1}
        with pytest.raises(grpc.aio.AioRpcError):
            await stub.ListCameras(pb.ListCamerasRequest(), metadata=known)
        assert counted(running) == {"unauthenticated": 1, "not_permitted": 1}
        call = stub.StreamDetect(metadata=known)
        await call.write(pb.StreamDetectRequest(config=pb.StreamConfig()))
        await call.write(pb.StreamDetectRequest(frame=PICTURE))
        await call.read()
        revoke_token(path, "gate")
        running.gate.reload()
        running.gate.reload()
        assert await call.code() is grpc.StatusCode.UNAUTHENTICATED
        assert counted(running) == {"unauthenticated": 1, "not_permitted": 1, "withdrawn": 1}


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "setting", ["client_max_fps", "client_max_bytes", "client_max_pixels", "client_max_calls"]
)
async def test_limits_of_a_client_are_counted_by_their_setting(setting: str) -> None:
    options = AccessOptions.model_validate({setting: RARELY})
    async with guarded(options) as running, grpc.aio.insecure_channel(running.address) as channel:
        stub: DetectionServiceAsyncStub = DetectionServiceStub(channel)
        await stub.Detect(pb.DetectRequest(frame=PICTURE))
        assert counted(running) == {}
        with pytest.raises(grpc.aio.AioRpcError, match=setting):
            await stub.Detect(pb.DetectRequest(frame=PICTURE))
        assert counted(running) == {setting: 1}


@pytest.mark.asyncio
async def test_the_server_s_places_and_its_end_are_counted() -> None:
    async with (
        guarded(AccessOptions(max_streams=1)) as running,
        grpc.aio.insecure_channel(running.address) as channel,
    ):
        stub: DetectionServiceAsyncStub = DetectionServiceStub(channel)
        call = stub.StreamDetect()
        await call.write(pb.StreamDetectRequest(config=pb.StreamConfig()))
        await call.write(pb.StreamDetectRequest(frame=PICTURE))
        await call.read()
        with pytest.raises(grpc.aio.AioRpcError, match="max_streams"):
            await stub.Detect(pb.DetectRequest(frame=PICTURE))
        assert counted(running) == {"max_streams": 1}
        await running.server.drain()
        assert await call.code() is grpc.StatusCode.UNAVAILABLE
        with pytest.raises(grpc.aio.AioRpcError):
            await stub.Detect(pb.DetectRequest(frame=PICTURE))
        assert counted(running) == {"max_streams": 1, "shutting_down": 1}


def test_every_limit_of_a_client_is_a_reason() -> None:
    settings = {name for name in AccessOptions.model_fields if name.startswith("client_max_")}
    assert settings <= {reason.value for reason in Reason}
