"""Files for readers that want a path, without a disk."""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def memory_file(data: bytes) -> Iterator[Path]:
    """A file that holds these bytes."""
    number = os.memfd_create("fuzz")
    try:
        os.write(number, data)
        yield Path(f"/proc/self/fd/{number}")
    finally:
        os.close(number)
