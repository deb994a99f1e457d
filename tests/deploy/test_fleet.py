"""The simulation of a fleet keeps its own rules."""

from __future__ import annotations

import importlib.util
import random
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st

if TYPE_CHECKING:
    import pytest

_PATH = Path(__file__).parents[2] / "deploy" / "fleet" / "simulate.py"


def _load() -> Any:  # noqa: ANN401 - a script, no module of the package
    spec = importlib.util.spec_from_file_location("simulate", _PATH)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["simulate"] = module
    spec.loader.exec_module(module)
    return module


simulate = _load()
_fps = st.floats(0.5, 60)


@given(cameras=st.lists(_fps, max_size=60), boxes=st.integers(1, 8), load=st.floats(0.1, 1))
def test_no_camera_is_lost_or_doubled_and_no_box_overloaded(
    cameras: list[float], boxes: int, load: float
) -> None:
    fleet = [simulate.Box(100.0) for _ in range(boxes)]
    left = simulate.place(cameras, fleet, load)
    assert sorted(left + [fps for box in fleet for fps in box.cameras_fps]) == sorted(cameras)
    assert all(box.load <= load + 1e-9 for box in fleet)
    if left:
        lightest = min(box.load for box in fleet)
        assert lightest + max(left) / 100 > load


@given(boxes=st.integers(1, 500), seed=st.integers(0, 1000))
def test_a_good_model_reaches_every_box_and_a_bad_one_stops_in_the_first_wave(
    boxes: int, seed: int
) -> None:
    good = simulate.roll_out(boxes, 0.0, 0.1, random.Random(seed))
    assert (good.updated, good.refused, good.stopped) == (boxes, 0, False)
    bad = simulate.roll_out(boxes, 1.0, 0.1, random.Random(seed))
    assert (bad.updated, bad.stopped) == (0, True)
    assert bad.refused == max(1, round(0.01 * boxes))


def test_its_text_stands_in_the_guide(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["simulate.py"])
    simulate.main()
    guide = (_PATH.parent / "README.md").read_text(encoding="utf-8")
    for line in capsys.readouterr().out.splitlines():
        assert line in guide
