"""Work in a process whose OpenVINO may use only older instructions of the CPU.

oneDNN reads its cap once, when it is loaded, so it takes a process of its own.
"""

from __future__ import annotations

import multiprocessing
import os
import platform
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from edgeserve.domain.errors import NotAvailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

WITHOUT_VNNI = "AVX2"
"""Sums of two int8 products saturate at 16 bits there."""
_VARIABLE = "ONEDNN_MAX_CPU_ISA"
_Result = TypeVar("_Result")


def can_be_capped(runtime: str) -> bool:
    """Whether the runtime heeds the cap, on this kind of CPU."""
    return runtime == "openvino" and platform.machine() in {"x86_64", "AMD64"}


def call_under(isa: str, function: Callable[..., _Result], *arguments: object) -> _Result:
    """Call a function of a module in a fresh process under a cap.

    Args:
        isa: as oneDNN names it, as in "AVX2".
        function: importable by name; arguments and result can be pickled.
        arguments: of the function.

    Raises:
        NotAvailableError: the process was killed, as when the memory is full.
    """
    context = multiprocessing.get_context("spawn")
    others = multiprocessing.active_children()
    with _variable(isa), ProcessPoolExecutor(1, mp_context=context) as pool:
        try:
            return pool.submit(function, *arguments).result()
        except BrokenProcessPool as error:
            text = f"the process that computes under {isa} was killed; is there memory enough?"
            raise NotAvailableError(text) from error
        except BaseException:
            # Ctrl-C must not wait for the work, which the end of the pool would.
            for process in multiprocessing.active_children():
                if process not in others:
                    process.terminate()
            raise


@contextmanager
def _variable(value: str) -> Iterator[None]:
    before = os.environ.get(_VARIABLE)
    os.environ[_VARIABLE] = value
    try:
        yield
    finally:
        if before is None:
            del os.environ[_VARIABLE]
        else:
            os.environ[_VARIABLE] = before
