"""Weight files that are not what the cfg needs."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgeserve.domain.errors import ConfigurationError, EdgeserveError
from edgeserve.tooling.darknet import onnx_model, read_network
from tests.tooling.darknet.mini import FIRST, LAST, NET, write

if TYPE_CHECKING:
    from pathlib import Path

HEADER_BYTES = 20
SCALE, VARIANCE = 8, 24
"""Places of the first layer's first ones."""
FIRST_FLOATS, LAST_FLOATS = 4 * 8 + 8 * 3 * 9, 14 + 14 * 8


def refusal(folder: Path, change: bytes | None = None, *, cut: int = 0) -> str:
    cfg, weights, _, _ = write(folder, NET + FIRST + LAST)
    data = weights.read_bytes() if change is None else change
    weights.write_bytes(data[: len(data) - cut])
    with pytest.raises(ConfigurationError) as refused:
        onnx_model(read_network(cfg), weights)
    return str(refused.value)


def changed(folder: Path, floats: dict[int, float]) -> bytes:
    """The right file with some floats replaced, by their place."""
    _, weights, _, _ = write(folder, NET + FIRST + LAST)
    data = bytearray(weights.read_bytes())
    for place, value in floats.items():
        struct.pack_into("<f", data, HEADER_BYTES + 4 * place, value)
    return bytes(data)


@pytest.mark.parametrize("cut", [1, 4, 4 * LAST_FLOATS - 1])
def test_a_short_file_names_the_layer_and_both_counts(cut: int, tmp_path: Path) -> None:
    said = refusal(tmp_path, cut=cut)
    there = FIRST_FLOATS + LAST_FLOATS + -cut // 4
    assert said.startswith(f"{tmp_path / 'mini.cfg'}, line 15: layer 1 [convolutional]: needs ")
    assert f"needs {LAST_FLOATS} floats and " in said
    assert f"holds {there - FIRST_FLOATS} more" in said
    assert f"needs {FIRST_FLOATS + LAST_FLOATS} in all and the file has {there}" in said


def test_a_file_that_ends_in_the_first_layer_names_that(tmp_path: Path) -> None:
    assert "line 7: layer 0 [convolutional]" in refusal(tmp_path, cut=4 * (LAST_FLOATS + 10))


def test_a_header_alone_is_a_short_file(tmp_path: Path) -> None:
    assert "layer 0 [convolutional]: needs 248 floats" in refusal(tmp_path, bytes(20))


@pytest.mark.parametrize("more", [1, 3, 4, 400])
def test_a_long_file_names_what_is_left_and_after_which_layer(more: int, tmp_path: Path) -> None:
    data = changed(tmp_path, {}) + bytes(more)
    said = refusal(tmp_path, data)
    assert f"{more} bytes are left after layer 1 [convolutional]" in said
    assert f"needs {FIRST_FLOATS + LAST_FLOATS} floats" in said


@pytest.mark.parametrize("data", [b"", b"abc", bytes(11), b"PK\x03\x04" * 40, b"\xff" * 400])
def test_what_is_no_weight_file_is_refused(data: bytes, tmp_path: Path) -> None:
    assert "not a Darknet weight file" in refusal(tmp_path, data)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_numbers_that_are_none_are_refused_by_layer(value: float, tmp_path: Path) -> None:
    said = refusal(tmp_path, changed(tmp_path, {FIRST_FLOATS + 20: value}))
    assert "layer 1 [convolutional]" in said
    assert "infinite or none" in said


def test_a_negative_variance_is_refused(tmp_path: Path) -> None:
    assert "holds a negative variance" in refusal(tmp_path, changed(tmp_path, {VARIANCE: -0.1}))


def test_weights_that_overflow_when_folded_are_refused(tmp_path: Path) -> None:
    said = refusal(tmp_path, changed(tmp_path, {SCALE: 3e38, VARIANCE: 0}))
    assert "holds weights for it that overflow" in said


def test_weights_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    cfg, weights, _, _ = write(tmp_path, NET + FIRST + LAST)
    weights.unlink()
    with pytest.raises(ConfigurationError, match=r"mini\.weights: cannot be read: No such file"):
        onnx_model(read_network(cfg), weights)


def test_a_network_without_a_head_is_refused(tmp_path: Path) -> None:
    cfg, weights, _, _ = write(tmp_path, NET + FIRST)
    with pytest.raises(ConfigurationError, match=r"no \[yolo\] or \[region\] section"):
        onnx_model(read_network(cfg), weights)


GOOD = (
    NET + FIRST + "[maxpool]\nsize=2\nstride=2\n[upsample]\nstride=2\n[route]\nlayers=-1,-3\n"
    "[shortcut]\nfrom=-2\nactivation=linear\n[reorg]\nstride=2\n" + LAST
)
WORDS = """0 -1 1 2 3 7 64 1000 99999999 -99999999 1e9 nan x = , [ ] # [route] [yolo] layers= from=
groups= stride= size= filters= mask= anchors= \x00 é"""
PIECES = st.sampled_from(["", "\n", *WORDS.split()])


@settings(
    deadline=None,
    max_examples=150,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    st.lists(
        st.tuples(st.integers(0, len(GOOD)), st.integers(0, 30), PIECES), min_size=1, max_size=4
    )
)
def test_a_damaged_cfg_is_read_or_refused_in_a_sentence(
    tmp_path: Path, changes: list[tuple[int, int, str]]
) -> None:
    text = GOOD
    for place, length, piece in changes:
        text = text[:place] + piece + text[place + length :]
    cfg, weights = tmp_path / "mini.cfg", tmp_path / "mini.weights"
    cfg.write_text(text, encoding="utf-8")
    weights.write_bytes(bytes(2000))
    try:
        network = read_network(cfg)
        weights.write_bytes(bytes(20 + 4 * min(network.stored_floats, 100_000)))
        onnx_model(network, weights)
    except EdgeserveError as error:
        assert str(error).startswith(str(tmp_path))  # noqa: PT017 - most damage is refused


@settings(
    deadline=None,
    max_examples=100,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.binary(max_size=60), st.integers(0, 2000))
def test_damaged_weights_are_read_or_refused_in_a_sentence(
    tmp_path: Path, junk: bytes, place: int
) -> None:
    cfg, weights, _, _ = write(tmp_path, NET + FIRST + LAST)
    data = weights.read_bytes()
    weights.write_bytes(data[:place] + junk + data[place + len(junk) :])
    try:
        onnx_model(read_network(cfg), weights)
    except EdgeserveError as error:
        assert str(error).startswith(str(tmp_path))  # noqa: PT017 - as above
