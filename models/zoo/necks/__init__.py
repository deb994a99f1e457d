"""What fuses the maps of several strides."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from models.zoo.necks.bifpn import BiFpnSettings
from models.zoo.necks.pan import PanSettings
from models.zoo.necks.pan_c2f import PanC2fSettings
from models.zoo.necks.yolo_tiny import YoloTinySettings
from models.zoo.necks.yolov4 import YoloV4Settings

AnyNeck = Annotated[
    BiFpnSettings | PanSettings | PanC2fSettings | YoloTinySettings | YoloV4Settings,
    Field(discriminator="kind"),
]
"""What a recipe's [model.neck] may be."""
