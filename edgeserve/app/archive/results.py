"""The folder of results: of one order, and of one run at a time."""

from __future__ import annotations

import fcntl
import json
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any

from edgeserve.app.archive.result_file import sweep
from edgeserve.domain.errors import ConfigurationError, NotAvailableError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from edgeserve.app.archive.task import Order

_ORDER = "order.json"


@contextmanager
def claimed(folder: Path, order: Order) -> Iterator[None]:
    """Have a folder for one run, and clear away what was left half done.

    Raises:
        ConfigurationError: it holds the results of another order: they would mix.
        NotAvailableError: another run writes there, or the disk refuses.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / _ORDER).open("a+", encoding="utf-8")
    except OSError as error:
        text = f"the folder of results {folder} cannot be used: {error.strerror}"
        raise NotAvailableError(text) from error
    with lock:
        _claim(lock, folder, order)
        sweep(folder)
        yield
        # Of workers that were killed meanwhile.
        sweep(folder)


def _claim(lock: IO[str], folder: Path, order: Order) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        text = f"another run writes into {folder}; wait for its end, or give another folder"
        raise NotAvailableError(text) from error
    lock.seek(0)
    earlier, wanted = lock.read().strip(), json.dumps(_facts(order))
    if not earlier:
        lock.write(wanted + "\n")
        lock.flush()
    elif earlier != wanted:
        text = (
            f"{folder} holds the results of another order, {earlier}, and this one is {wanted}; "
            "give another folder"
        )
        raise ConfigurationError(text)


def _facts(order: Order) -> dict[str, Any]:
    """What the user chose that results depend on."""
    wanted = order.options
    return {
        "model": wanted.model,
        "version": wanted.version,
        "score": wanted.score_threshold,
        "iou": wanted.iou_threshold,
        "max_detections": wanted.max_detections,
        "labels": list(wanted.labels),
    }
