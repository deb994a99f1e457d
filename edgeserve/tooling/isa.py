"""Work in a process whose OpenVINO may use only older instructions of the CPU.

oneDNN reads its cap once, when it is loaded, so it takes a process of its own.
"""

from __future__ import annotations

import multiprocessing
import os
import platform
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from edgeserve.domain.errors import NotAvailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from multiprocessing.connection import Connection

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
        function: importable by name; arguments, result and errors can be pickled.
        arguments: of the function.

    Raises:
        NotAvailableError: the process was killed, as when the memory is full.
        Exception: what the function raised.
    """
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_answer, args=(theirs, function, arguments))
    with _variable(isa):
        process.start()
    theirs.close()
    try:
        result, error = ours.recv()
    except EOFError:
        text = f"the process that computes under {isa} was killed; is there memory enough?"
        raise NotAvailableError(text) from None
    finally:
        # Ctrl-C must not wait for the work.
        process.terminate()
        process.join()
        ours.close()
    if error is not None:
        raise error
    answer: _Result = result
    return answer


def _answer(
    connection: Connection, function: Callable[..., object], arguments: tuple[Any, ...]
) -> None:
    try:
        connection.send((function(*arguments), None))
    except Exception as error:  # noqa: BLE001 - it is the caller's
        connection.send((None, error))


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
