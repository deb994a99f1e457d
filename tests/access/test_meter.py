"""What one client may use, at its limits, under and over."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from edgeserve.access.meter import Meter, Meters
from edgeserve.access.options import AccessOptions
from edgeserve.domain.errors import LimitReachedError, RateLimitedError


class Clock:
    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def test_streams_and_calls_up_to_the_limit_and_again_when_one_ends() -> None:
    meter = Meter("token gate", AccessOptions(client_max_streams=2))
    with ExitStack() as first, ExitStack() as second:
        first.enter_context(meter.call())
        second.enter_context(meter.call())
        with (
            pytest.raises(LimitReachedError, match=r"token gate has 2 .*client_max_streams"),
            meter.call(),
        ):
            pass
        second.close()
        with meter.call():
            assert not meter.idle
    assert meter.idle


def test_calls_a_second() -> None:
    clock = Clock()
    meter = Meter("client 192.0.2.1", AccessOptions(client_max_calls=2), clock)
    for _ in range(2):
        with meter.call():
            pass
    with pytest.raises(LimitReachedError, match=r"2 calls a second .*client_max_calls"):
        meter.call().__enter__()
    clock.now_s += 0.5
    with meter.call():
        pass


@pytest.mark.parametrize(
    ("setting", "limit", "unit"),
    [
        ("client_max_fps", 4, "frames"),
        ("client_max_bytes", 400, "bytes"),
        ("client_max_pixels", 40, "pixels"),
    ],
)
def test_the_fifth_of_four_is_refused_by_name_of_the_setting(
    setting: str, limit: float, unit: str
) -> None:
    clock = Clock()
    meter = Meter("token gate", AccessOptions.model_validate({setting: limit}), clock)
    for _ in range(4):
        meter.charge(100, 10)
    with pytest.raises(RateLimitedError, match=rf"{limit} {unit} a second .*{setting}") as caught:
        meter.charge(100, 10)
    assert caught.value.wait_s == pytest.approx(0.25)
    clock.now_s += caught.value.wait_s
    meter.charge(100, 10)


def test_a_refused_frame_costs_nothing_of_the_other_limits() -> None:
    clock = Clock()
    meter = Meter("x", AccessOptions(client_max_fps=2, client_max_bytes=1000), clock)
    meter.charge(1000)
    for _ in range(10):
        with pytest.raises(RateLimitedError, match="client_max_bytes"):
            meter.charge(1000)
    clock.now_s += 1
    meter.charge(1000)


def test_ahead_of_its_rate_a_client_is_told_how_long_to_wait() -> None:
    clock = Clock()
    meter = Meter("x", AccessOptions(client_max_fps=10), clock)
    assert [meter.charge_ahead(1) for _ in range(10)] == [0.0] * 10
    began_s = clock.now_s
    for _ in range(100):
        clock.now_s += meter.charge_ahead(1)
    assert clock.now_s - began_s == pytest.approx(10)


def test_each_client_has_its_own_meter_and_many_clients_do_not_pile_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("edgeserve.access.meter._MOST_CLIENTS", 3)
    meters = Meters(AccessOptions(client_max_streams=1))
    busy = meters.of("busy")
    with busy.call():
        for number in range(20):
            meters.of(f"client {number}")
        assert meters.of("busy") is busy
    assert len(meters._meters) <= 4
