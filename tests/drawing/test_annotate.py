"""Boxes and labels on pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeserve.domain.detections import Detections
from edgeserve.drawing.annotate import annotate
from edgeserve.drawing.palette import class_color, text_color

if TYPE_CHECKING:
    from numpy.typing import NDArray


def _detections(*boxes_xyxy: tuple[float, ...], class_id: int = 0) -> Detections:
    count = len(boxes_xyxy)
    return Detections(
        boxes_xyxy=np.array(boxes_xyxy, np.float32).reshape(-1, 4),
        scores=np.full(count, 0.87, np.float32),
        class_ids=np.full(count, class_id, np.int64),
    )


def _grey(height_px: int = 480, width_px: int = 640) -> NDArray[np.uint8]:
    return np.full((height_px, width_px, 3), 90, np.uint8)


def test_changes_lie_at_the_box_and_its_label_only() -> None:
    picture = _grey()
    result = annotate(picture, _detections((200, 150, 400, 350)), ["person"])
    assert result.shape == picture.shape
    assert result.dtype == np.uint8
    assert (picture == 90).all(), "the picture given stays as it is"
    changed = (result != 90).any(axis=2)
    assert changed[150, 200:401].all()
    assert changed[350, 200:401].all()
    assert changed[150:351, 200].all()
    assert changed[150:351, 400].all()
    assert not changed[156:345, 206:395].any(), "the inside stays clear"
    rows, columns = np.nonzero(changed)
    assert rows.min() >= 115
    assert rows.max() <= 353
    assert columns.min() >= 197
    assert columns.max() <= 403
    assert changed[120:147, 200:280].mean() > 0.5, "a label plate above the box"


def test_box_has_the_color_of_its_class() -> None:
    result = annotate(_grey(), _detections((200, 150, 400, 350), class_id=3), ["bus"])
    assert tuple(result[350, 300]) == class_color(3)


def test_nothing_found_gives_an_equal_copy() -> None:
    picture = _grey()
    result = annotate(picture, Detections.empty(), [])
    assert result is not picture
    assert (result == picture).all()
    assert not np.shares_memory(result, picture)


@pytest.mark.parametrize(
    "box_xyxy",
    [(0, 0, 100, 100), (600, 440, 640, 480), (630, 0, 640, 30), (-50, -50, 700, 500)],
)
def test_label_stays_inside_the_picture(
    box_xyxy: tuple[float, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[tuple[int, int, int, int]] = []

    def spy(
        _picture: NDArray[np.uint8],
        title: str,
        origin: tuple[int, int],
        font: int,
        scale: float,
        _color: tuple[int, int, int],
        stroke: int,
        _line: int,
    ) -> None:
        (width, height), below = cv2.getTextSize(title, font, scale, stroke)
        written.append((origin[0], origin[1] - height, origin[0] + width, origin[1] + below))

    monkeypatch.setattr(cv2, "putText", spy)
    annotate(_grey(), _detections(box_xyxy), ["motorbike"])
    ((left, top, right, bottom),) = written
    assert min(left, top) >= 0
    assert right <= 640
    assert bottom <= 480


def test_a_track_is_written_before_the_label(monkeypatch: pytest.MonkeyPatch) -> None:
    titles: list[str] = []
    monkeypatch.setattr(cv2, "putText", lambda _picture, title, *_: titles.append(title))
    boxes = _detections((0, 0, 50, 50), (100, 100, 150, 150))
    annotate(_grey(), boxes, ["car", "bus"], [None, 12])
    assert titles == ["#12 bus 0.87", "car 0.87"]


def test_lines_grow_with_the_picture() -> None:
    def line_px(scale: int) -> int:
        box = tuple(scale * side for side in (60, 40, 100, 70))
        result = annotate(_grey(120 * scale, 160 * scale), _detections(box), ["car"])
        column = result[:, 95 * scale, :]
        return int((column == class_color(0)).all(axis=1)[60 * scale :].sum())

    assert line_px(1) < line_px(4) < line_px(10)


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 90),
    st.integers(1, 90),
    st.lists(st.tuples(*[st.floats(-200, 200, width=32)] * 4), max_size=4),
    st.text(max_size=30),
)
def test_any_size_box_and_label_can_be_drawn(
    height_px: int, width_px: int, boxes: list[tuple[float, ...]], label: str
) -> None:
    picture = _grey(height_px, width_px)
    result = annotate(picture, _detections(*boxes), [label.replace("\0", "")] * len(boxes))
    assert result.shape == picture.shape


def test_wrong_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match=r"expected \(H, W, 3\) uint8"):
        annotate(np.zeros((4, 4), np.uint8), Detections.empty(), [])
    with pytest.raises(ValueError, match="0 labels for 1 detections"):
        annotate(_grey(), _detections((0, 0, 5, 5)), [])
    with pytest.raises(ValueError, match="2 tracks for 1 detections"):
        annotate(_grey(), _detections((0, 0, 5, 5)), ["car"], [1, 2])


def test_colors_of_80_classes_are_distinct_and_those_of_neighbours_clearly_so() -> None:
    colors = np.array([class_color(class_id) for class_id in range(80)], int)
    assert len({tuple(color) for color in colors.tolist()}) == 80
    first = colors[:6]
    distances = np.linalg.norm(first[:, None] - first[None], axis=2)
    assert distances[~np.eye(6, dtype=bool)].min() > 60


def test_text_is_dark_on_light_and_light_on_dark() -> None:
    assert text_color((255, 255, 255)) == (0, 0, 0)
    assert text_color((120, 0, 0)) == (255, 255, 255)
