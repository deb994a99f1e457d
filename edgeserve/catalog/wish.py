"""What an operator writes to mean a model."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Wish:
    """A model that is to serve: its newest version, or the one that is named."""

    name: str
    version: str = ""

    @classmethod
    def read(cls, text: str) -> Wish:
        """NAME or NAME:VERSION."""
        name, _, version = text.partition(":")
        return cls(name, version)

    def __str__(self) -> str:
        """As it is written."""
        return f"{self.name}:{self.version}" if self.version else self.name
