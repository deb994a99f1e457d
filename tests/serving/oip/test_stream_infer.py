"""ModelStreamInfer: one response a request, whatever the request."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import grpc
import pytest

from edgeserve.pipeline.options import PipelineOptions
from edgeserve.serving.options import ServingOptions
from edgeserve.telemetry.metrics import Metrics
from edgeserve.wire._generated import inference_pb2 as pb
from edgeserve.wire._generated.inference_pb2_grpc import GRPCInferenceServiceStub
from tests import fakes
from tests.serving.oip.requests import arrays, encoded
from tests.waiting import wait_until

if TYPE_CHECKING:
    from tests.serving.conftest import Start

    Call = grpc.aio.StreamStreamCall[pb.ModelInferRequest, pb.ModelStreamInferResponse]


def numbered(number: int, **wishes: float | str) -> pb.ModelInferRequest:
    message = encoded([fakes.jpeg()], ["count"], **wishes)
    message.id = str(number)
    return message


async def read(call: Call) -> pb.ModelStreamInferResponse:
    response = await asyncio.wait_for(call.read(), 60)
    assert isinstance(response, pb.ModelStreamInferResponse)
    return response


@pytest.mark.asyncio
async def test_requests_are_answered_in_order_and_bad_ones_end_nothing(start: Start) -> None:
    async with start() as running:
        call = GRPCInferenceServiceStub(running.channel).ModelStreamInfer()
        await call.write(numbered(0))
        bad = numbered(1)
        bad.model_name = "nope"
        await call.write(bad)
        assert {(await read(call)).infer_response.id for _ in range(2)} == {"0", "1"}
        broken = encoded([b"nonsense"])
        broken.id = "2"
        await call.write(broken)
        response = await read(call)
        assert response.infer_response.id == "2"
        assert response.error_message
        for number in range(3, 40):
            await call.write(numbered(number))
        await call.done_writing()
        responses = [await read(call) for _ in range(3, 40)]
        assert [one.infer_response.id for one in responses] == [str(n) for n in range(3, 40)]
        assert not any(one.error_message for one in responses)
        assert await call.read() == grpc.aio.EOF
        assert await call.code() is grpc.StatusCode.OK


@pytest.mark.asyncio
async def test_requests_of_different_kinds_share_a_stream(start: Start) -> None:
    async with start() as running:
        call = GRPCInferenceServiceStub(running.channel).ModelStreamInfer()
        counts = {}
        for number in range(40):
            await call.write(numbered(number, score_threshold=(number + 1) / 50))
        await call.done_writing()
        for _ in range(40):
            response = (await read(call)).infer_response
            counts[int(response.id)] = arrays(response)["count"].tolist()
        assert counts == {number: [1] for number in range(40)}


@pytest.mark.asyncio
async def test_policy_latest_replaces_the_request_that_waits(start: Start) -> None:
    gate = fakes.Gate()
    async with start(gate, workers=1) as running:
        call = GRPCInferenceServiceStub(running.channel).ModelStreamInfer()
        await call.write(numbered(0, policy="latest"))
        assert await asyncio.to_thread(gate.entered.acquire, timeout=60)
        for number in (1, 2, 3):
            await call.write(numbered(number, policy="latest"))
        two = encoded([fakes.jpeg()] * 2, policy="latest")
        two.id = "two"
        await call.write(two)
        # It is refused at once: what came before it has been read.
        assert "one frame" in (await read(call)).error_message
        gate.go.release(10)
        await call.done_writing()
        responses = [await read(call) for _ in range(4)]
        assert [one.infer_response.id for one in responses] == ["0", "1", "2", "3"]
        words = [one.error_message for one in responses]
        assert [bool(word) for word in words] == [False, True, True, False]
        assert "a newer request took its place" in words[1]


@pytest.mark.asyncio
async def test_drain_answers_what_was_read_and_ends_the_stream(start: Start) -> None:
    gate = fakes.Gate()
    async with start(gate, workers=1) as running:
        call = GRPCInferenceServiceStub(running.channel).ModelStreamInfer()
        await call.write(numbered(0))
        assert await asyncio.to_thread(gate.entered.acquire, timeout=60)
        draining = asyncio.create_task(running.server.drain())
        gate.go.release(10)
        response = await read(call)
        assert (response.infer_response.id, response.error_message) == ("0", "")
        assert await call.code() is grpc.StatusCode.UNAVAILABLE
        await draining


@pytest.mark.asyncio
async def test_what_waits_after_drain_timeout_is_answered_as_dropped(start: Start) -> None:
    gate, metrics = fakes.Gate(), Metrics()
    serving = ServingOptions(listen="127.0.0.1:0", drain_timeout=0)

    def counted(series: str) -> bool:
        return f"{series} 2.0" in metrics.render("")[0].decode()

    async with start(gate, workers=1, serving=serving, observer=metrics) as running:
        call = GRPCInferenceServiceStub(running.channel).ModelStreamInfer()
        await call.write(numbered(0))
        assert await asyncio.to_thread(gate.entered.acquire, timeout=60)
        await call.write(encoded([fakes.jpeg()] * 2))
        waiting = f"edgeserve_waiting_bytes {2.0 * len(fakes.jpeg())}"
        await asyncio.to_thread(wait_until, lambda: waiting in metrics.render("")[0].decode())
        draining = asyncio.create_task(running.server.drain())
        dropped = 'edgeserve_results_total{source="oip",status="dropped"}'
        await asyncio.to_thread(wait_until, lambda: counted(dropped))
        gate.go.release(10)
        assert (await read(call)).error_message == ""
        assert "shutting down" in (await read(call)).error_message
        await draining


@pytest.mark.asyncio
async def test_a_block_stream_reads_no_further_than_its_queue(start: Start) -> None:
    gate = fakes.Gate()
    pipeline = PipelineOptions(queue_size=2)
    async with start(gate, workers=1, pipeline=pipeline) as running:
        call = GRPCInferenceServiceStub(running.channel).ModelStreamInfer()
        for number in range(12):
            await call.write(numbered(number))
        await call.done_writing()
        gate.go.release(100)
        responses = [await read(call) for _ in range(12)]
        assert [one.infer_response.id for one in responses] == [str(n) for n in range(12)]
        assert not any(one.error_message for one in responses)


@pytest.mark.asyncio
async def test_a_client_that_goes_away_leaves_nothing_behind(start: Start) -> None:
    gate = fakes.Gate()
    async with start(gate, workers=1) as running:
        stub = GRPCInferenceServiceStub(running.channel)
        call = stub.ModelStreamInfer()
        await call.write(numbered(0))
        assert await asyncio.to_thread(gate.entered.acquire, timeout=60)
        call.cancel()
        gate.go.release(100)
        answer = await stub.ModelInfer(encoded([fakes.jpeg()]), timeout=60)
        assert arrays(answer)["count"].tolist() == [1]
        await running.server.drain()
