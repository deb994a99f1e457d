"""Where a camera is: a text that holds a secret."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic_core import core_schema

from edgeserve.domain.credentials import without_credentials

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler


class CameraUrl:
    """A source's URL or path. As text it has no credentials: these only `secret` tells."""

    __slots__ = ("secret",)

    def __init__(self, text: str) -> None:
        """Keep the text as the operator wrote it."""
        self.secret = text

    def __str__(self) -> str:
        """The URL without credentials."""
        return without_credentials(self.secret)

    def __repr__(self) -> str:
        """The URL without credentials."""
        return repr(str(self))

    def __eq__(self, other: object) -> bool:
        """Whether both lead to the same place as the same user."""
        return isinstance(other, CameraUrl) and self.secret == other.secret

    def __hash__(self) -> int:
        """Fit for `__eq__`."""
        return hash(self.secret)

    @classmethod
    def __get_pydantic_core_schema__(
        cls,
        source: object,
        handler: GetCoreSchemaHandler,
    ) -> core_schema.CoreSchema:
        """Read from a text; write without credentials."""
        return core_schema.no_info_after_validator_function(
            cls,
            core_schema.str_schema(min_length=1),
            serialization=core_schema.plain_serializer_function_ser_schema(_written),
        )


def _written(url: Any) -> str:  # noqa: ANN401 - pydantic's signature
    return str(url)
