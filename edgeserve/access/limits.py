"""How much a client may ask for."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from edgeserve.domain.errors import TooManyBytesError


class Limits(BaseModel):
    """Options of the room `access`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    max_frame_bytes: int = Field(
        default=32 << 20,
        ge=1024,
        le=(1 << 30) - 1,
        description="Largest frame taken, in bytes (32 MiB holds a raw 4K picture).",
    )
    max_pixels: int = Field(
        default=7680 * 4320,
        ge=1,
        description="Largest picture decoded, in pixels (default: 8K).",
    )
    max_streams: int = Field(
        default=256,
        ge=1,
        description="Streams and calls open at once; more are refused with RESOURCE_EXHAUSTED.",
    )

    def check_frame_bytes(self, size_bytes: int) -> None:
        """Refuse a frame over the limit.

        Raises:
            TooManyBytesError: naming limit and setting.
        """
        if size_bytes > self.max_frame_bytes:
            text = (
                f"the frame has {size_bytes} bytes; "
                f"the limit is {self.max_frame_bytes} (setting max_frame_bytes)"
            )
            raise TooManyBytesError(text)
