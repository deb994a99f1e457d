"""The necks: levels, widths, and what reaches what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

torch = pytest.importorskip("torch")

from pydantic import TypeAdapter  # noqa: E402

from models.zoo.necks import AnyNeck  # noqa: E402

if TYPE_CHECKING:
    from torch import Tensor

    from models.zoo.part import Neck

TAPS = {"P2": 8, "P3": 16, "P4": 24, "P5": 32}
TABLES: dict[str, dict[str, Any]] = {
    "fpn concat": {"kind": "fpn", "width": 16},
    "fpn sum": {"kind": "fpn", "width": 16, "join": "sum"},
    "pan concat": {"kind": "pan", "width": 16},
    "pan sum": {"kind": "pan", "width": 16, "join": "sum"},
    "pan light": {"kind": "pan", "width": 16, "join": "sum", "conv": "depthwise"},
    "pan light concat": {"kind": "pan", "width": 16, "conv": "depthwise"},
    "pan rep": {"kind": "pan", "width": 16, "conv": "rep"},
    "pan-c2f": {"kind": "pan-c2f", "size": "n"},
    "pan-c3k2": {"kind": "pan-c3k2", "size": "n"},
    "bifpn": {"kind": "bifpn", "width": 16},
    "bifpn once, plain": {"kind": "bifpn", "width": 16, "repeats": 1, "conv": "plain"},
    "yolo-tiny": {"kind": "yolo-tiny", "width": 16},
    "yolov4": {"kind": "yolov4"},
}
TWO_WAY = [name for name in TABLES if name.startswith(("pan", "bifpn", "yolov4"))]
LEVELS = [[16, 32], [4, 8], [8, 16, 32], [4, 8, 16, 32], [8, 16, 32, 64], [16, 32, 64]]


@pytest.fixture(autouse=True)
def _steady() -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)


def _build(table: dict[str, Any], strides: list[int]) -> Neck:
    settings: Any = TypeAdapter(AnyNeck).validate_python(table)
    neck: Neck = settings.build(TAPS, strides, "silu")
    return neck


def _taps(batch: int) -> dict[str, Tensor]:
    return {
        name: torch.randn(batch, width, 128 // 2 ** int(name[1]), 192 // 2 ** int(name[1]))
        for name, width in TAPS.items()
    }


@pytest.mark.parametrize("strides", LEVELS, ids=str)
@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_each_level_has_its_size_and_every_parameter_a_gradient(
    table: dict[str, Any], strides: list[int]
) -> None:
    neck = _build(table, strides).train()
    maps = neck(_taps(2))
    assert [x.shape for x in maps] == [
        (2, width, 128 // stride, 192 // stride)
        for width, stride in zip(neck.widths, strides, strict=True)
    ]
    sum(x.square().mean() for x in maps).backward()
    assert [n for n, p in neck.named_parameters() if p.grad is None or not p.grad.any()] == []


def _reaches(neck: Neck, source: str, level: int) -> bool:
    """Whether a tap has any influence on a level's map."""
    taps = {name: x.requires_grad_() for name, x in _taps(1).items()}
    neck.eval()(taps)[level].sum().backward()
    grad = taps[source].grad
    return grad is not None and bool(grad.any())


@pytest.mark.parametrize("name", TABLES)
def test_coarse_maps_reach_the_finest_level(name: str) -> None:
    assert _reaches(_build(TABLES[name], [8, 16, 32]), "P5", 0)


@pytest.mark.parametrize("name", TABLES)
def test_fine_maps_reach_the_coarsest_level_where_there_is_a_way_back(name: str) -> None:
    neck = _build(TABLES[name], [8, 16, 32])
    assert neck.bottom_up is (name in TWO_WAY)
    assert _reaches(neck, "P3", 2) is neck.bottom_up


def test_sizes_give_the_widths_of_the_v8_layout() -> None:
    assert list(_build({"kind": "pan-c2f", "size": "m"}, [8, 16, 32]).widths) == [192, 384, 576]


def test_a_light_neck_is_light() -> None:
    counts = {
        name: sum(p.numel() for p in _build(TABLES[name], [8, 16, 32]).parameters())
        for name in ("pan concat", "pan sum", "pan light")
    }
    assert counts["pan light"] < counts["pan sum"] / 2 < counts["pan concat"] / 2


def test_shares_of_a_bifpn_decide_what_counts() -> None:
    neck: Any = _build({"kind": "bifpn", "width": 16, "repeats": 1}, [16, 32])
    meeting = neck.rounds[0].down[0].sum
    with torch.no_grad():
        meeting.weights.copy_(torch.tensor([1.0, 0.0]))  # nothing of the coarser level
    assert not _reaches(neck, "P5", 0)
    assert _reaches(neck, "P4", 0)


@pytest.mark.parametrize(
    ("table", "strides", "match"),
    [
        (TABLES["pan sum"], [2, 4], "no map of stride 2"),
        (TABLES["pan sum"], [8, 32], "each twice the one before"),
        (TABLES["pan sum"], [12, 24], "powers of two"),
        (TABLES["pan sum"], [8], "2 to 4"),
        ({"kind": "pan-c2f", "widths": [64, 128]}, [8, 16, 32], "one for each of 3 strides"),
        ({"kind": "pan-c2f"}, [8, 16, 32], "either size, or widths"),
        ({"kind": "pan"}, [8, 16, 32], "width"),
        ({"kind": "bifpn", "width": 16, "join": "sum"}, [8, 16, 32], "join"),
    ],
)
def test_what_makes_no_neck_is_refused(
    table: dict[str, Any], strides: list[int], match: str
) -> None:
    with pytest.raises(ValueError, match=match):
        _build(table, strides)
