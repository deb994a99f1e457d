"""Clients that we did not write find what our own finds, whichever way they ask."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest
from google.protobuf import descriptor_pb2

from edgeserve.client import DetectionClient
from edgeserve.wire._generated import inference_pb2

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.foreign.conftest import Foreign
    from tests.system.conftest import Start

pytestmark = [pytest.mark.foreign, pytest.mark.timeout(1200)]

TRITON = ("tritonclient[grpc,http]>=2.60",)
KSERVE = ("kserve>=0.15",)
MLSERVER = ("mlserver>=1.6",)


@pytest.fixture
def pictures(tmp_path: Path, data_dir: Path) -> list[Path]:
    """A street with several cars, a picture with a person, and one with nothing."""
    paths = [tmp_path / f"{name}.jpg" for name in ("street", "person", "nothing")]
    capture = cv2.VideoCapture(str(data_dir / "media" / "street-1080p.mp4"))
    street = capture.read()[1]
    capture.release()
    paths[0].write_bytes(cv2.imencode(".jpg", street)[1].tobytes())
    paths[1].write_bytes((data_dir / "media" / "person.jpg").read_bytes())
    grey = np.full((480, 640, 3), 114, dtype=np.uint8)
    paths[2].write_bytes(cv2.imencode(".jpg", grey)[1].tobytes())
    return paths


def own(address: str, pictures: Sequence[Path]) -> list[dict[str, Any]]:
    """What our own client finds."""
    with DetectionClient(address) as client:
        found = [client.detect(path.read_bytes()).detections for path in pictures]
    return [
        {
            "boxes": one.boxes_xyxy.tolist(),
            "scores": one.scores.tolist(),
            "class_ids": one.class_ids.tolist(),
        }
        for one in found
    ]


@pytest.mark.parametrize(
    ("script", "needs", "ways"),
    [
        ("triton_client.py", TRITON, 7),
        ("kserve_client.py", KSERVE, 3),
        ("mlserver_client.py", MLSERVER, 2),
    ],
)
def test_a_foreign_client_finds_what_ours_finds(
    script: str,
    needs: tuple[str, ...],
    ways: int,
    serve: Start,
    foreign: Foreign,
    pictures: list[Path],
) -> None:
    server = serve()
    paths = [str(path) for path in pictures]
    found = json.loads(foreign(script, server.address, server.http, *paths, needs=needs))
    expected = own(server.address, pictures)
    assert sum(len(one["scores"]) for one in expected) > 1
    assert len(found) == ways
    for way, frames in found.items():
        assert len(frames) == len(expected), way
        for got, wanted in zip(frames, expected, strict=True):
            assert got["class_ids"] == wanted["class_ids"], way
            for key in ("boxes", "scores"):
                np.testing.assert_allclose(got[key], wanted[key], rtol=1e-5, err_msg=way)


def test_the_example_prints_what_it_finds(
    serve: Start, foreign: Foreign, pictures: list[Path]
) -> None:
    server = serve()
    example = "../../deploy/examples/triton_client.py"
    paths = [str(path) for path in pictures]
    printed = foreign(example, *paths, "--address", server.address, needs=TRITON).decode()
    scores = [one["scores"] for one in own(server.address, pictures)]
    assert len(printed.splitlines()) == sum(map(len, scores))
    assert "person.jpg: person " in printed
    assert "nothing.jpg" not in printed


def test_kserves_manifests_are_what_its_sdk_knows(foreign: Foreign) -> None:
    folder = Path(__file__).parents[2] / "deploy" / "kubernetes" / "kserve"
    paths = sorted(str(path) for path in folder.glob("*.yaml"))
    checked = foreign("kserve_manifests.py", *paths, needs=KSERVE).decode().split()
    assert checked == ["InferenceService", "ServingRuntime"]


def test_our_messages_are_tritons_by_name_number_and_type(foreign: Foreign) -> None:
    theirs = descriptor_pb2.FileDescriptorSet.FromString(
        foreign("triton_descriptors.py", needs=TRITON)
    )
    known: dict[str, Any] = {}
    for file in theirs.file:
        assert file.package == inference_pb2.DESCRIPTOR.package
        known |= _facts(file)
    ours = descriptor_pb2.FileDescriptorProto()
    inference_pb2.DESCRIPTOR.CopyToProto(ours)
    facts = _facts(ours)
    assert len(facts) > 150
    assert {name: known.get(name) for name in facts} == facts


def _facts(file: descriptor_pb2.FileDescriptorProto) -> dict[str, Any]:
    """What the wire depends on, by full name: fields, values of enums, and methods."""
    found: dict[str, Any] = {}

    def enum(prefix: str, kind: descriptor_pb2.EnumDescriptorProto) -> None:
        found.update({f"{prefix}{kind.name}.{one.name}": one.number for one in kind.value})

    def message(prefix: str, kind: descriptor_pb2.DescriptorProto) -> None:
        name = f"{prefix}{kind.name}."
        for field in kind.field:
            oneof = kind.oneof_decl[field.oneof_index].name if field.HasField("oneof_index") else ""
            found[name + field.name] = (
                field.number, field.type, field.type_name, field.label, oneof,
            )  # fmt: skip
        for nested in kind.nested_type:
            message(name, nested)
        for inner in kind.enum_type:
            enum(name, inner)

    for top in file.message_type:
        message("", top)
    for numbers in file.enum_type:
        enum("", numbers)
    for service in file.service:
        for method in service.method:
            found[f"{service.name}/{method.name}"] = (
                method.input_type,
                method.output_type,
                method.client_streaming,
                method.server_streaming,
            )
    return found
