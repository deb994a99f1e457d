"""Temperatures, frequencies, throttling and GPUs, from trees of files as the kernel writes them."""

from __future__ import annotations

import sys
import types
from typing import TYPE_CHECKING

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from edgeserve.telemetry.machine.raspberry_pi import read_raspberry_pi
from edgeserve.telemetry.machine_metrics import MachineMetrics

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@pytest.fixture(autouse=True)
def _no_firmware(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also on a Raspberry Pi the tests see only their own files."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))


def scrape(sysfs: Path, files: Mapping[str, str]) -> dict[str, float]:
    """Name and labels, in the order of their names, of every series of such a machine."""
    for name, text in files.items():
        path = sysfs / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n")
    registry = CollectorRegistry()
    MachineMetrics(registry, sysfs)
    return {
        f"{sample.name.removeprefix('edgeserve_')} {' '.join(sample.labels.values())}": sample.value
        for family in text_string_to_metric_families(generate_latest(registry).decode())
        for sample in family.samples
    }


def test_a_machine_that_tells_nothing_has_no_series(tmp_path: Path) -> None:
    assert scrape(tmp_path / "empty", {}) == {}


def test_zones_with_a_sensor_have_a_temperature(tmp_path: Path) -> None:
    zone = "class/thermal/thermal_zone"
    found = scrape(
        tmp_path,
        {
            f"{zone}0/type": "x86_pkg_temp",
            f"{zone}0/temp": "47500",
            f"{zone}1/type": "acpitz",
            f"{zone}1/temp": "-274000",
            f"{zone}2/type": "no temperature",
            f"{zone}10/type": "x86_pkg_temp",
            f"{zone}10/temp": "-3000",
        },
    )
    assert found == {
        "temperature_celsius x86_pkg_temp thermal_zone0": 47.5,
        "temperature_celsius x86_pkg_temp thermal_zone10": -3.0,
    }


def test_frequencies_and_throttling_are_told_once_a_core_and_package(tmp_path: Path) -> None:
    cpu = "devices/system/cpu"
    files = {
        f"{cpu}/cpufreq/policy0/scaling_cur_freq": "1200000",
        f"{cpu}/cpufreq/policy0/cpuinfo_max_freq": "3400000",
        f"{cpu}/cpufreq/policy4/scaling_cur_freq": "<unknown>",
    }
    for number, core in enumerate("0011"):  # two threads a core
        folder = f"{cpu}/cpu{number}"
        files |= {
            f"{folder}/topology/physical_package_id": "0",
            f"{folder}/topology/core_id": core,
            f"{folder}/thermal_throttle/core_throttle_count": core,
            f"{folder}/thermal_throttle/package_throttle_count": "9",
        }
    assert scrape(tmp_path, files) == {
        "cpu_frequency_hertz 0": 1.2e9,
        "cpu_frequency_max_hertz 0": 3.4e9,
        "cpu_core_throttles_total 0 0": 0,
        "cpu_core_throttles_total 1 0": 1,
        "cpu_package_throttles_total 0": 9,
    }


def test_a_raspberry_pi_says_why_it_is_slow_and_why_it_was(tmp_path: Path) -> None:
    found = scrape(tmp_path, {"devices/platform/soc/soc:firmware/get_throttled": "50005"})
    assert {name for name, value in found.items() if value} == {
        f"{metric} raspberry-pi {reason}"
        for metric in ("throttled", "throttled_since_boot")
        for reason in ("under_voltage", "throttled")
    }
    assert len(found) == 8


def test_without_the_file_the_firmware_s_command_is_asked(tmp_path: Path) -> None:
    command = tmp_path / "bin" / "vcgencmd"
    command.parent.mkdir()
    command.write_text('#!/bin/sh\n[ "$1" = get_throttled ] && echo throttled=0x20002\n')
    command.chmod(0o755)
    on = [reading for reading in read_raspberry_pi(tmp_path) if reading.value]
    assert [(one.metric, one.labels[1]) for one in on] == [
        ("throttled", "frequency_capped"),
        ("throttled_since_boot", "frequency_capped"),
    ]
    command.write_text("#!/bin/sh\nexit 1\n")
    assert list(read_raspberry_pi(tmp_path)) == []


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        pytest.param(
            {"gt_act_freq_mhz": "350", "gt_RP0_freq_mhz": "1300", "gt/gt0/throttle_reason_pl1": "1"}
            | {"gt/gt0/throttle_reason_status": "1", "gt/gt0/throttle_reason_thermal": "0"},
            {
                "gpu_frequency_hertz card0": 350e6,
                "gpu_frequency_max_hertz card0": 1.3e9,
                "throttled card0 pl1": 1,
                "throttled card0 thermal": 0,
            },
            id="i915",
        ),
        pytest.param(
            {
                "device/tile0/gt0/freq0/act_freq": "1400",
                "device/tile0/gt0/freq0/rp0_freq": "2050",
            },
            {"gpu_frequency_hertz card0": 1.4e9, "gpu_frequency_max_hertz card0": 2.05e9},
            id="xe",
        ),
        pytest.param(
            {"device/gpu_busy_percent": "37"}, {"gpu_load_ratio card0": 0.37}, id="amdgpu"
        ),
    ],
)
def test_a_graphics_card_tells_what_its_driver_shows(
    files: Mapping[str, str], expected: Mapping[str, float], tmp_path: Path
) -> None:
    below = {f"class/drm/card0/{name}": text for name, text in files.items()}
    found = scrape(tmp_path, below | {"class/drm/card0-HDMI-A-1/gt_act_freq_mhz": "1"})
    assert found == pytest.approx(expected)


def test_a_jetson_tells_load_and_frequency_of_its_gpu_only(tmp_path: Path) -> None:
    gpu, memory = "class/devfreq/17000000.gpu", "class/devfreq/15340000.vic"
    found = scrape(
        tmp_path,
        {
            f"{gpu}/cur_freq": "306000000",
            f"{gpu}/max_freq": "918000000",
            f"{gpu}/device/load": "421",
            f"{memory}/cur_freq": "1",
        },
    )
    assert found == pytest.approx(
        {
            "gpu_frequency_hertz 17000000.gpu": 306e6,
            "gpu_frequency_max_hertz 17000000.gpu": 918e6,
            "gpu_load_ratio 17000000.gpu": 0.421,
        }
    )


def test_a_file_that_cannot_be_read_costs_its_own_series_only(tmp_path: Path) -> None:
    zone = tmp_path / "class/thermal/thermal_zone0"
    zone.mkdir(parents=True)
    (zone / "temp").symlink_to(zone / "temp")  # reading it fails, as of a sensor that is asleep
    cpu = "devices/system/cpu/cpufreq/policy0"
    assert scrape(tmp_path, {f"{cpu}/scaling_cur_freq": "800000"}) == {"cpu_frequency_hertz 0": 8e8}


class _NvmlError(Exception):
    pass


def _nvml(*, devices: int, driver: bool = True) -> types.ModuleType:
    """NVML's module as it is on a machine with a driver: no test machine has one."""

    def init() -> None:
        if not driver:
            raise _NvmlError

    def cannot(*_: object) -> None:
        raise _NvmlError

    module = types.ModuleType("pynvml")
    module.__dict__.update(
        NVMLError=_NvmlError,
        NVML_CLOCK_SM=1,
        NVML_TEMPERATURE_GPU=0,
        nvmlClocksThrottleReasonSwPowerCap=4,
        nvmlClocksThrottleReasonHwPowerBrakeSlowdown=128,
        nvmlClocksThrottleReasonSwThermalSlowdown=32,
        nvmlClocksThrottleReasonHwThermalSlowdown=64,
        nvmlInit=init,
        nvmlDeviceGetCount=lambda: devices,
        nvmlDeviceGetHandleByIndex=lambda index: index,
        nvmlDeviceGetUtilizationRates=lambda _: types.SimpleNamespace(gpu=55, memory=3),
        nvmlDeviceGetMemoryInfo=lambda _: types.SimpleNamespace(used=7, total=16, free=9),
        nvmlDeviceGetClockInfo=lambda _, kind: 1005 * kind,
        nvmlDeviceGetMaxClockInfo=cannot,
        nvmlDeviceGetTemperature=lambda _, kind: 61 + kind,
        nvmlDeviceGetCurrentClocksThrottleReasons=lambda _: 4 | 32,
    )
    return module


def test_nvml_tells_what_its_device_supports(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", _nvml(devices=1))
    assert scrape(tmp_path, {}) == pytest.approx(
        {
            "gpu_load_ratio nvidia0": 0.55,
            "gpu_memory_used_bytes nvidia0": 7,
            "gpu_memory_bytes nvidia0": 16,
            "gpu_frequency_hertz nvidia0": 1.005e9,
            "temperature_celsius gpu nvidia0": 61,
            "throttled nvidia0 power_cap": 1,
            "throttled nvidia0 power_brake": 0,
            "throttled nvidia0 thermal_software": 1,
            "throttled nvidia0 thermal_hardware": 0,
        }
    )


def test_nvml_without_a_driver_tells_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", _nvml(devices=0, driver=False))
    assert scrape(tmp_path, {}) == {}
