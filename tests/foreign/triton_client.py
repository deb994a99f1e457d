"""Triton's client against a server of ours: run in an environment of its own.

Usage: triton_client.py GRPC_ADDRESS HTTP_ADDRESS PICTURE...

Prints, as JSON, what each way of asking found in the pictures.
"""

from __future__ import annotations

import asyncio
import json
import queue
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import tritonclient.grpc
import tritonclient.grpc.aio
import tritonclient.http
import tritonclient.http.aio
from tritonclient.utils import InferenceServerException

if TYPE_CHECKING:
    from collections.abc import Callable

MODEL = "road-csp-tiny"
SIDE_PX = 320
DECODED = ("boxes", "scores", "class_ids", "count")


def pictures_input(module: Any, pictures: list[bytes]) -> Any:  # noqa: ANN401 - of either transport
    tensor = module.InferInput("encoded_images", [len(pictures)], "BYTES")
    tensor.set_data_from_numpy(np.array(pictures, dtype=np.object_))
    return tensor


def found(result: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - of either transport
    """The detections of each frame, without the padding."""
    boxes, scores, class_ids, count = (result.as_numpy(name) for name in DECODED)
    return [
        {
            "boxes": boxes[index, :real].tolist(),
            "scores": scores[index, :real].tolist(),
            "class_ids": class_ids[index, :real].tolist(),
        }
        for index, real in enumerate(count)
    ]


def descriptions(client: Any, *, grpc: bool) -> None:  # noqa: ANN401 - of either transport
    more = {"as_json": True} if grpc else {}
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready(MODEL)
    assert client.is_model_ready(MODEL, "1")
    assert not client.is_model_ready("nope")
    assert client.get_server_metadata(**more)["name"] == "edgeserve"
    names = [one["name"] for one in client.get_model_metadata(MODEL, **more)["inputs"]]
    assert names == ["encoded_images", "images"]
    config = client.get_model_config(MODEL, **more)
    assert (config["config"] if grpc else config)["name"] == MODEL
    index = client.get_model_repository_index(**more)
    assert MODEL in [one["name"] for one in (index["models"] if grpc else index)]
    statistics = client.get_inference_statistics(MODEL, **more)["model_stats"]
    assert int(statistics[0]["inference_count"]) > 0


def errors(module: Any, client: Any, expected: dict[str, str]) -> None:  # noqa: ANN401
    good = [pictures_input(module, [b"x"])]
    wrong = module.InferInput("images", [1, 2, 2, 3], "UINT8")
    wrong.set_data_from_numpy(np.zeros((1, 2, 2, 3), np.uint8))
    calls: dict[str, Callable[[], object]] = {
        "unknown": lambda: client.infer("nope", good),
        "shape": lambda: client.infer(MODEL, [wrong]),
        "image": lambda: client.infer(MODEL, good),
    }
    assert {case: status_of(call) for case, call in calls.items()} == expected


def status_of(call: Callable[[], object]) -> str:
    """The status that a call is refused with."""
    try:
        call()
    except InferenceServerException as error:
        return str(error.status())
    return "none"


def raw_tensor(module: Any, client: Any) -> None:  # noqa: ANN401 - of either transport
    tensor = module.InferInput("images", [2, SIDE_PX, SIDE_PX, 3], "UINT8")
    tensor.set_data_from_numpy(np.full((2, SIDE_PX, SIDE_PX, 3), 114, np.uint8))
    wanted = [module.InferRequestedOutput("raw.class_logits"), module.InferRequestedOutput("count")]
    result = client.infer(MODEL, [tensor], outputs=wanted)
    logits = result.as_numpy("raw.class_logits")
    assert logits.shape == (2, 5, 2100)
    np.testing.assert_array_equal(logits[0], logits[1])
    assert result.as_numpy("count").tolist() == [0, 0]
    assert result.as_numpy("boxes") is None


def sync(module: Any, address: str, pictures: list[bytes], codes: dict[str, str]) -> Any:  # noqa: ANN401
    client = module.InferenceServerClient(address)
    try:
        inputs = [pictures_input(module, pictures)]
        result = found(client.infer(MODEL, inputs, request_id="7"))
        http = module is tritonclient.http
        packing = "request_compression_algorithm" if http else "compression_algorithm"
        packed = client.infer(MODEL, inputs, **{packing: "gzip"})
        assert found(packed) == result
        none = client.infer(MODEL, inputs, parameters={"score_threshold": 1.0})
        assert none.as_numpy("boxes").shape == (len(pictures), 0, 4)
        labels = client.infer(MODEL, inputs, outputs=[module.InferRequestedOutput("labels")])
        flat = {label.decode() for label in labels.as_numpy("labels").ravel()} - {""}
        assert flat <= {"person", "car", "motorbike", "bus", "truck"}
        if http:
            assert found(client.async_infer(MODEL, inputs).get_result()) == result
        raw_tensor(module, client)
        errors(module, client, codes)
        descriptions(client, grpc=not http)
    finally:
        client.close()
    return result


def http_json(address: str, pictures: list[bytes]) -> Any:  # noqa: ANN401 - of JSON
    """Outputs in JSON rather than behind it."""
    module = tritonclient.http
    client = module.InferenceServerClient(address)
    try:
        wanted = [module.InferRequestedOutput(name, binary_data=False) for name in DECODED]
        return found(client.infer(MODEL, [pictures_input(module, pictures)], outputs=wanted))
    finally:
        client.close()


def streaming(address: str, pictures: list[bytes]) -> Any:  # noqa: ANN401 - of JSON
    """Each picture is a request of one stream; a bad one among them ends nothing."""
    answers: queue.Queue[tuple[Any, Any]] = queue.Queue()
    module = tritonclient.grpc
    client = module.InferenceServerClient(address)
    try:
        client.start_stream(callback=lambda result, error: answers.put((result, error)))
        client.async_stream_infer(MODEL, [pictures_input(module, [b"x"])], request_id="bad")
        _, error = answers.get(timeout=60)
        assert error is not None
        for number, picture in enumerate(pictures):
            inputs = [pictures_input(module, [picture])]
            client.async_stream_infer(
                MODEL, inputs, request_id=str(number), enable_empty_final_response=True
            )
        results = []
        for number in range(len(pictures)):
            result, error = answers.get(timeout=60)
            assert error is None, error
            response = result.get_response()
            assert response.id == str(number)
            assert response.parameters["triton_final_response"].bool_param
            results += found(result)
        client.stop_stream()
    finally:
        client.close()
    return results


async def aio(module: Any, address: str, pictures: list[bytes]) -> Any:  # noqa: ANN401
    """All pictures at once, a request each."""
    client = module.InferenceServerClient(address)
    try:
        calls = (client.infer(MODEL, [pictures_input(module, [one])]) for one in pictures)
        results = await asyncio.gather(*calls)
    finally:
        await client.close()
    return [frame for result in results for frame in found(result)]


async def aio_streaming(address: str, pictures: list[bytes]) -> Any:  # noqa: ANN401 - of JSON
    module = tritonclient.grpc.aio

    async def requests() -> Any:  # noqa: ANN401 - an iterator of its own kind
        for picture in pictures:
            yield {"model_name": MODEL, "inputs": [pictures_input(module, [picture])]}

    client = module.InferenceServerClient(address)
    try:
        results = []
        async for result, error in client.stream_infer(requests()):
            assert error is None, error
            results += found(result)
    finally:
        await client.close()
    return results


def repository(module: Any, address: str, pictures: list[bytes]) -> None:  # noqa: ANN401
    """Unload the model and load it again."""
    client = module.InferenceServerClient(address)
    try:
        before = found(client.infer(MODEL, [pictures_input(module, pictures)]))
        client.unload_model(MODEL)
        assert not client.is_model_ready(MODEL)
        assert states(client)[MODEL] == "UNAVAILABLE"
        client.load_model(MODEL)
        assert client.is_model_ready(MODEL)
        assert states(client)[MODEL] == "READY"
        assert found(client.infer(MODEL, [pictures_input(module, pictures)])) == before
    finally:
        client.close()


def states(client: Any) -> dict[str, str]:  # noqa: ANN401 - of either transport
    """What the index says of each model."""
    index = client.get_model_repository_index()
    if isinstance(index, list):
        return {one["name"]: one["state"] for one in index}
    return {one.name: one.state for one in index.models}


def main() -> None:
    grpc_address, http_address, *paths = sys.argv[1:]
    pictures = [Path(path).read_bytes() for path in paths]
    grpc_codes = {
        "unknown": "StatusCode.NOT_FOUND",
        "shape": "StatusCode.INVALID_ARGUMENT",
        "image": "StatusCode.INVALID_ARGUMENT",
    }
    http_codes = {"unknown": "404", "shape": "400", "image": "400"}
    ways = {
        "grpc": sync(tritonclient.grpc, grpc_address, pictures, grpc_codes),
        "http": sync(tritonclient.http, http_address, pictures, http_codes),
        "http, JSON": http_json(http_address, pictures),
        "grpc stream": streaming(grpc_address, pictures),
        "grpc asyncio": asyncio.run(aio(tritonclient.grpc.aio, grpc_address, pictures)),
        "grpc asyncio stream": asyncio.run(aio_streaming(grpc_address, pictures)),
        "http asyncio": asyncio.run(aio(tritonclient.http.aio, http_address, pictures)),
    }
    repository(tritonclient.grpc, grpc_address, pictures)
    repository(tritonclient.http, http_address, pictures)
    sys.stdout.write(json.dumps(ways))


if __name__ == "__main__":
    main()
