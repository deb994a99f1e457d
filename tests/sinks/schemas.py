"""The published schemas, as the package carries them."""

from __future__ import annotations

import json
from importlib import resources
from typing import Any

from jsonschema import Draft202012Validator


def validator(name: str) -> Draft202012Validator:
    folder = resources.files("edgeserve.sinks") / "schema"
    schema: dict[str, Any] = json.loads((folder / f"{name}.schema.json").read_text("utf-8"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


DETECTIONS, EVENT = validator("detections"), validator("event")
