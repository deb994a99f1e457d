from __future__ import annotations

import json
import os
from dataclasses import replace
from typing import TYPE_CHECKING

from edgeserve.checks.fingerprint import cpu_facts, fingerprint
from edgeserve.checks.passed import PassedChecks
from edgeserve.domain.status import DeviceStatus, EngineStatus

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

STATUS = EngineStatus(runtime="a", chosen="a:CPU", precision="int8")
DEVICE = DeviceStatus("a:CPU", "a", runtime_version="1", description="a chip")


def test_what_passed_is_known_by_the_next_process(tmp_path: Path) -> None:
    cache = tmp_path / "not" / "there" / "yet"
    assert "a" not in PassedChecks(cache)
    PassedChecks(cache).add("a", {"model": "m"})
    assert "a" in PassedChecks(cache)
    assert "b" not in PassedChecks(cache)
    (file,) = (cache / "checks").iterdir()
    assert json.loads(file.read_text()) == {"model": "m"}


def test_the_oldest_make_way(tmp_path: Path) -> None:
    passed = PassedChecks(tmp_path)
    for number in range(64):
        passed.add(f"{number}", {})
        os.utime(tmp_path / "checks" / f"{number}.json", (number, number))
    passed.add("new", {})
    assert "0" not in passed
    assert {"1", "63", "new"} <= {path.stem for path in (tmp_path / "checks").iterdir()}


def test_a_disk_that_refuses_is_a_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").write_text("")
    passed = PassedChecks(tmp_path / "file")
    passed.add("a", {})
    assert "a" not in passed
    assert "the next start checks again" in caplog.text


def test_a_full_disk_leaves_nothing_half_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.replace", full)
    passed = PassedChecks(tmp_path)
    passed.add("a", {})
    assert "No space left on device" in caplog.text
    assert list((tmp_path / "checks").iterdir()) == []


def test_another_file_runtime_device_chip_or_cap_is_another_check(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("ONEDNN_MAX_CPU_ISA", raising=False)
    one = fingerprint("manifest", "int8", STATUS, DEVICE)
    assert one == fingerprint("manifest", "int8", STATUS, DEVICE)
    others = [
        fingerprint("another manifest", "int8", STATUS, DEVICE),
        fingerprint("manifest", "fp32", STATUS, DEVICE),
        fingerprint("manifest", "int8", replace(STATUS, chosen="a:GPU"), DEVICE),
        fingerprint("manifest", "int8", STATUS, replace(DEVICE, runtime_version="2")),
        fingerprint("manifest", "int8", STATUS, replace(DEVICE, description="another")),
        fingerprint("manifest", "int8", STATUS, None),
    ]
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", "AVX2")
    others.append(fingerprint("manifest", "int8", STATUS, DEVICE))
    assert len({one, *others}) == len(others) + 1


def test_the_first_core_is_described_without_what_changes(tmp_path: Path) -> None:
    path = tmp_path / "cpuinfo"
    path.write_text(
        "processor\t: 0\nmodel name\t: A chip\ncpu MHz\t\t: 1000.1\nflags\t\t: sse avx2\n\n"
        "processor\t: 1\nmodel name\t: Another\n"
    )
    _, *facts = cpu_facts(path)
    assert facts == ["model name\t: A chip", "flags\t\t: sse avx2"]
    assert len(cpu_facts(tmp_path / "absent")) == 1
