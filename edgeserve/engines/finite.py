"""Whether what an engine answers is made of numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from edgeserve.domain.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray


def check_finite(outputs: Mapping[str, NDArray[np.float32]], device: str) -> None:
    """Refuse outputs with NaN or infinity: their boxes would be nonsense, or silently none.

    Args:
        outputs: of one inference, by name.
        device: RUNTIME:DEVICE, for the message.

    Raises:
        EngineError: an output has one.
    """
    for name, values in outputs.items():
        if not np.isfinite(values).all():
            text = (
                f"{device} returned NaN or infinity in output {name}; "
                "`edgeserve models check` tries the model's files on each runtime"
            )
            raise EngineError(text)
