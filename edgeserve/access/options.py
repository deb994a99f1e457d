"""What an operator may say about who may do what, and how much of it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from edgeserve.access.certificates import rule_from_text
from edgeserve.access.limits import Limits
from edgeserve.access.rights import rights_from_text

Part = Literal["metrics", "page", "reflection"]


class AccessOptions(Limits):
    """Options of the room `access`."""

    tls_cert: str = Field(
        default="",
        description="PEM file with the server's certificate and those between it and the "
        "authority: gRPC and HTTP then speak TLS only. It is read again when it changes.",
    )
    tls_key: str = Field(default="", description="PEM file with its key, without a password.")
    tls_client_ca: str = Field(
        default="",
        description="PEM file with the authorities whose certificates clients may show; "
        "`certificate_rights` says what they give.",
    )
    certificate_rights: tuple[str, ...] = Field(
        default=(),
        description="What the holder of a certificate may do: cn:PATTERN=RIGHTS or "
        "san:PATTERN=RIGHTS, as cn:camera-*=infer or san:ops.example=watch+admin; rules that match "
        "add up.",
    )
    tokens_file: str = Field(
        default="",
        description="File with the tokens that clients may show; `edgeserve token` writes it. It "
        "is read again when it changes.",
    )
    socket_rights: str = Field(
        default="infer+watch+admin",
        description="What whoever may open a Unix socket of this server may do unasked: the "
        "socket's file mode decides who that is. Empty asks there, too.",
    )
    unprotected: tuple[Part, ...] = Field(
        default=(),
        description="What answers everybody although others are asked who they are: metrics, page "
        "(what it reads, pictures too), reflection.",
    )
    client_max_fps: float = Field(
        default=0.0,
        ge=0,
        description="Frames a second of one client (a token, a certificate's name, else an "
        "address), over all its streams; BLOCK streams are slowed down to it, frames of others "
        "refused. 0 for no limit.",
    )
    client_max_bytes: float = Field(
        default=0.0,
        ge=0,
        description="Bytes of frames a second of one client, likewise.",
    )
    client_max_pixels: float = Field(
        default=0.0,
        ge=0,
        description="Pixels of frames a second of one client, likewise.",
    )
    client_max_streams: int = Field(
        default=0,
        ge=0,
        description="Streams and calls that one client has open at once; 0 for no limit.",
    )
    client_max_calls: float = Field(
        default=0.0,
        ge=0,
        description="Streams and calls that one client begins in a second; 0 for no limit.",
    )

    @field_validator("certificate_rights")
    @classmethod
    def _rules(cls, rules: tuple[str, ...]) -> tuple[str, ...]:
        for rule in rules:
            rule_from_text(rule)
        return rules

    @field_validator("socket_rights")
    @classmethod
    def _rights(cls, rights: str) -> str:
        rights_from_text(rights)
        return rights

    @property
    def asks(self) -> bool:
        """Whether callers are asked who they are."""
        return bool(self.tokens_file or self.tls_client_ca)

    @property
    def counts(self) -> bool:
        """Whether a client's use is counted."""
        return any(
            (
                self.client_max_fps,
                self.client_max_bytes,
                self.client_max_pixels,
                self.client_max_streams,
                self.client_max_calls,
            )
        )
