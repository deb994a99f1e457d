"""OpenVINO aborts on ARM chips that do not tell what they are."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from edgeserve.engines.openvino_trial import _TRIAL, abort_reason

if TYPE_CHECKING:
    from pathlib import Path

ABORTS = "import os; os.abort()"


def test_a_runtime_that_would_end_the_process_is_found_out_by_another_one(tmp_path: Path) -> None:
    told = abort_reason(tmp_path / "midr_el1", ABORTS, "aarch64")
    assert "SIGABRT" in told
    assert str(tmp_path / "midr_el1") in told


def test_what_is_tried_is_to_run_a_network() -> None:
    pytest.importorskip("openvino")
    subprocess.run([sys.executable, "-c", _TRIAL], check=True)
    assert not abort_reason(machine="aarch64")


def test_an_identity_without_content_counts_as_none(tmp_path: Path) -> None:
    identity = tmp_path / "midr_el1"
    identity.touch()
    assert "SIGABRT" in abort_reason(identity, ABORTS, "aarch64")


def test_a_runtime_that_loads_or_raises_is_left_to_speak_for_itself(tmp_path: Path) -> None:
    for trial in ("", "raise SystemExit('no driver')"):
        assert not abort_reason(tmp_path / "midr_el1", trial, "aarch64")


def test_nothing_is_tried_where_the_chip_is_known_or_is_no_arm(tmp_path: Path) -> None:
    identity = tmp_path / "midr_el1"
    assert not abort_reason(identity, ABORTS, "x86_64")
    identity.write_text("0x00000000410fd871\n")
    assert not abort_reason(identity, ABORTS, "aarch64")
