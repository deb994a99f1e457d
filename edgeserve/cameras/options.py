"""What an operator may say about a camera: a table `[[camera]]`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationInfo,
    field_validator,
)

from edgeserve.cameras.url import CameraUrl
from edgeserve.domain.camera import Line, Zone

RESERVED_NAMES = frozenset({"grpc", "http", "oip"})
"""Sources of frames that are no cameras, in the metrics."""

_Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
_Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
_Point = tuple[_Share, _Share]
_Seconds = Annotated[float, Field(gt=0, le=3600, allow_inf_nan=False)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class ZoneOptions(_Table):
    """A named polygon."""

    name: _Name
    points: tuple[_Point, ...] = Field(min_length=3)
    labels: tuple[str, ...] = ()


class LineOptions(_Table):
    """A named line."""

    name: _Name
    start: _Point
    end: _Point
    labels: tuple[str, ...] = ()

    @field_validator("end")
    @classmethod
    def _some_length(cls, end: _Point, info: ValidationInfo) -> _Point:
        if end == info.data.get("start"):
            text = "expected another point than start"
            raise ValueError(text)
        return end


class CameraOptions(_Table):
    """One camera."""

    name: _Name = Field(description="Its name in metrics, results and calls.")
    url: CameraUrl = Field(
        description="rtsp://, http:// (MJPEG or HLS), usb:0 or /dev/video0, a video file, a folder "
        "of pictures, `sample`, or `pattern` (moving, generated).",
    )
    model: str = Field(default="", description="Name of the model; empty takes the default one.")
    score: float | None = Field(default=None, ge=0, le=1, description="Least score.")
    iou: float | None = Field(default=None, ge=0, le=1, description="Most overlap (NMS).")
    classes: tuple[str, ...] = Field(default=(), description="Labels to report; empty means all.")
    fps: float = Field(
        default=0.0,
        ge=0,
        allow_inf_nan=False,
        description="Most frames looked at a second; 0 means all. For pictures, their rate.",
    )
    every_nth: int = Field(default=1, ge=1, description="Look at each n-th frame only.")
    keyframes_only: bool = Field(
        default=False,
        description="Decode key frames only; stall_timeout and read_timeout must be longer than "
        "their distance.",
    )
    transport: Literal["tcp", "udp"] = Field(default="tcp", description="How RTSP carries video.")
    backend: Literal["auto", "opencv", "pyav"] = Field(
        default="auto",
        description="What reads network streams: auto takes PyAV where it is installed (extra "
        "[video]), else OpenCV, which opens one stream at a time.",
    )
    hardware: bool = Field(default=True, description="Decode in hardware, where OpenCV can.")
    connect_timeout: _Seconds = Field(default=5.0, description="Seconds to connect.")
    read_timeout: _Seconds = Field(
        default=10.0,
        description="Seconds without a frame after which the connection is made anew.",
    )
    stall_timeout: _Seconds = Field(
        default=3.0,
        description="Seconds without a frame after which the camera counts as stalled.",
    )
    reconnect_first: _Seconds = Field(default=0.5, description="Seconds before the first retry.")
    reconnect_max: _Seconds = Field(
        default=10.0,
        description="Longest pause between tries, in seconds; it doubles up to that.",
    )
    max_lag: float = Field(
        default=5.0,
        ge=0,
        allow_inf_nan=False,
        description="Seconds that a network stream may fall behind its own clock before it is "
        "opened anew at its live end; 0 means never.",
    )
    rotate: Literal[0, 90, 180, 270] = Field(default=0, description="Degrees clockwise.")
    crop: tuple[_Share, _Share, _Share, _Share] | None = Field(
        default=None,
        description="Part to look at, after rotation: left, top, right, bottom as shares, 0 to 1.",
    )
    realtime: bool = Field(
        default=True,
        description="Play files at their own rate; false: each frame, as fast as they are done.",
    )
    loop: bool = Field(default=True, description="Begin files anew at their end.")
    paused: bool = Field(default=False, description="Do not read it until it is resumed.")
    weight: float = Field(
        default=1.0,
        gt=0,
        le=1000,
        description="Its share of the device beside the other streams'.",
    )
    tracking: bool = Field(
        default=False,
        description="Follow objects from frame to frame; zones and lines ask for it, too.",
    )
    zones: tuple[ZoneOptions, ...] = Field(
        default=(),
        description="Polygons that objects enter and leave: name, points as shares of the picture, "
        "0 to 1, and labels, if not all count.",
    )
    lines: tuple[LineOptions, ...] = Field(
        default=(),
        description="Lines that objects cross: name, start and end as shares of the picture, "
        "0 to 1, and labels, if not all count.",
    )

    @field_validator("name")
    @classmethod
    def _not_reserved(cls, name: str) -> str:
        if name in RESERVED_NAMES:
            text = f"{name} is the name of another source of frames; choose another"
            raise ValueError(text)
        return name

    @field_validator("crop")
    @classmethod
    def _some_area(
        cls,
        crop: tuple[float, float, float, float] | None,
    ) -> tuple[float, float, float, float] | None:
        if crop is not None and not (crop[0] < crop[2] and crop[1] < crop[3]):
            text = "expected left below right and top below bottom"
            raise ValueError(text)
        return crop

    @field_validator("zones", "lines")
    @classmethod
    def _distinct(cls, places: tuple[_Place, ...]) -> tuple[_Place, ...]:
        names = [place.name for place in places]
        if len(set(names)) < len(names):
            text = "two have the same name"
            raise ValueError(text)
        return places

    def places(self) -> tuple[tuple[Zone, ...], tuple[Line, ...]]:
        """Zones and lines in the words of the domain."""
        return (
            tuple(Zone(zone.name, zone.points, zone.labels) for zone in self.zones),
            tuple(Line(line.name, line.start, line.end, line.labels) for line in self.lines),
        )

    @property
    def tracked(self) -> bool:
        """Whether its objects are followed."""
        return self.tracking or bool(self.zones or self.lines)


_Place = ZoneOptions | LineOptions
