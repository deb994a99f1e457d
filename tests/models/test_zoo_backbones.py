"""The backbones: taps, shapes, and counts that are known from elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

torch = pytest.importorskip("torch")

from pydantic import TypeAdapter  # noqa: E402
from torch import nn  # noqa: E402

from models.zoo.backbones import AnyBackbone  # noqa: E402

if TYPE_CHECKING:
    from models.zoo.part import Backbone

WIDTHS = [64, 128, 256, 512, 1024]
TABLES: dict[str, dict[str, Any]] = {
    "csp-tiny": {"family": "csp-tiny", "widths": [32, 64, 128, 256, 512], "taps": "mixed"},
    "csp-tiny joined": {"family": "csp-tiny", "widths": [32, 64, 128, 256, 512]},
    "darknet-tiny": {"family": "darknet-tiny"},
    "darknet-tiny half": {"family": "darknet-tiny", "width": 0.5},
    "darknet53": {"family": "darknet53", "activation": "leaky"},
    "csp-darknet53": {"family": "csp-darknet53", "activation": "mish"},
    "elan": {"family": "elan", "widths": [32, 64, 128, 256, 512]},
    "elan rep to P6": {"family": "elan", "widths": [8, 16, 24, 32, 48, 64], "conv": "rep"},
    "c2f to P6": {
        "family": "c2f",
        "widths": [8, 16, 24, 32, 48, 64],
        "repeats": [1, 2, 2, 1, 1],
        "stem": "focus",
    },
    "c2f s": {"family": "c2f", "size": "s"},
    "c3k2 m": {"family": "c3k2", "size": "m"},
}


def _build(table: dict[str, Any], device: str = "meta") -> Backbone:
    settings: Any = TypeAdapter(AnyBackbone).validate_python(table)
    with torch.device(device):
        backbone: Backbone = settings.build(settings.activation or "silu")
    return backbone.eval()


def _count(module: nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
@pytest.mark.parametrize("size", [320, 416, 640])
def test_taps_have_the_strides_of_their_names(table: dict[str, Any], size: int) -> None:
    backbone = _build(table)
    size = size if "P6" not in backbone.tap_widths else -(-size // 64) * 64
    width = size + 64  # not square: sides must not be mixed up
    taps = backbone(torch.empty(1, 3, size, width, device="meta"))
    assert {"P2", "P3", "P4", "P5"} <= set(taps) == set(backbone.tap_widths)
    for name, tap in taps.items():
        stride = 2 ** int(name[1:])
        assert tap.shape == (1, backbone.tap_widths[name], size // stride, width // stride)


def test_a_sixth_width_makes_p6() -> None:
    assert set(_build(TABLES["c2f to P6"]).tap_widths) == {"P2", "P3", "P4", "P5", "P6"}
    assert set(_build(TABLES["elan rep to P6"]).tap_widths) == {"P2", "P3", "P4", "P5", "P6"}


def test_c3k2_of_the_notes_has_its_25_624_128_parameters() -> None:
    # Its block with plain bottlenecks is what others call C2f.
    backbone: Any = _build({"family": "c2f", "widths": WIDTHS, "repeats": [2, 2, 2, 2]})
    parts = [backbone.stem, *(part for stage in backbone.stages for part in stage), backbone.pool]
    assert [_count(part) for part in parts] == [
        *(1_856, 73_984, 197_632, 295_424, 788_480),
        *(1_180_672, 3_149_824, 4_720_640, 12_591_104, 2_624_512),
    ]
    assert _count(backbone) == 25_624_128


def test_c2f_n_has_the_counts_of_the_v8_layout() -> None:
    backbone: Any = _build({"family": "c2f", "size": "n"})
    parts = [backbone.stem, *(part for stage in backbone.stages for part in stage), backbone.pool]
    assert [_count(part) for part in parts] == [
        *(464, 4_672, 7_360, 18_560, 49_664, 73_984, 197_632, 295_424, 460_288, 164_608),
    ]


@pytest.mark.parametrize(
    ("size", "widths", "repeats"),
    [
        ("n", [16, 32, 64, 128, 256], [1, 2, 2, 1]),
        ("s", [32, 64, 128, 256, 512], [1, 2, 2, 1]),
        ("m", [48, 96, 192, 384, 576], [2, 4, 4, 2]),
        ("l", [64, 128, 256, 512, 512], [3, 6, 6, 3]),
        ("x", [80, 160, 320, 640, 640], [3, 6, 6, 3]),
    ],
)
def test_sizes_multiply_depth_and_capped_width(
    size: str, widths: list[int], repeats: list[int]
) -> None:
    by_size = _build({"family": "c2f", "size": size})
    by_number = _build({"family": "c2f", "widths": widths, "repeats": repeats})
    assert [(k, v.shape) for k, v in by_size.state_dict().items()] == [
        (k, v.shape) for k, v in by_number.state_dict().items()
    ]


def test_darknet_53_has_52_convolutions_and_40_584_928_parameters() -> None:
    backbone = _build({"family": "darknet53"})
    assert sum(isinstance(module, nn.Conv2d) for module in backbone.modules()) == 52
    # The classifier's 41,609,928 without its last layer of 1024 x 1000 + 1000.
    assert _count(backbone) == 41_609_928 - 1_025_000


def test_darknet_tiny_takes_the_last_convolution_of_each_stride() -> None:
    torch.manual_seed(0)
    backbone: Any = _build({"family": "darknet-tiny", "width": 0.25}, "cpu")
    seen: dict[int, Any] = {}
    for index, conv in enumerate(backbone.convs):
        conv.register_forward_hook(lambda *a, index=index: seen.update({index: a[2]}))
    taps = backbone(torch.rand(1, 3, 64, 64))
    for name, index in {"P2": 2, "P3": 3, "P4": 4, "P5": 6}.items():
        assert taps[name] is seen[index]


def test_taps_inside_csp_tiny_are_joined_or_mixed() -> None:
    joined = _build({**TABLES["csp-tiny joined"], "widths": [8, 16, 32, 64, 128]}, "cpu")
    mixed = _build({**TABLES["csp-tiny"], "widths": [8, 16, 32, 64, 128]}, "cpu")
    mixed.load_state_dict(joined.state_dict())
    x = torch.rand(1, 3, 64, 64)
    torch.testing.assert_close(joined(x)["P4"][:, 64:], mixed(x)["P4"])
    torch.testing.assert_close(joined(x)["P5"], mixed(x)["P5"])


@pytest.mark.parametrize(
    ("table", "match"),
    [
        ({"family": "resnet"}, "'c2f', 'c3k2', 'csp-darknet53'"),
        ({"family": "darknet53", "widths": WIDTHS}, "widths"),
        ({"family": "c2f"}, "either size, or both widths and repeats"),
        ({"family": "c2f", "size": "n", "widths": WIDTHS}, "either size"),
        ({"family": "c2f", "widths": WIDTHS}, "either size, or both widths and repeats"),
        ({"family": "c2f", "widths": [*WIDTHS, 1024], "repeats": [1, 1, 1, 1]}, "one width more"),
        ({"family": "csp-tiny", "widths": [16, 32, 64, 96, 256]}, "doubles the width"),
    ],
)
def test_tables_that_make_no_backbone_are_refused(table: dict[str, Any], match: str) -> None:
    with pytest.raises(ValueError, match=match):
        _build(table)
