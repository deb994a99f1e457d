"""Texts of errors, which may quote what a client sent."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeserve.domain.credentials import without_credentials
from edgeserve.domain.errors import RateLimitedError, RequestError


@given(st.text(max_size=400))
def test_a_short_text_is_told_as_it_is(text: str) -> None:
    assert str(RequestError(text)) == text


@pytest.mark.parametrize("letter", ["x", "é", "日", "\U0001f600"])
def test_a_long_text_keeps_its_ends_and_fits_into_a_header(letter: str) -> None:
    text = f"model {letter * 50_000!r} is unknown; expected tiny"
    told = str(RateLimitedError(text, 1.0))
    assert told.startswith(f"model '{letter}")
    assert told.endswith(f"{letter}' is unknown; expected tiny")
    assert "bytes left out" in told
    assert len(told.encode()) <= 2_000


def test_half_of_a_surrogate_pair_can_be_told() -> None:
    assert "bytes left out" in str(RequestError("\ud800" * 5_000))


def test_credentials_are_hidden_in_a_text_of_nothing_but_addresses() -> None:
    text = "://" * 100_000
    assert without_credentials(text) == text
    assert without_credentials(f"{text}me:secret@host") == "://***@host"
