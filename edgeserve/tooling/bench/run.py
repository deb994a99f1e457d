"""Interleaved rounds of server and limit."""

from __future__ import annotations

import json
import shlex
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from statistics import median
from typing import TYPE_CHECKING, Any

from edgeserve.process.cpus import available_cpus
from edgeserve.tooling.bench.children import Child
from edgeserve.tooling.bench.load import pictures
from edgeserve.tooling.bench.process import machine
from edgeserve.tooling.bench.target import Target, running, started

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_PACKAGE = "edgeserve.tooling.bench"
_COMPARED = ("fps", "p50_ms", "p99_ms")
"""Of a second server."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to measure.

    Attributes:
        scenario: see `scenarios`.
        model: of the repository.
        models_dir: the user's bundles.
        provider: as `edgeserve serve --provider`.
        address: of a server that runs already; empty starts one.
        against: flags of a second server, measured in turn with the first; empty for none.
        source: of the pictures.
        streams: at once.
        frames_in_flight: of each closed-loop stream.
        fps: of each open-loop camera; 0 derives it from `load`.
        load: all open-loop cameras together, as a share of the limit.
        rounds: measurements of each side, in turn.
        seconds: of one measurement.
    """

    scenario: str
    model: str
    models_dir: str
    provider: str
    address: str
    against: str
    source: str
    streams: int
    frames_in_flight: int
    fps: float
    load: float
    rounds: int
    seconds: float

    @property
    def in_flight(self) -> int:
        """Frames that may be under way at once: the loop gets as many threads at most."""
        if self.scenario == "closed":
            return self.streams * self.frames_in_flight
        return 1 if self.scenario == "single-stream" else 64


def run(plan: Plan, progress: Callable[[str], None]) -> dict[str, Any]:
    """Measure; the medians and the rounds, by the names of the benchmark's JSON.

    What cannot be known of a server that runs already is null.

    Args:
        plan: what to measure.
        progress: told in words how far it is.

    Raises:
        NotAvailableError: a part of the benchmark did not start.
        TransportError: nobody answers at the address.
    """
    request = json.dumps({**asdict(plan), "in_flight": plan.in_flight})
    picture = pictures(plan.source)[0]
    flags = ("--model", plan.model, "--models-dir", plan.models_dir, "--provider", plan.provider)
    with ExitStack() as stack:
        progress("waiting for the server's first detection")
        server = stack.enter_context(
            running(plan.address, picture) if plan.address else started(flags, picture)
        )
        other = None
        if plan.against:
            progress(f"waiting for the first detection of the server with {plan.against}")
            other = stack.enter_context(started((*flags, *shlex.split(plan.against)), picture))
        # The others start later: they would take the machine from the server's start.
        limit = stack.enter_context(Child(f"{_PACKAGE}.limit", request))
        generator = stack.enter_context(Child(f"{_PACKAGE}.generator", request))
        progress("sweeping threads and hints of the loop without a server")
        best = json.loads(limit.read())
        fps = plan.fps or max(0.1, plan.load * best["fps"] / plan.streams)
        targets = [server] if other is None else [server, other]
        for target in targets:
            generator.ask(f"{target.address} {fps}")  # the first round warms up
        rounds = []
        for number in range(plan.rounds):
            progress(f"{plan.streams} streams, round {number + 1} of {plan.rounds}")
            bare = limit.ask()
            # Who comes behind the loop, and who last, takes turns, too.
            if number % 2:
                against = _against(other, generator, fps)
                figures = _measure(server, bare, generator, fps)
            else:
                figures = _measure(server, bare, generator, fps)
                against = _against(other, generator, fps)
            rounds.append(figures | against | _ratios(figures, against))
    return {
        "machine": machine(),
        "scenario": plan.scenario,
        "model": plan.model,
        "provider": plan.provider,
        "streams": plan.streams,
        "camera_fps": fps if plan.scenario == "open" else None,
        "against": plan.against or None,
        "limit": best,
        **{name: _median(values) for name, values in _columns(rounds).items()},
        "cold_s": server.cold_s,
        "rounds": _columns(rounds),
    }


def _measure(
    server: Target, bare: Mapping[str, Any], generator: Child, fps: float
) -> dict[str, Any]:
    """One measurement of the server, held against one of the limit."""
    before = server.cpu_seconds()
    load = generator.ask(f"{server.address} {fps}")
    after = server.cpu_seconds()
    share = load["fps"] / bare["fps"]
    # The generator shares the machine: what it takes, no server could have used.
    taken = load["fps"] * load["cpu_ms_per_frame"] / (1000 * available_cpus())
    known = before is not None and after is not None
    return {
        **{name: load[name] for name in load if name != "cpu_ms_per_frame"},
        "limit_fps": bare["fps"],
        "share_net": share / (1 - taken),
        "share_gross": share,
        "server_cpu_ms_per_frame": 1000 * (after - before) / load["frames"] if known else None,  # type: ignore[operator]  # known
        "limit_cpu_ms_per_frame": bare["cpu_ms_per_frame"],
        "generator_cpu_ms_per_frame": load["cpu_ms_per_frame"],
        "pss_mb": server.pss_mb(),
        "limit_pss_mb": bare["pss_mb"],
    }


def _against(other: Target | None, generator: Child, fps: float) -> dict[str, float | None]:
    """One measurement of the second server; null where there is none."""
    load = {} if other is None else generator.ask(f"{other.address} {fps}")
    return {f"against_{name}": load.get(name) for name in _COMPARED}


def _ratios(
    figures: Mapping[str, Any], against: Mapping[str, float | None]
) -> dict[str, float | None]:
    """The server's figures as multiples of the second one's in the same round."""
    return {
        f"{name}_ratio": figures[name] / other if figures[name] and other else None
        for name in _COMPARED
        for other in [against[f"against_{name}"]]
    }


def _median(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return median(known) if known else None


def _columns(rounds: list[dict[str, Any]]) -> dict[str, list[float | None]]:
    return {name: [one[name] for one in rounds] for name in rounds[0]}
