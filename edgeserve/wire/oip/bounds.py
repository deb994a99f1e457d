"""How much of anything a request may have.

Requests are read where all streams are served: one of a million small parts would hold up
everybody for seconds.
"""

from __future__ import annotations

from edgeserve.domain.errors import RequestError

MOST_PARTS = 1000
"""Inputs, outputs, parameters, or encoded pictures of an input."""
MOST_VALUES = 1 << 21
"""Numbers of a tensor that are written one by one, rather than as they lie in memory: a picture of
836 px has as many."""
MOST_SIZES = 16
"""Of a shape."""
LARGEST_SIZE = (1 << 63) - 1


def check_parts(what: str, count: int) -> None:
    """Refuse a request of too many parts of a kind.

    Raises:
        RequestError: it has.
    """
    if count > MOST_PARTS:
        text = f"the request has {count} {what}; expected {MOST_PARTS} at most"
        raise RequestError(text)


def check_values(count: int) -> None:
    """Refuse a tensor of too many numbers, written one by one.

    Raises:
        RequestError: it is.
    """
    if count > MOST_VALUES:
        text = (
            f"the request has {count} values one by one; expected {MOST_VALUES} at most: send them "
            "raw (raw_input_contents, or the binary extension over HTTP)"
        )
        raise RequestError(text)
