"""What a model really puts out: its outputs on a photograph, by whichever runtime is here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgeserve.cameras.open import open_source
from edgeserve.domain.errors import (
    ConfigurationError,
    EngineError,
    NotAvailableError,
    RuntimeMissingError,
)
from edgeserve.domain.model import ModelFile
from edgeserve.engines.options import EngineOptions
from edgeserve.engines.registry import runtimes
from edgeserve.geometry.letterbox import Letterbox
from edgeserve.preprocess.decode import decode
from edgeserve.preprocess.tensor import TensorWriter

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from edgeserve.domain.model import InputSpec

DEVICE = "CPU"
"""The one that every machine has."""
MAX_PIXELS = 1 << 26


def probe(
    path: Path,
    readers: Sequence[str],
    picture: InputSpec,
) -> Mapping[str, NDArray[np.generic]]:
    """Run a model file on a photograph.

    Args:
        path: of the file.
        readers: names of the runtimes that read its format.
        picture: how the photograph becomes its input.

    Returns:
        Outputs by name, in the order of the file.

    Raises:
        ConfigurationError: every runtime that is here refuses the file.
        NotAvailableError: none of them is here.
    """
    tensor = _photograph(picture)
    refusals, absent = [], []
    for name in readers:
        try:
            file = ModelFile(path, (name,), "fp32")
            request = runtimes()[name].load(file, DEVICE, EngineOptions()).create_request()
            return {key: value.copy() for key, value in request.infer(tensor).items()}
        except RuntimeMissingError as error:  # noqa: PERF203 - each may fail in its own way
            absent.append(str(error))
        except EngineError as error:
            refusals.append(str(error))
    if not refusals:
        raise NotAvailableError("; ".join(absent))
    text = f"no runtime runs {path.name}: {'; '.join(refusals)}"
    raise ConfigurationError(text)


def _photograph(picture: InputSpec) -> NDArray[np.generic]:
    with open_source("sample", limit=1) as source:
        pixels = decode(next(iter(source)), picture.color_order, MAX_PIXELS).pixels
    height, width = pixels.shape[:2]
    placement = Letterbox.plan(width, height, picture.width_px, picture.height_px, picture.fit)
    return TensorWriter(picture).write(pixels, placement)
