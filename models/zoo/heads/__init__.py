"""What turns maps into detections."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from models.zoo.heads.anchor_grid import AnchorGridSettings
from models.zoo.heads.decoupled import DflSettings, DistancesSettings

AnyHead = Annotated[
    AnchorGridSettings | DflSettings | DistancesSettings, Field(discriminator="kind")
]
"""What a recipe's [model.head] may be."""
