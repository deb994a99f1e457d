"""What a model leaves behind when it goes."""

from __future__ import annotations

import gc
import weakref

from edgeserve.process.memory import give_back, lasting


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


def test_what_lasts_is_not_looked_at_again() -> None:
    try:
        with lasting():
            assert not gc.isenabled()
            made = Circle()
        assert gc.isenabled()
        assert not any(one is made for one in gc.get_objects())
    finally:
        gc.unfreeze()
