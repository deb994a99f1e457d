"""The targets by name, and their corpora."""

from __future__ import annotations

import base64
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.fuzz.target import Target

NAMES = (
    "image_header",
    "picture",
    "raw_pixels",
    "messages",
    "oip_grpc",
    "oip_rest",
    "manifest",
    "golden",
    "darknet",
    "heads",
)
TRACED = {"heads": ["tests.fuzz.reader"]}
"""What atheris follows, where it is not the server's own code: it holds on to numpy's arrays that
are compared, until none of the memory is left."""
_CORPUS = Path(__file__).parent / "corpus"


def load(name: str) -> Target:
    """A target; its parts of the server are imported now."""
    return cast("Target", import_module(f"tests.fuzz.targets.{name}").TARGET)


def kept(name: str) -> list[bytes]:
    """Inputs that reached something new: one a line, in base64."""
    path = _CORPUS / f"{name}.txt"
    lines = path.read_text(encoding="ascii").splitlines() if path.exists() else []
    return [base64.b64decode(line, validate=True) for line in lines]


def keep(name: str, inputs: Iterable[bytes]) -> None:
    """Write the inputs that `kept` reads."""
    _CORPUS.mkdir(exist_ok=True)
    lines = sorted({base64.b64encode(one).decode() for one in inputs}, key=lambda x: (len(x), x))
    (_CORPUS / f"{name}.txt").write_text("".join(f"{line}\n" for line in lines), encoding="ascii")
