"""A bad line between client and server: nothing is lost, nothing doubled."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from tests.faults.observed import Observation
from tests.faults.proxy import Proxy
from tests.faults.traffic import Traffic
from tests.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.faults.conftest import Start
    from tests.faults.server import Server

pytestmark = [pytest.mark.long, pytest.mark.timeout(300)]
HOLE_S = 3.0


@pytest.fixture
def server(start: Start) -> Server:
    return start()


@pytest.fixture
def line(server: Server) -> Iterator[Proxy]:
    with Proxy(server.address) as made:
        yield made


def run(
    fault: str, server: Server, line: Proxy, happen: Callable[[Traffic, Observation], None]
) -> None:
    """A stream over the line, to which something happens; all of it comes through."""
    with Traffic(line.address) as traffic:
        traffic.wait_for()
        with Observation(fault, server) as seen:
            happen(traffic, seen)
            traffic.wait_for(10)
            traffic.end()
            assert traffic.faults() == []
            seen.saw_answers(traffic.answers)
            silence_s = traffic.silence_s(seen.began_s)
            seen.saw(f"nothing lost or doubled; longest silence {silence_s:.1f} s")


def test_latency_and_jitter(server: Server, line: Proxy) -> None:
    def happen(traffic: Traffic, seen: Observation) -> None:
        line.weather(latency_s=0.1, jitter_s=0.1)
        traffic.wait_for(20)
        line.weather()
        seen.recovered("results come as late as the line is; nothing to recover")

    run("latency of 100 ms and jitter of 100 ms, each way", server, line, happen)


def test_little_bandwidth(server: Server, line: Proxy) -> None:
    def happen(traffic: Traffic, seen: Observation) -> None:
        line.weather(bytes_per_s=150_000)
        traffic.wait_for(10)
        line.weather()
        fair_s = time.monotonic()
        traffic.wait_for(1)
        seen.recovered("results", traffic.first_after(fair_s))

    run("bandwidth of a quarter of what the stream needs", server, line, happen)


def test_a_black_hole_for_a_moment(server: Server, line: Proxy) -> None:
    def happen(traffic: Traffic, seen: Observation) -> None:
        line.swallow()
        time.sleep(HOLE_S)
        line.restore()
        over_s = time.monotonic()
        traffic.wait_for(1)
        seen.recovered("results", traffic.first_after(over_s))

    run(f"black hole for {HOLE_S:.0f} s", server, line, happen)


def test_a_black_hole_until_both_sides_give_up(server: Server, line: Proxy) -> None:
    def happen(traffic: Traffic, seen: Observation) -> None:
        line.swallow()
        hole_s = time.monotonic()
        wait_until(lambda: server.metric("edgeserve_streams") == 0, "the server", patience_s=150)
        seen.recovered("the server freed the stream's place", time.monotonic() - hole_s)
        line.restore()
        over_s = time.monotonic()
        traffic.wait_for(1)
        seen.recovered("results, from the end of the hole on,", traffic.first_after(over_s))

    run("black hole until keepalive notices", server, line, happen)


def test_a_reset(server: Server, line: Proxy) -> None:
    def happen(traffic: Traffic, seen: Observation) -> None:
        line.reset()
        reset_s = time.monotonic()
        traffic.wait_for(1)
        seen.recovered("results", traffic.first_after(reset_s))

    run("connection reset", server, line, happen)


def test_half_open_the_client_is_gone(server: Server, line: Proxy) -> None:
    def happen(traffic: Traffic, seen: Observation) -> None:
        line.vanish_client()
        gone_s = time.monotonic()
        traffic.wait_for(1)
        seen.recovered("results, on a new connection,", traffic.first_after(gone_s))
        wait_until(lambda: server.metric("edgeserve_streams") == 1, "the server", patience_s=150)
        seen.recovered("the server freed the old stream's place", time.monotonic() - gone_s)

    run("half-open: the client's side is gone, the server is not told", server, line, happen)


def test_half_open_the_server_is_gone(server: Server, line: Proxy) -> None:
    def happen(traffic: Traffic, seen: Observation) -> None:
        line.vanish_server()
        gone_s = time.monotonic()
        traffic.wait_for(1)
        seen.recovered("results, on a new connection,", traffic.first_after(gone_s))

    run("half-open: the server's side is gone, the client is not told", server, line, happen)
