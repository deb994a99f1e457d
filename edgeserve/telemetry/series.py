"""Series of a Prometheus family."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prometheus_client.metrics import MetricWrapperBase


def remove_series(family: MetricWrapperBase, *labels: str) -> None:
    """Show a series no more, if it was shown."""
    with suppress(KeyError):
        family.remove(*labels)
