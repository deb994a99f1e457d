"""Feature extractors."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from models.zoo.backbones.c2f import C2fSettings
from models.zoo.backbones.csp_darknet53 import CspDarknet53Settings
from models.zoo.backbones.csp_tiny import CspTinySettings
from models.zoo.backbones.darknet53 import Darknet53Settings
from models.zoo.backbones.darknet_tiny import DarknetTinySettings
from models.zoo.backbones.elan import ElanSettings

AnyBackbone = Annotated[
    C2fSettings
    | CspDarknet53Settings
    | CspTinySettings
    | Darknet53Settings
    | DarknetTinySettings
    | ElanSettings,
    Field(discriminator="family"),
]
"""What a recipe's [model.backbone] may be."""
