"""KServe's client against a server of ours: run in an environment of its own.

Usage: kserve_client.py GRPC_ADDRESS HTTP_ADDRESS PICTURE...

Prints, as JSON, what each way of asking found in the pictures.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from kserve import InferenceGRPCClient, InferenceRESTClient, InferInput, InferRequest
from kserve.inference_client import RESTConfig
from kserve.protocol.infer_type import RequestedOutput

MODEL = "road-csp-tiny"
DECODED = ("boxes", "scores", "class_ids", "count")


def request_of(pictures: list[bytes], *, binary: bool) -> InferRequest:
    tensor = InferInput("encoded_images", [len(pictures)], "BYTES")
    tensor.set_data_from_numpy(np.array(pictures, dtype=np.object_), binary_data=True)
    outputs = [RequestedOutput(name, {"binary_data": binary}) for name in DECODED]
    return InferRequest(MODEL, [tensor], request_id="7", request_outputs=outputs)


def found(response: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - its client has no types
    assert response.model_name == MODEL
    values = {output.name: output.as_numpy() for output in response.outputs}
    return [
        {
            "boxes": values["boxes"][index, :real].tolist(),
            "scores": values["scores"][index, :real].tolist(),
            "class_ids": values["class_ids"][index, :real].tolist(),
        }
        for index, real in enumerate(values["count"].tolist())
    ]


async def over_grpc(address: str, pictures: list[bytes]) -> Any:  # noqa: ANN401 - of JSON
    async with InferenceGRPCClient(address) as client:
        assert await client.is_server_live()
        assert await client.is_server_ready()
        assert await client.is_model_ready(MODEL)
        return found(await client.infer(request_of(pictures, binary=True)))


async def over_rest(address: str, pictures: list[bytes], *, binary: bool) -> Any:  # noqa: ANN401
    client = InferenceRESTClient(RESTConfig(protocol="v2"))
    try:
        assert await client.is_server_live(f"http://{address}")
        assert await client.is_server_ready(f"http://{address}")
        assert await client.is_model_ready(f"http://{address}", MODEL)
        request = request_of(pictures, binary=binary)
        return found(await client.infer(f"http://{address}", request, model_name=MODEL))
    finally:
        await client.close()


def main() -> None:
    grpc_address, http_address, *paths = sys.argv[1:]
    pictures = [Path(path).read_bytes() for path in paths]
    ways = {
        "grpc": asyncio.run(over_grpc(grpc_address, pictures)),
        "rest, binary": asyncio.run(over_rest(http_address, pictures, binary=True)),
        "rest, JSON": asyncio.run(over_rest(http_address, pictures, binary=False)),
    }
    sys.stdout.write(json.dumps(ways))


if __name__ == "__main__":
    main()
