"""Inputs made of others, the same ones each time: what the replay adds to a corpus."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_NUMBERS = (0, 1, 0x7F, 0x80, 0xFF)


def mutations(inputs: Sequence[bytes], words: Sequence[bytes], count: int) -> Iterator[bytes]:
    """So many changed inputs."""
    chance = random.Random(7)
    for _ in range(count):
        data = bytearray(chance.choice(inputs))
        for _ in range(chance.choice((1, 1, 2, 5))):
            _change(data, chance, inputs, words)
        yield bytes(data)


def _change(
    data: bytearray, chance: random.Random, inputs: Sequence[bytes], words: Sequence[bytes]
) -> None:
    at = chance.randrange(len(data) + 1)
    end = min(len(data), at + chance.choice((1, 2, 4, 16, len(data))))
    kind = chance.randrange(6)
    if kind == 0:
        data[at:end] = b""
    elif kind == 1:
        data[at:at] = data[at:end]
    elif kind == 2:
        other = chance.choice(inputs)
        data[at:end] = other[chance.randrange(len(other) + 1) :][:64]
    elif kind == 3 and words:
        data[at:at] = chance.choice(words)
    elif at < len(data):
        data[at] = chance.choice((*_NUMBERS, data[at] ^ (1 << chance.randrange(8))))
