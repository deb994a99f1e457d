"""The blocks: what each computes."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402
from torch.nn import functional  # noqa: E402

from models.zoo.blocks.bottleneck import Bottleneck  # noqa: E402
from models.zoo.blocks.c2f import C2f  # noqa: E402
from models.zoo.blocks.conv import ConvBnAct, activation  # noqa: E402
from models.zoo.blocks.csp import Csp  # noqa: E402
from models.zoo.blocks.csp_tiny import CspTiny  # noqa: E402
from models.zoo.blocks.depthwise import DepthwiseSeparable  # noqa: E402
from models.zoo.blocks.edge_pool import EdgePool  # noqa: E402
from models.zoo.blocks.elan import Elan  # noqa: E402
from models.zoo.blocks.focus import Focus, SpaceToDepth  # noqa: E402
from models.zoo.blocks.repconv import RepConv  # noqa: E402
from models.zoo.blocks.spp import PoolPyramid, Spp  # noqa: E402
from models.zoo.blocks.sppf import Sppf  # noqa: E402
from models.zoo.blocks.weighted_sum import WeightedSum  # noqa: E402

ACTIVATIONS = {
    "silu": lambda x: x / (1 + torch.exp(-x)),
    "mish": lambda x: x * torch.tanh(torch.log1p(torch.exp(x))),
    "leaky": lambda x: torch.where(x > 0, x, 0.1 * x),
    "relu": lambda x: torch.clamp(x, min=0),
    "relu6": lambda x: torch.clamp(x, min=0, max=6),
    "linear": lambda x: x,
}


@pytest.fixture(autouse=True)
def _steady() -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)


def _live_in(block: nn.Module, *shape: int) -> None:
    """Give batch norms statistics and weights that are not their first ones."""
    for module in block.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias)
    block.train()
    for _ in range(20):
        block(torch.randn(4, *shape))
    block.eval()


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_an_activation_is_its_formula(name: str) -> None:
    x = torch.linspace(-8, 8, 161)
    torch.testing.assert_close(activation(name)(x.clone()), ACTIVATIONS[name](x))


def test_an_unknown_activation_is_refused_with_those_that_exist() -> None:
    with pytest.raises(ValueError, match="'gelu': expected one of silu, mish"):
        activation("gelu")


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("stride", [1, 2])
def test_a_folded_convolution_computes_the_same(name: str, stride: int) -> None:
    block = ConvBnAct(6, 8, 3, stride, groups=2, act=name)
    _live_in(block, 6, 12, 12)
    x = torch.randn(2, 6, 12, 12)
    with torch.no_grad():
        before = block(x)
        block.fold()
        block.fold()
        torch.testing.assert_close(block(x), before, atol=1e-5, rtol=1e-5)
    assert not any(isinstance(module, nn.BatchNorm2d) for module in block.modules())


@pytest.mark.parametrize(("wide_out", "stride", "branches"), [(8, 1, 3), (12, 1, 2), (8, 2, 2)])
def test_rep_conv_folds_to_one_convolution(wide_out: int, stride: int, branches: int) -> None:
    block = RepConv(8, wide_out, stride)
    assert sum(isinstance(module, nn.BatchNorm2d) for module in block.modules()) == branches
    _live_in(block, 8, 16, 16)
    x = torch.randn(2, 8, 16, 16)
    with torch.no_grad():
        before = block(x)
        block.fold()
        block.fold()
        after = block(x)
    assert after.shape == (2, wide_out, 16 // stride, 16 // stride)
    assert (after - before).abs().max() < 1e-5
    kinds = [type(module) for module in block.modules() if not list(module.children())]
    assert sorted(kind.__name__ for kind in kinds) == ["Conv2d", "Identity", "Identity", "SiLU"]
    assert sum(p.numel() for p in block.parameters()) == 8 * wide_out * 9 + wide_out


def test_spp_and_sppf_are_equal_for_the_same_weights() -> None:
    spp, sppf = Spp(16, 24), Sppf(16, 24)
    _live_in(spp, 16, 15, 17)
    sppf.load_state_dict(spp.state_dict())
    sppf.eval()
    x = torch.randn(2, 16, 15, 17)
    assert torch.equal(spp(x), sppf(x))


def test_a_pool_pyramid_sees_5_9_and_13_cells() -> None:
    x = torch.zeros(1, 1, 21, 21)
    x[0, 0, 10, 10] = 1
    areas = PoolPyramid()(x).sum(dim=(0, 2, 3)).tolist()
    assert areas == [1, 25, 81, 169]
    assert PoolPyramid(largest_first=True)(x).sum(dim=(0, 2, 3)).tolist() == areas[::-1]


def test_space_to_depth_keeps_every_pixel() -> None:
    x = torch.arange(2 * 4 * 6, dtype=torch.float32).reshape(1, 2, 4, 6)
    out = SpaceToDepth()(x)
    assert out.shape == (1, 8, 2, 3)
    assert out[0, ::2, 0, 0].tolist() == [x[0, 0, row, col] for col in (0, 1) for row in (0, 1)]
    assert sorted(out.flatten().tolist()) == x.flatten().tolist()
    assert Focus(3, 16)(torch.rand(2, 3, 8, 12)).shape == (2, 16, 4, 6)


def test_a_depthwise_separable_convolution_mixes_channels_only_by_its_second_step() -> None:
    block = DepthwiseSeparable(8, 16, 3, 2).eval()
    assert block.space.conv.weight.numel() + block.mix.conv.weight.numel() == 8 * 9 + 8 * 16
    x = torch.zeros(1, 8, 6, 6)
    x[0, 3] = 1
    touched = block.space(x).abs().sum(dim=(0, 2, 3)).nonzero().flatten().tolist()
    assert touched == [3]
    assert block(x).shape == (1, 16, 3, 3)


def test_a_weighted_sum_is_a_mean_by_positive_weights() -> None:
    block = WeightedSum(3)
    assert block.weights is not None
    with torch.no_grad():
        block.weights.copy_(torch.tensor([3.0, -5.0, 1.0]))
    maps = [torch.full((1, 2, 3, 3), value) for value in (4.0, 100.0, 8.0)]
    before = block(maps)
    torch.testing.assert_close(before, torch.full((1, 2, 3, 3), 5.0), atol=1e-3, rtol=0)
    block.fold()
    block.fold()
    torch.testing.assert_close(block(maps), before)
    assert not list(block.parameters())


def test_a_residual_adds_its_input() -> None:
    x = torch.randn(1, 8, 5, 5)
    for shortcut in (True, False):
        block = Bottleneck(8, shortcut=shortcut, hidden=4, kernels=(1, 3)).eval()
        nn.init.zeros_(block.second.norm.get_parameter("weight"))
        assert torch.equal(block(x), x if shortcut else torch.zeros_like(x))


def test_csp_puts_the_residuals_before_the_bypass() -> None:
    block = Csp(8, 2).eval()
    x = torch.randn(1, 8, 5, 5)
    deep = block.exit(block.steps(block.entry(x)))
    joined = torch.cat([deep, block.bypass(x)], dim=1)
    torch.testing.assert_close(block(x), block.mix(joined))
    assert deep.shape[1] == 4
    assert Csp(8, 1, whole=True).exit.conv.weight.shape[0] == 8


def test_csp_tiny_keeps_its_entry_beside_the_mix() -> None:
    block = CspTiny(8).eval()
    x = torch.rand(1, 8, 6, 6)
    out = block(x)
    assert out.shape == (1, 16, 6, 6)
    torch.testing.assert_close(out[:, :8], block.entry(x))


def test_csp_tiny_detours_the_second_half() -> None:
    block = CspTiny(8).eval()
    seen = []
    block.first.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    x = torch.rand(1, 8, 6, 6)
    block(x)
    torch.testing.assert_close(seen[0], block.entry(x)[:, 4:])


@pytest.mark.parametrize("nested", [False, True])
def test_c2f_joins_the_map_after_every_step(nested: bool) -> None:  # noqa: FBT001
    block = C2f(6, 8, 3, shortcut=True, nested=nested).eval()
    seen = []
    block.mix.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    x = torch.randn(1, 6, 5, 5)
    assert block(x).shape == (1, 8, 5, 5)
    maps = list(block.entry(x).split(4, dim=1))
    for step in block.steps:
        maps.append(step(maps[-1]))
    torch.testing.assert_close(seen[0], torch.cat(maps, dim=1))


def test_elan_joins_both_entries_and_every_step() -> None:
    block = Elan(6, 8, 2, conv="rep").eval()
    x = torch.randn(1, 6, 5, 5)
    maps = [block.plain(x), block.entry(x)]
    for step in block.steps:
        maps.append(step(maps[-1]))
    torch.testing.assert_close(block(x), block.mix(torch.cat(maps, dim=1)))


def test_an_edge_pool_pads_at_the_right_and_at_the_bottom_only() -> None:
    x = torch.randn(1, 3, 4, 5)
    theirs = functional.max_pool2d(functional.pad(x, [0, 1, 0, 1], value=float("-inf")), 2, 1)
    assert torch.equal(EdgePool()(x), theirs)
