"""The files of an archive on a Ray cluster, a task each.

Ray's core and not Ray Data: a row there is data that flows in blocks from step to step, and here
it is a name, whose work takes minutes and ends in a file. Data would bring pandas and Arrow for a
list of names, and run a block of files again where one was lost.
"""

from __future__ import annotations

import importlib
import os
import socket
from itertools import islice
from typing import TYPE_CHECKING, Any

from edgeserve.app.archive.file_detector import detect_in_file
from edgeserve.app.archive.task import Ending, Order, Outcome
from edgeserve.domain.errors import EdgeserveError, NotAvailableError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from edgeserve.app.archive.task import Task

_LOCAL = "local"
_CONNECT_S = 10
_RETRIES = 3
"""Of a file whose worker died. One that kills each worker must not keep a cluster busy for ever."""


def run_on_ray(
    address: str, workers: int, order: Order, tasks: Sequence[Task]
) -> Iterator[Outcome]:
    """Have a cluster work; outcomes come as files are done.

    A worker takes one core. A file whose worker dies, or its node, is run again elsewhere.

    Args:
        address: HOST:PORT of the head of a cluster that this machine is a node of, "auto" for the
            one that it finds, or "local" for one that lives as long as this.
        workers: files in work at once; 0 takes every core that the cluster has at the time.
        order: the same paths and the same version of edgeserve are on every node.
        tasks: files without a result.

    Raises:
        ImportError: Ray is not installed.
        NotAvailableError: there is no cluster at the address, or it broke off.
        EdgeserveError: a worker cannot have the model.
    """
    _look_for(address)
    # Ray would tell its makers that it was used.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    ray = importlib.import_module("ray")
    own = {"include_dashboard": False} if address == _LOCAL else {}
    try:
        ray.init(address, log_to_driver=False, logging_level="ERROR", **own)
    except (ConnectionError, RuntimeError, ValueError) as error:
        text = f"no Ray cluster answers at {address!r}: {' '.join(str(error).split())}"
        raise NotAvailableError(text) from error
    try:
        yield from _run(ray, workers, _on_one_core(order), tasks)
    except ray.exceptions.RaySystemError as error:
        text = f"the Ray cluster broke off: {error}; what is done is done, and the rest is not lost"
        raise NotAvailableError(text) from error
    finally:
        ray.shutdown()


def _look_for(address: str) -> None:
    """Say at once that nobody listens there: Ray itself tries for minutes."""
    host, _, port = address.rpartition(":")
    if not (host and port.isdigit()):
        return  # "local" and "auto" are Ray's business
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=_CONNECT_S).close()
    except (OSError, OverflowError) as error:
        text = f"no Ray cluster answers at {address!r}: {error}"
        raise NotAvailableError(text) from error


def _run(
    ray: Any,  # noqa: ANN401 - a module without types
    workers: int,
    order: Order,
    tasks: Sequence[Task],
) -> Iterator[Outcome]:
    remote = ray.remote(num_cpus=1, max_retries=_RETRIES)(detect_in_file)
    waiting = iter(tasks)
    running: dict[Any, Task] = {}
    while True:
        # Twice the cores: a core that is done finds its next file, and a node that joins, too.
        most = workers or 2 * max(1, int(ray.cluster_resources().get("CPU", 1)))
        for task in islice(waiting, max(0, most - len(running))):
            running[remote.remote(order, task)] = task
        if not running:
            return
        for done in ray.wait(list(running))[0]:
            yield _outcome(ray, done, running.pop(done))


def _outcome(ray: Any, done: Any, task: Task) -> Outcome:  # noqa: ANN401 - as above
    errors = ray.exceptions
    try:
        outcome: Outcome = ray.get(done)
    except errors.RayTaskError as error:
        if isinstance(error.cause, EdgeserveError):
            raise error.cause from error
        raise
    except errors.RaySystemError:
        raise
    except errors.RayError as error:
        text = f"its worker died, {_RETRIES + 1} times: {' '.join(str(error).split())}"
        return Outcome(task, Ending.FAILED, message=text)
    return outcome


def _on_one_core(order: Order) -> Order:
    """The engine as one of several on a machine."""
    settings = order.settings
    engines = settings.engines.model_copy(update={"threads": 1, "hint": "latency"})
    return Order(order.options, settings.model_copy(update={"engines": engines}))
