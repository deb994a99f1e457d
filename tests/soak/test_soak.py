"""The soak itself, as short as one can be."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.soak.__main__ import main
from tests.soak.plan import TENTHS

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.long
@pytest.mark.timeout(600)
def test_a_minute_leaves_a_report_and_a_plot_and_says_what_it_cannot_say(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("matplotlib", reason="the plot needs edgeserve[quantize]")
    code = main(["--minutes", "1", "--out", str(tmp_path)])
    told = capsys.readouterr().out
    assert code == 0, told
    report = json.loads((tmp_path / "report.json").read_text())
    open_ = [verdict["name"] for verdict in report["verdicts"] if verdict["good"] is None]
    assert [name.split()[0] for name in open_] == ["PSS", "p99"]
    assert report["faults_left_out"]
    assert len(report["faults_by_tenth"]) == TENTHS
    assert (tmp_path / "soak.svg").read_text().lstrip().startswith("<?xml")
