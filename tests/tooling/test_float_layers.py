from __future__ import annotations

from edgeserve.tooling.float_layers import choices
from tests.tooling.synthetic import network


def test_begins_with_the_last_convolutions_and_ends_with_the_first() -> None:
    sets = [set(choice.convolutions) for choice in choices(network())]
    assert sets[0] == {"last_classes", "last_boxes"}
    assert sets[1] == {"last_classes", "last_boxes", "middle"}
    assert sets[-1] == {"last_classes", "last_boxes", "middle", "first"}


def test_what_follows_the_last_convolutions_stays_in_float_too() -> None:
    assert {name for c in choices(network()) for name in c.followers} == {
        "flat_classes",
        "flat_boxes",
    }
