"""Zones and lines on pictures."""

from __future__ import annotations

import numpy as np

from edgeserve.domain.camera import Line, Zone
from edgeserve.drawing.places import draw_places

CORNERS = ((0.25, 0.25), (0.75, 0.25), (0.75, 0.75), (0.25, 0.75))


def test_a_zone_is_its_outline_and_its_name() -> None:
    picture = np.full((401, 601, 3), 90, np.uint8)
    changed = (draw_places(picture, [Zone("door", CORNERS)], []) != 90).any(axis=2)
    assert (picture == 90).all(), "the picture given stays as it is"
    assert changed[100, 150:451].all()
    assert changed[100:301, 450].all()
    assert not changed[110:290, 160:440].any(), "the inside stays clear"
    assert changed[80:98, 152:180].mean() > 0.5, "its name above the first corner"


def test_a_line_is_an_arrow_to_its_end() -> None:
    picture = np.full((401, 601, 3), 90, np.uint8)
    changed = (draw_places(picture, [], [Line("", (0.1, 0.5), (0.9, 0.5))]) != 90).any(axis=2)
    assert changed[200, 60:541].all()
    columns = np.nonzero(changed[192])[0]
    assert columns.min() > 500, "the head is at the end"
