"""Who calls, and what a call shows of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edgeserve.access.rights import Right


@dataclass(frozen=True, slots=True)
class Presented:
    """What a call brings along, whatever transport it came by.

    Attributes:
        address: the caller's IP address; "" over a Unix socket.
        token: of the header `authorization: Bearer TOKEN`.
        session: of a browser that has logged in.
        common_name: of the caller's certificate, which the transport has verified.
        alternative_names: of that certificate: DNS names, addresses, URIs.
    """

    address: str = ""
    token: str = field(default="", repr=False)
    session: str = field(default="", repr=False)
    common_name: str = ""
    alternative_names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Identity:
    """A caller who is known.

    Attributes:
        name: for people and for the count of what it uses, as `token gate`.
        rights: what it may do.
        digest: of its token, as the tokens file has it; "" for others.
    """

    name: str
    rights: frozenset[Right]
    digest: str = field(default="", repr=False)
