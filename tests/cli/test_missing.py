"""What `edgeserve devices` says beside its table."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from edgeserve.cli.missing import missing
from edgeserve.domain.status import DeviceStatus

if TYPE_CHECKING:
    from pathlib import Path

USABLE = DeviceStatus("openvino:CPU", "openvino", available=True)


def test_a_machine_with_all_lacks_nothing(tmp_path: Path) -> None:
    assert not list(missing([USABLE], tmp_path, lambda _: True))


def test_the_servers_absent_parts_are_named_with_the_command(tmp_path: Path) -> None:
    (told,) = missing([USABLE], tmp_path, lambda part: part != "aiohttp")
    assert "aiohttp not installed" in told
    assert "pip install 'edgeserve[server]'" in told


def test_a_machine_without_a_usable_device_is_told_so(tmp_path: Path) -> None:
    (told,) = missing([DeviceStatus("x:CPU", "x", missing="no")], tmp_path, lambda _: True)
    assert "no device here can run a model" in told


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_camera_that_this_user_may_not_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "video0").touch(mode=0)
    (told,) = missing([USABLE], tmp_path, lambda _: True)
    assert "video0" in told
    assert "usermod -aG video" in told
