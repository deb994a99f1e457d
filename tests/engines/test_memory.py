"""What a model leaves behind when it goes."""

from __future__ import annotations

import gc
import weakref

from edgeserve.engines.memory import give_back, settle


class Circle:
    """Knows itself, as an error does by its traceback."""

    def __init__(self) -> None:
        self.again = self


def test_what_only_a_circle_holds_is_given_back_at_once() -> None:
    gc.disable()
    try:
        left = weakref.ref(Circle())
        assert left() is not None
        give_back()
        assert left() is None
    finally:
        gc.enable()


def test_what_was_there_when_it_settled_is_not_looked_at_again() -> None:
    try:
        before = len(gc.get_objects())
        settle()
        assert len(gc.get_objects()) < before / 10
    finally:
        gc.unfreeze()
