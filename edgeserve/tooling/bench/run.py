"""Interleaved rounds of server and limit."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass
from statistics import median
from typing import TYPE_CHECKING, Any

from edgeserve.client import DetectionClient
from edgeserve.engines.cpus import available_cpus
from edgeserve.tooling.bench.children import Child
from edgeserve.tooling.bench.load import pictures
from edgeserve.tooling.bench.process import cpu_seconds, machine, pss_mb
from edgeserve.tooling.server_process import ServerProcess

if TYPE_CHECKING:
    from collections.abc import Callable

_PACKAGE = "edgeserve.tooling.bench"


@dataclass(frozen=True, slots=True)
class Plan:
    """What to measure.

    Attributes:
        model: of the repository.
        models_dir: the user's bundles.
        provider: as `edgeserve serve --provider`.
        source: of the pictures.
        streams: closed-loop streams at once.
        frames_in_flight: of each stream.
        rounds: measurements of each side, in turn.
        seconds: of one measurement.
    """

    model: str
    models_dir: str
    provider: str
    source: str
    streams: int
    frames_in_flight: int
    rounds: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Round:
    """One measurement of the server, and one of the limit beside it."""

    fps: float
    limit_fps: float
    share_net: float
    share_gross: float
    p50_ms: float
    p99_ms: float
    drops: int
    server_cpu_ms_per_frame: float
    limit_cpu_ms_per_frame: float
    generator_cpu_ms_per_frame: float
    pss_mb: float


def run(plan: Plan, progress: Callable[[str], None]) -> dict[str, Any]:
    """Measure; the medians and the rounds, by the names of the benchmark's JSON.

    Args:
        plan: what to measure.
        progress: told in words how far it is.

    Raises:
        NotAvailableError: a part of the benchmark did not start.
    """
    request = json.dumps({**asdict(plan), "in_flight": plan.streams * plan.frames_in_flight})
    progress("starting the server")
    picture = pictures(plan.source)[0]
    started = time.monotonic()
    with ServerProcess(
        *("--listen", "127.0.0.1:0", "--http-listen", "127.0.0.1:0"),
        *("--model", plan.model, "--models-dir", plan.models_dir),
        *("--provider", plan.provider),
    ) as server:
        with DetectionClient(server.address) as client:
            client.detect(picture)
        # The others start later: they would take the machine from the server's start.
        cold_s = time.monotonic() - started
        with (
            Child(f"{_PACKAGE}.limit", request) as limit,
            Child(f"{_PACKAGE}.generator", request) as generator,
        ):
            progress("sweeping threads and hints of the loop without a server")
            best = json.loads(limit.read())
            generator.ask(server.address)  # the first round warms up
            rounds = []
            for number in range(plan.rounds):
                progress(f"{plan.streams} streams, round {number + 1} of {plan.rounds}")
                rounds.append(_measure(server, limit, generator))
    return {
        "machine": machine(),
        "model": plan.model,
        "provider": plan.provider,
        "streams": plan.streams,
        "limit": best,
        **{name: median(values) for name, values in _columns(rounds).items()},
        "cold_s": cold_s,
        "rounds": _columns(rounds),
    }


def _measure(server: ServerProcess, limit: Child, generator: Child) -> Round:
    bare = limit.ask()
    before = cpu_seconds(server.pid)
    load = generator.ask(server.address)
    server_cpu_ms = 1000 * (cpu_seconds(server.pid) - before) / load["frames"]
    share = load["fps"] / bare["fps"]
    # The generator shares the machine: what it takes, no server could have used.
    taken = load["fps"] * load["cpu_ms_per_frame"] / (1000 * available_cpus())
    return Round(
        fps=load["fps"],
        limit_fps=bare["fps"],
        share_net=share / (1 - taken),
        share_gross=share,
        p50_ms=load["p50_ms"],
        p99_ms=load["p99_ms"],
        drops=load["drops"],
        server_cpu_ms_per_frame=server_cpu_ms,
        limit_cpu_ms_per_frame=bare["cpu_ms_per_frame"],
        generator_cpu_ms_per_frame=load["cpu_ms_per_frame"],
        pss_mb=pss_mb(server.pid),
    )


def _columns(rounds: list[Round]) -> dict[str, list[float]]:
    rows = [asdict(one) for one in rounds]
    return {name: [row[name] for row in rows] for name in rows[0]}
