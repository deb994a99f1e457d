"""The heads: layouts and order of their outputs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

torch = pytest.importorskip("torch")

from pydantic import TypeAdapter  # noqa: E402

from models.zoo.heads import AnyHead  # noqa: E402

if TYPE_CHECKING:
    from models.zoo.part import Head

ANCHORS = [[[10, 14], [23, 27]], [[81, 82], [135, 169]]]
GRID: dict[str, Any] = {
    "kind": "anchor-grid",
    "widths": [16, 32],
    "anchors": ANCHORS,
    "scale_xy": [1.05, 1],
}


def _settings(table: dict[str, Any]) -> Any:  # noqa: ANN401 - one of a union
    return TypeAdapter(AnyHead).validate_python(table)


def _build(table: dict[str, Any]) -> Head:
    torch.manual_seed(0)
    head: Head = _settings(table).build([8, 12], [16, 32], 3, "leaky")
    return head.eval()


MAPS = [torch.linspace(-1, 1, 8 * 24).reshape(1, 8, 4, 6), torch.ones(1, 12, 2, 3)]


def test_a_dfl_head_has_reg_max_bins_a_side() -> None:
    head = _build({"kind": "dfl", "width": 16, "reg_max": 8})
    assert tuple(head.output_names) == ("box_logits", "class_logits")
    assert [x.shape for x in head(MAPS)] == [(1, 32, 30), (1, 3, 30)]


def test_a_plain_head_has_distances_that_are_not_negative() -> None:
    head = _build({"kind": "distances", "width": 16})
    assert tuple(head.output_names) == ("distances", "class_logits")
    distances, class_logits = head(MAPS)
    assert distances.shape == (1, 4, 30)
    assert class_logits.shape == (1, 3, 30)
    assert not bool((distances < 0).any())


def test_anchors_of_a_decoupled_head_lie_level_after_level_row_by_row() -> None:
    head: Any = _build({"kind": "dfl", "width": 16, "reg_max": 8})
    boxes, classes = head(MAPS)
    torch.testing.assert_close(boxes[0, :, 7], head.box[0](MAPS[0])[0, :, 1, 1])
    torch.testing.assert_close(classes[0, :, 24 + 4], head.cls[1](MAPS[1])[0, :, 1, 1])


def test_an_anchor_grid_has_a_raw_map_for_each_stride() -> None:
    head = _build(GRID)
    assert tuple(head.output_names) == ("grid16", "grid32")
    assert [x.shape for x in head(MAPS)] == [(1, 2 * 8, 4, 6), (1, 2 * 8, 2, 3)]


def test_facts_say_what_decoding_takes() -> None:
    assert _settings({"kind": "dfl", "width": 16}).facts() == {"reg_max": "16"}
    assert _settings({"kind": "distances", "width": 16}).facts() == {}
    assert _settings(GRID).facts() == {
        "anchors": "10,14,23,27;81,82,135,169",
        "scale_xy": "1.05;1",
    }


@pytest.mark.parametrize(
    ("table", "match"),
    [
        ({"kind": "softmax"}, "'anchor-grid', 'dfl', 'distances'"),
        ({"kind": "distances", "width": 16, "reg_max": 8}, "reg_max"),
        ({**GRID, "widths": [16]}, "as many widths"),
        ({**GRID, "anchors": [[[1, 2, 3]], [[1, 2]]]}, "at most 2"),
    ],
)
def test_tables_that_make_no_head_are_refused(table: dict[str, Any], match: str) -> None:
    with pytest.raises(ValueError, match=match):
        _build(table)


def test_an_anchor_grid_for_other_levels_is_refused() -> None:
    with pytest.raises(ValueError, match="for 2 strides cannot serve"):
        _settings(GRID).build([8, 12, 16], [8, 16, 32], 3, "leaky")
