"""What an operator may say about tracking."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

if TYPE_CHECKING:
    from typing_extensions import Self

_Share = Annotated[float, Field(ge=0, le=1)]
Point = tuple[_Share, _Share]
"""x and y as shares of the picture's width and height, from its top left corner."""

_Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._-]{0,63}$")]


class TrackingOptions(BaseModel):
    """Options of the room `tracking`, the same for all cameras."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    track_score: float = Field(
        default=0.3,
        gt=0,
        le=1,
        description="Least score of a detection that may begin a track.",
        json_schema_extra={"reloaded": True},
    )
    track_low_score: float = Field(
        default=0.1,
        gt=0,
        le=1,
        description="Least score of a detection that may continue a track: an object that is "
        "half hidden keeps its id.",
        json_schema_extra={"reloaded": True},
    )
    track_min_hits: int = Field(
        default=3,
        ge=1,
        description="Frames in a row in which an object must be found before it gets an id.",
        json_schema_extra={"reloaded": True},
    )
    track_lost_seconds: float = Field(
        default=2.0,
        ge=0,
        description="Seconds for which an object may go unseen and keep its id.",
        json_schema_extra={"reloaded": True},
    )
    track_settle_seconds: float = Field(
        default=0.3,
        ge=0,
        description="Seconds for which an object must stay on the other side of a zone's edge or "
        "of a line before that counts: boxes tremble.",
        json_schema_extra={"reloaded": True},
    )


class ZoneOptions(BaseModel):
    """A named area of a camera's picture."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: _Name = Field(description="What events call it.")
    points: tuple[Point, ...] = Field(
        min_length=3,
        description="Corners of a polygon, each [x, y] as shares (0..1) of the picture's width and "
        "height.",
    )
    labels: tuple[str, ...] = Field(
        default=(),
        description="Only objects of these labels count; none means all.",
    )


class LineOptions(BaseModel):
    """A named line across a camera's picture."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: _Name = Field(description="What events call it.")
    start: Point = Field(description="Where it begins, [x, y] as shares (0..1).")
    end: Point = Field(
        description="Where it ends. An event's direction is the side that the object went to, as "
        "one looks from start to end.",
    )
    labels: tuple[str, ...] = Field(
        default=(),
        description="Only objects of these labels count; none means all.",
    )

    @model_validator(mode="after")
    def _has_a_length(self) -> Self:
        if self.start == self.end:
            text = "start and end are the same point; expected two"
            raise ValueError(text)
        return self
