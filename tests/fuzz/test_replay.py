"""Every fuzz target on its seeds, on what it found once, on its corpus, and on changes of these."""

from __future__ import annotations

import pytest

from tests.fuzz.catalogue import NAMES, kept, load
from tests.fuzz.mutate import mutations

_CHANGED = 300


@pytest.mark.parametrize("name", NAMES)
def test_no_input_gets_more_than_an_error_in_words(name: str) -> None:
    target = load(name)
    good = [*target.seeds().values(), *kept(name)]
    for data in (*good, *mutations(good, target.words, _CHANGED)):
        target.run(data)


@pytest.mark.parametrize("name", NAMES)
def test_what_was_a_finding_is_none_any_more(name: str) -> None:
    target = load(name)
    for data in target.found().values():
        target.run(data)
