"""Who a caller is, and whether it may."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import TYPE_CHECKING

from edgeserve.access.certificates import rights_of, rule_from_text
from edgeserve.access.identity import Identity
from edgeserve.access.rights import ALL, rights_from_text, rights_to_text
from edgeserve.access.sessions import Sessions
from edgeserve.access.token_file import TokenFile
from edgeserve.access.tokens import digest_of, find_token
from edgeserve.domain.errors import NotPermittedError, UnauthenticatedError

if TYPE_CHECKING:
    from edgeserve.access.identity import Presented
    from edgeserve.access.options import AccessOptions
    from edgeserve.access.rights import Right

_V6_NETWORK = 64
"""Bits of an IPv6 address that one customer shares; the rest they choose as they like."""


class Authorizer:
    """The one place that is asked, whatever transport a call came by.

    Attributes:
        sessions: of browsers that have logged in.
    """

    def __init__(self, options: AccessOptions) -> None:
        """Read the tokens file, if there is one.

        Raises:
            ConfigurationError: it is wrong.
        """
        self._asks = options.asks
        self._takes_certificates = bool(options.tls_client_ca)
        self._tokens = TokenFile(Path(options.tokens_file)) if options.tokens_file else None
        self._rules = [rule_from_text(text) for text in options.certificate_rights]
        self._socket_rights = rights_from_text(options.socket_rights)
        self.sessions = Sessions()

    def reload(self) -> bool:
        """Read the tokens file again if it has changed; return whether it was.

        Raises:
            ConfigurationError: it is no longer good; what was read before holds.
        """
        return self._tokens is not None and self._tokens.reload()

    def identify(self, presented: Presented) -> Identity:
        """Who a caller is, by the strongest thing that it shows.

        Raises:
            UnauthenticatedError: it shows nothing, or a token that is not good.
        """
        if presented.token or presented.session:
            known = self._by_token(presented)
            if known is not None:
                return known
        if not self._asks:
            return Identity(_place(presented.address), ALL)
        if presented.token:
            text = "the token is not known here; it may have been revoked"
            raise UnauthenticatedError(text)
        if presented.common_name or presented.alternative_names:
            name = presented.common_name or presented.alternative_names[0]
            return Identity(f"certificate {name}", rights_of(self._rules, presented))
        if not presented.address and self._socket_rights:
            return Identity(_place(""), self._socket_rights)
        wanted = [
            *(["a token (authorization: Bearer TOKEN)"] if self._tokens else []),
            *(["a certificate"] if self._takes_certificates else []),
        ]
        text = f"this server asks who you are; expected {' or '.join(wanted)}"
        raise UnauthenticatedError(text)

    def require(self, identity: Identity, needs: frozenset[Right], what: str) -> None:
        """Let a caller pass that has one of these rights; all callers where none is named.

        Raises:
            NotPermittedError: it has none of them; naming them.
        """
        if needs and not needs & identity.rights:
            wanted = rights_to_text(needs).replace("+", " or ")
            has = rights_to_text(identity.rights) or "no right"
            text = f"{what} needs the right {wanted}; {identity.name} has {has}"
            raise NotPermittedError(text)

    def holds(self, identity: Identity, needs: frozenset[Right]) -> bool:
        """Whether a caller who was let in would be let in now."""
        if not identity.digest:
            return True
        entry = find_token(self._tokens.entries if self._tokens else (), identity.digest)
        return entry is not None and bool(not needs or needs & entry.rights)

    def log_in(self, token: str) -> tuple[str, Identity]:
        """Begin a browser's session; return its name and whose it is.

        Raises:
            UnauthenticatedError: the token is not good.
        """
        identity = self._identity(digest_of(token))
        if identity is None:
            text = "the token is not known here; it may have been revoked"
            raise UnauthenticatedError(text)
        return self.sessions.begin(identity.digest), identity

    def _by_token(self, presented: Presented) -> Identity | None:
        if presented.token:
            return self._identity(digest_of(presented.token))
        return self._identity(self.sessions.digest(presented.session))

    def _identity(self, digest: str) -> Identity | None:
        entry = find_token(self._tokens.entries if self._tokens else (), digest)
        return entry and Identity(f"token {entry.name}", entry.rights, entry.digest)


def _place(address: str) -> str:
    """Who a caller is of whom nothing but the address is known."""
    if not address:
        return "whoever has the socket"
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return f"client {address}"
    if isinstance(parsed, ipaddress.IPv6Address):
        mapped = parsed.ipv4_mapped
        if mapped is not None:
            return f"client {mapped}"
        return f"client {ipaddress.ip_network((parsed, _V6_NETWORK), strict=False)}"
    return f"client {parsed}"
